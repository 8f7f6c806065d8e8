"""Pictures and films: a case says that there are some, and no screen loads any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modbot.review.media import carries_media
from modbot.tables import Case
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.guard import POLICY
from modbot.web.pages import templates
from tests.modbot.scene import District, on_file, said
from tests.web.member import Member, member
from tests.web.visitor import settings, words

LOADS = re.compile(r"<(img|picture|video|audio|source|iframe|object|embed|track)\b|background-image|url\(")
TOLD = "It carries more than words, such as a picture or a video, which modbot does not show."


@pytest.fixture
def here(tmp_path: Path, migrated_file: Path) -> Iterator[District]:
    with on_file(tmp_path, migrated_file) as made:
        yield made


def ana(here: District, folder: Path) -> Member:
    return member(create_app(Desk(settings(folder), here.store)), here.store, "ana")


def test_a_case_says_that_its_comment_carries_a_picture_and_where_to_see_it(
    here: District, tmp_path: Path
) -> None:
    photo = {"attachment": {"type": "photo", "media": {"image": {"src": "https://cdn.example/photo.jpg"}}}}
    link = "https://social.example/comments/1"
    here.arrive(said("1", "buy now: skates", payload=photo, permalink=link))
    here.arrive(said("2", "buy now or never: a hundred bicycles and a boat"))
    here.score()
    pictured, plain = (row.id for row in here.rows(Case))
    page = ana(here, tmp_path).get(f"/case/{pictured}").text
    assert f"{TOLD} Look at it on the page" in words(page)
    assert page.count(f'href="{link}"') == 2
    assert "photo.jpg" not in page
    assert TOLD not in words(ana(here, tmp_path).get(f"/case/{plain}").text)


@pytest.mark.parametrize(
    ("payload", "carries"),
    [
        ({"attachments": {"media_keys": ["3_16"]}}, True),
        ({"attachments": [{"filename": "a.png"}]}, True),
        ({"message": {"mid": "m", "attachments": [{"type": "video"}]}}, True),
        ({"sticker_items": [{"id": "7"}]}, True),
        ({"caption": "look", "media_type": "IMAGE"}, True),
        ({"message": {"text": "look"}, "content": [{"type": "IMAGE"}]}, True),
        ({"record": {"embed": {"$type": "app.bsky.embed.images"}}}, True),
        ({"record": {"embed": {"$type": "app.bsky.embed.record"}}}, False),
        ({"attachments": [], "embeds": [], "content": "words"}, False),
        ({"content": {"rendered": "<p>words</p>"}, "message": "words"}, False),
        ({"referenced_message": {"attachments": [{"filename": "theirs.png"}]}}, False),
        (None, False),
    ],
)
def test_what_each_platform_says_of_pictures_is_understood(payload: Any, carries: bool) -> None:
    assert carries_media(payload) is carries


def test_no_screen_loads_a_picture_or_a_film() -> None:
    loader = templates.env.loader
    assert loader is not None
    loading = [
        name for name in loader.list_templates() if LOADS.search(loader.get_source(templates.env, name)[0])
    ]
    assert loading == []
    allowed = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert (allowed["default-src"], allowed["img-src"]) == ("'none'", "'self'")
    assert not {"media-src", "frame-src", "object-src"} & set(allowed)
