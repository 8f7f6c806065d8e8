"""A connection that ended is told from one thing that is denied: the first is for a person to mend."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from platforms import (
    bluesky_rest,
    discord_rest,
    graph,
    inbox,
    linkedin_rest,
    mediawiki_rest,
    vimeo_rest,
    wordpress_rest,
    x_found,
    youtube_rest,
)
from platforms.base import Denied, NotAuthorised

Check = Callable[[httpx.Response], object]


def google(reason: str) -> dict[str, object]:
    return {"error": {"errors": [{"reason": reason}]}}


def meta(code: int) -> dict[str, object]:
    return {"error": {"code": code, "message": "said Meta"}}


def wiki(code: str) -> dict[str, object]:
    return {"error": {"code": code}}


SAID: dict[str, tuple[Check, tuple[int, object], tuple[int, object]]] = {
    "bluesky": (bluesky_rest._ok, (403, {"error": "Forbidden"}), (400, {"error": "AccountTakedown"})),
    "discord": (discord_rest._ok, (403, {"code": 50013}), (401, {"code": 0})),
    "facebook": (graph._ok, (403, meta(200)), (401, meta(190))),
    "inbox": (inbox._ok, (403, {}), (401, {})),
    "linkedin": (
        linkedin_rest._ok,
        (403, {"code": "ACCESS_DENIED"}),
        (401, {"code": "REVOKED_ACCESS_TOKEN"}),
    ),
    "mediawiki": (mediawiki_rest._answer, (200, wiki("permissiondenied")), (200, wiki("blocked"))),
    "vimeo": (vimeo_rest._ok, (403, {"error_code": 3200}), (401, {"error_code": 8003})),
    "wordpress": (
        wordpress_rest._ok,
        (403, {"code": "rest_cannot_edit"}),
        (401, {"code": "incorrect_password"}),
    ),
    "x": (x_found.ok, (403, {"type": "https://api.x.com/problems/forbidden"}), (401, {})),
    "youtube": (youtube_rest._ok, (403, google("forbidden")), (401, google("authError"))),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_denied_is_told_from_a_connection_that_has_to_be_renewed(name: str) -> None:
    check, denied, ended = SAID[name]
    with pytest.raises(Denied):
        check(answer(*denied))
    with pytest.raises(NotAuthorised) as told:
        check(answer(*ended))
    assert not isinstance(told.value, Denied)


def test_a_firewall_before_wordpress_denies_everything_and_so_no_one_thing() -> None:
    page = httpx.Response(403, html="<h1>Blocked</h1>", request=httpx.Request("GET", "https://blog.example"))
    with pytest.raises(NotAuthorised) as told:
        wordpress_rest._ok(page)
    assert not isinstance(told.value, Denied)


def answer(status: int, body: object) -> httpx.Response:
    return httpx.Response(status, json=body, request=httpx.Request("GET", "https://platform.example/"))
