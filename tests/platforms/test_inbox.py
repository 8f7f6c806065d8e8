"""The inbox against a site that signs with the reference library of Standard Webhooks."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from starlette.responses import JSONResponse, Response

from modbot.store import Store, bodies_of
from modbot.tables import Comment
from platforms.base import (
    ActionKind,
    CommentGone,
    EventKind,
    Kind,
    NotAuthorised,
    PlatformError,
    Unavailable,
    Unsupported,
)
from platforms.inbox import Inbox, InboxSettings
from platforms.push import BadSignature
from tests.modbot.scene import district
from tests.simulators import serve
from tests.simulators.site import SECRET, Delivery, Site

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "modbot" / "docs" / "platforms" / "inbox.md"
SITE = Site()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(SITE.app) as url:
        yield f"{url}/moderation"


@pytest.fixture
async def inbox(address: str) -> AsyncIterator[Inbox]:
    SITE.answer, SITE.obeys = None, True
    SITE.asked.clear()
    settings = {"secret": SECRET, "actions_url": address, "allow_loopback": True}
    adapter = Inbox("site", InboxSettings.model_validate(settings))
    await adapter.open()
    yield adapter
    await adapter.close()


def unopened() -> Inbox:
    return Inbox("site", InboxSettings.model_validate({"secret": SECRET}))


def body(what: str = "comment.created", **data: Any) -> bytes:
    known = {"id": "1", "text": "Hello", "post": "p", "created_at": "2026-11-22T08:00:00Z"}
    return json.dumps({"type": what, "timestamp": "2026-11-22T09:00:00Z", "data": known | data}).encode()


def test_what_the_reference_library_signs_is_taken() -> None:
    delivery = SITE.signed({"type": "comment.deleted", "data": {"id": "1"}})
    unopened().check(delivery.headers, delivery.body)


def test_while_the_sender_changes_its_key_one_of_two_signatures_is_enough() -> None:
    delivery = SITE.signed({})
    both = f"v1,{'A' * 43}= {delivery.headers['webhook-signature']}"
    unopened().check(delivery.headers | {"webhook-signature": both}, delivery.body)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a,\u00e9"},
        {"webhook-id": "another"},
        {"webhook-id": ""},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "\u0661"},
    ],
    ids=str,
)
def test_a_changed_header_is_refused(changed: dict[str, str]) -> None:
    delivery = SITE.signed({})
    with pytest.raises(BadSignature):
        unopened().check(delivery.headers | changed, delivery.body)


def test_a_missing_header_a_changed_body_another_key_and_an_old_delivery_are_refused() -> None:
    good = SITE.signed({"a": 1})
    other = Webhook("whsec_" + "b3RoZXIga2V5IG90aGVyIGtleSBvdGhlciBrZXk=")
    now = datetime.now(UTC)
    theirs = good.headers | {"webhook-signature": other.sign(good.headers["webhook-id"], now, '{"a": 1}')}
    refused = [
        Delivery({}, good.body),
        Delivery(good.headers, good.body + b" "),
        Delivery(theirs, good.body),
        SITE.signed({}, at=now - timedelta(minutes=6)),
        SITE.signed({}, at=now + timedelta(minutes=6)),
    ]
    for each in refused:
        with pytest.raises(BadSignature):
            unopened().check(each.headers, each.body)


def test_a_repeated_attempt_is_the_same_delivery() -> None:
    inbox, delivery = unopened(), SITE.signed({})
    again = delivery.headers | {"webhook-timestamp": "1"}
    assert inbox.delivery_id(delivery.headers, b"") == inbox.delivery_id(again, b"") == "msg_0"
    assert len(inbox.delivery_id({"webhook-id": "x" * 5_000}, b"")) <= 100


async def test_every_field_goes_on_record() -> None:
    more = {
        "parent": "0",
        "author": "Ana",
        "author_id": "u1",
        "permalink": "https://example.org/1",
        "post_title": "News",
        "visible": False,
        "votes": 3,
    }
    [event] = await unopened().unpack(body(**more))
    assert event.comment
    assert event.kind is EventKind.CREATED
    comment = event.comment
    assert (comment.id, comment.text, comment.post, comment.parent) == ("1", "Hello", "p", "0")
    assert (comment.author, comment.author_id, comment.kind) == ("Ana", "u1", Kind.REPLY)
    assert (comment.permalink, comment.post_title, comment.visible) == (
        "https://example.org/1",
        "News",
        False,
    )
    assert comment.created_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert comment.payload["votes"] == 3


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"type": "comment.created", "data": []}',
        b'{"type": ["comment.created"], "data": {}}',
        body("comment.liked"),
        body(id=""),
        body(id=7),
        body(text=None),
        body(created_at="yesterday"),
        body(created_at="2026-11-22T08:00:00"),
        body(kind="poem"),
        body().replace(b'"Hello"', b"NaN"),
    ],
)
async def test_a_body_that_makes_no_sense_is_a_value_error_that_quotes_nothing(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w") as refusal:
        await unopened().unpack(sent)
    assert "Hello" not in str(refusal.value)


async def test_deliveries_in_any_order_and_twice_leave_the_newest_words(store: Store) -> None:
    here, inbox = district(store, "inbox"), unopened()
    second = body("comment.edited", text="second", edited_at="2026-11-22T09:00:00Z")
    third = body("comment.edited", edited_at="2026-11-22T10:00:00Z")
    for sent in (second, body(), second, third, second):
        here.arrive(*await inbox.unpack(sent), native=True)
    rows = sorted(here.rows(Comment), key=lambda row: row.number)
    with store.read() as connection:
        bodies = bodies_of(connection, [row.id for row in rows])
    # The first words, which came late, are kept below what was archived before them.
    assert [bodies[row.id]["text"] for row in rows] == ["Hello", "second", "Hello"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(status_code=401), NotAuthorised),
        (Response(status_code=302, headers={"location": "https://example.org"}), NotAuthorised),
        (Response(status_code=404), CommentGone),
        (Response(status_code=501), Unsupported),
        (Response(status_code=500), Unavailable),
        (JSONResponse({"visibility": "hidden?"}), Unavailable),
        (JSONResponse([]), Unavailable),
        (JSONResponse({"visibility": "gone"}), CommentGone),
    ],
)
async def test_what_the_site_answers_says_what_to_do(
    inbox: Inbox, answer: Response, error: type[PlatformError]
) -> None:
    SITE.answer = answer
    with pytest.raises(error):
        await inbox.act(ActionKind.HIDE, "1")


async def test_a_site_that_says_yes_and_does_nothing_is_found_out(inbox: Inbox) -> None:
    comment_id = SITE.write("still there")
    SITE.obeys = False
    with pytest.raises(Unavailable, match="visible after hide"):
        await inbox.act(ActionKind.HIDE, comment_id)


async def test_without_an_address_a_person_has_to_act() -> None:
    inbox = unopened()
    assert not (await inbox.open()).can_moderate
    with pytest.raises(Unsupported, match="by hand"):
        await inbox.act(ActionKind.HIDE, "1")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "not base64!"])
def test_a_weak_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="random bytes") as refusal:
        InboxSettings.model_validate({"secret": secret})
    assert "c2hvcnQ" not in str(refusal.value)


async def test_the_example_of_the_documentation_is_understood() -> None:
    [example] = re.findall(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)[:1]
    [event] = await unopened().unpack(example.encode())
    assert event.comment
    assert event.comment.text
