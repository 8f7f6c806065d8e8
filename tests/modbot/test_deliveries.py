"""Deliveries of platforms: stored, read once, archived with what they told, and none lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import config, deliveries, health
from modbot.records.archive import Taken
from modbot.store import Store, table
from modbot.tables import Comment, PushDelivery
from platforms.base import CommentGone, Event, Unavailable
from platforms.memory import Memory
from platforms.push import Pushed
from tests.modbot.scene import District, deleted, district, edited, said


class Pushing(Pushed, Memory):
    """A page whose platform sends one event at a time, as JSON; `error` is what it meets when asked back."""

    error: Exception | None = None

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        pass

    async def unpack(self, body: bytes) -> Sequence[Event]:
        if self.error:
            raise self.error
        told = json.loads(body)
        if told["what"] == "deleted":
            return [deleted(told["id"])]
        return [(said if told["what"] == "said" else edited)(told["id"], told["text"])]


class OfApp(Pushing):
    """One account of an app; a delivery names the accounts `of` which it tells."""

    @property
    def account(self) -> str:
        return self.page

    def accounts_in(self, body: bytes) -> frozenset[str]:
        return frozenset(json.loads(body).get("of", "").split())


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Pushing:
    return Pushing(request.node.nodeid, Memory.Settings())


def _come(here: District, name: str, **told: str) -> bool:
    return deliveries.receive(here.store, "blog", name, json.dumps(told).encode())


def _read(here: District, page: Pushing) -> Taken:
    return asyncio.run(deliveries.read(here.store, "blog", page))


def _rows(store: Store) -> Sequence[Any]:
    with store.read() as connection:
        return connection.execute(sa.select(table(PushDelivery)).order_by(table(PushDelivery).c.id)).all()


def _make_due(store: Store) -> None:
    with store.write(logged=False) as tx:
        tx.execute(sa.update(table(PushDelivery)).values(due_at=tx.now))


def test_what_a_delivery_tells_is_archived_and_its_body_goes(here: District, page: Pushing) -> None:
    _come(here, "one", what="said", id="1", text="Hello")
    assert _read(here, page).seen == 1
    (row,) = _rows(here.store)
    assert (row.state, row.body) == ("read", None)
    assert [each.native_id for each in here.rows(Comment)] == ["1"]
    assert _read(here, page) == Taken()


def test_the_same_delivery_counts_once_however_often_it_comes(here: District, page: Pushing) -> None:
    assert _come(here, "one", what="said", id="1", text="Hello")
    assert not _come(here, "one", what="said", id="1", text="Hello")
    _read(here, page)
    assert not _come(here, "one", what="said", id="1", text="Hello")
    assert _read(here, page) == Taken()


def test_the_same_delivery_at_the_same_moment_is_stored_once(here: District) -> None:
    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(lambda _: _come(here, "one", what="said", id="1", text="A"), range(16)))
    assert sum(stored) == 1


def test_two_deliveries_that_tell_the_same_archive_it_once(here: District, page: Pushing) -> None:
    _come(here, "one", what="said", id="1", text="Hello")
    _come(here, "two", what="said", id="1", text="Hello")
    taken = _read(here, page)
    assert (taken.seen, taken.known) == (1, 1)


def test_a_deletion_before_its_comment_is_harmless(here: District, page: Pushing) -> None:
    _come(here, "one", what="deleted", id="1")
    _come(here, "two", what="said", id="1", text="Hello")
    assert _read(here, page).seen == 1


def test_a_delivery_waits_for_a_platform_that_does_not_answer(here: District, page: Pushing) -> None:
    _come(here, "one", what="said", id="1", text="Hello")
    page.error = Unavailable("down, token=abc")
    _read(here, page)
    (row,) = _rows(here.store)
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "abc" not in row.failure
    page.error = None
    _make_due(here.store)
    assert _read(here, page).seen == 1


def test_a_delivery_about_something_that_has_gone_is_read(here: District, page: Pushing) -> None:
    _come(here, "one", what="said", id="1", text="Hello")
    page.error = CommentGone("404")
    _read(here, page)
    assert [row.state for row in _rows(here.store)] == ["read"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"what": "said"}', b"null"])
def test_what_makes_no_sense_is_set_aside_and_the_others_go_on(
    here: District, page: Pushing, body: bytes
) -> None:
    deliveries.receive(here.store, "blog", "odd", body)
    _come(here, "one", what="said", id="1", text="Hello")
    assert _read(here, page).seen == 1
    assert [row.state for row in _rows(here.store)] == ["set aside", "read"]
    with here.store.read() as connection:
        (standing,) = deliveries.standing(connection)
    assert (standing.page, standing.waiting, standing.set_aside) == ("blog", 0, 1)


def _of_app(here: District, *accounts: str) -> list[OfApp]:
    """Pages of an app, each with the deliveries of its own address read."""
    pages = [OfApp(account, Memory.Settings()) for account in accounts]
    for key, page in zip(("blog", "news"), pages, strict=False):
        asyncio.run(deliveries.read(here.store, key, page, fellows=pages))
    return pages


def _told(here: District) -> list[tuple[str, int, str]]:
    with here.store.read() as connection:
        found = deliveries.standing(connection)
    return [(each.page, each.elsewhere, each.strangers) for each in found]


def test_a_delivery_of_an_account_that_is_no_page_here_is_counted_once_and_told(here: District) -> None:
    for key in ("blog", "news"):
        deliveries.receive(here.store, key, "one", b'{"what": "said", "id": "1", "text": "A", "of": "55"}')
    _of_app(here, "12", "77")
    assert _told(here) == [("blog", 1, "55")]
    assert {(row.state, row.body) for row in _rows(here.store)} == {("elsewhere", None)}
    settings = config.build({"page": [{"key": "blog", "platform": "memory"}]}, Path("modbot.toml"))
    told = health.complaints(health.measure(here.store), settings)
    assert "1 deliveries to page blog told of an account that is no page here: 55" in told


def test_a_delivery_of_another_page_of_the_app_is_no_news(here: District) -> None:
    deliveries.receive(here.store, "blog", "one", b'{"what": "said", "id": "1", "text": "A", "of": "77"}')
    _of_app(here, "12", "77")
    assert _told(here) == []


def test_of_a_delivery_of_several_accounts_the_unknown_ones_are_told(here: District) -> None:
    of = " ".join(["12", "77", *(str(each) for each in range(90, 99))])
    for name in ("one", "two"):
        _come(here, name, what="said", id=name, text="A", of=of)
    _of_app(here, "12", "77")
    assert _told(here) == [("blog", 2, "90, 91, 92, 93, 94")]
    assert len(here.rows(Comment)) == 2


def test_nobody_is_called_unknown_while_a_page_of_the_app_does_not_know_itself(here: District) -> None:
    _come(here, "one", what="said", id="1", text="A", of="77")
    _of_app(here, "12", "")
    assert _told(here) == []


def test_a_reader_that_was_killed_leaves_its_delivery_to_the_next(here: District, page: Pushing) -> None:
    _come(here, "one", what="said", id="1", text="Hello")
    assert len(deliveries._lease(here.store, "blog")) == 1
    assert _read(here, page) == Taken()
    _make_due(here.store)
    assert _read(here, page).seen == 1


def test_a_delivery_that_kills_every_reader_is_set_aside(here: District, page: Pushing) -> None:
    _come(here, "one", what="said", id="1", text="Hello")
    for _ in range(deliveries.TRIES):
        assert deliveries._lease(here.store, "blog")
        _make_due(here.store)
    assert deliveries._lease(here.store, "blog") == []
    assert [row.state for row in _rows(here.store)] == ["set aside"]


def test_what_came_long_ago_is_forgotten_unless_it_still_waits(here: District, page: Pushing) -> None:
    _come(here, "one", what="said", id="1", text="Hello")
    _read(here, page)
    _come(here, "two", what="said", id="2", text="Hello")
    with here.store.write(logged=False) as tx:
        long_ago = tx.now - deliveries.REMEMBERED - timedelta(days=1)
        tx.execute(sa.update(table(PushDelivery)).values(received_at=long_ago))
    deliveries.forget_old(here.store)
    assert [row.delivery for row in _rows(here.store)] == ["two"]
    assert not deliveries.lately(here.store, "blog")


def test_the_same_delivery_twice_in_one_commit_is_new_once(here: District) -> None:
    both = [deliveries.Arrived("blog", "evt-1", b"{}"), deliveries.Arrived("blog", "evt-1", b"{}")]
    assert deliveries.receive_all(here.store, both) == [True, False]
    assert len(_rows(here.store)) == 1
