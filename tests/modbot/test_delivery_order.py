"""Deliveries come in any order, and some come twice: the archive is the same in the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modbot import cases, deliveries, outbox, review
from modbot.deliveries import Arrived
from modbot.records import archive
from modbot.rulings import Choice, Ruling
from modbot.store import Store, bodies_of, table
from modbot.tables import Case, Comment, Presence
from platforms.base import Event, EventKind, Platform
from platforms.inbox import Inbox, InboxSettings
from platforms.linkedin import LinkedIn, LinkedInSettings
from platforms.push import Pushed
from tests.modbot.scene import District, add_page, deleted, district, edited, said
from tests.platforms.meta import facebook
from tests.simulators import linkedin
from tests.simulators.graph import Graph
from tests.simulators.linkedin import Organization
from tests.simulators.site import SECRET

STORY = (
    ("comment.created", "09:00", "first words"),
    ("comment.edited", "09:05", "second words"),
    ("comment.edited", "09:10", "third words"),
    ("comment.deleted", "09:15", ""),
    ("comment.edited", "09:20", "back again"),
)
TOLD = Sequence[tuple[str, str, str]]


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


def inbox() -> Inbox:
    return Inbox("blog", InboxSettings.model_validate({"secret": SECRET}))


def delivery(comment_id: str, told: tuple[str, str, str]) -> bytes:
    what, at, text = told
    data = {"id": comment_id}
    if text:
        data |= {"text": text, "post": "p", "created_at": "2026-11-22T09:00:00Z"}
    return json.dumps({"type": what, "timestamp": f"2026-11-22T{at}:00Z", "data": data}).encode()


def archived(here: District, page: str = "blog") -> Mapping[str, tuple[list[str], str, bool]]:
    """By comment: every text that is kept, the one that counts, and whether it stands on its page."""
    rows = sorted((row for row in here.rows(Comment) if row.page == page), key=lambda row: row.number)
    with here.store.read() as connection:
        texts = {each: body["text"] for each, body in bodies_of(connection, [row.id for row in rows]).items()}
        found = connection.execute(sa.select(table(Presence)).order_by(table(Presence).c.id)).all()
    present = {row.comment_id: row.present for row in found}
    kept: dict[str, list[str]] = {}
    for row in rows:
        kept.setdefault(row.native_id, []).append(texts[row.id])
    newest = {row.native_id: row for row in rows}
    return {
        each: (sorted(kept[each]), texts[row.id], present.get(row.id, True)) for each, row in newest.items()
    }


@pytest.mark.parametrize("length", [2, 4, 5])
def test_whatever_the_order_of_deliveries_the_archive_is_the_same(here: District, length: int) -> None:
    told = STORY[:1] + STORY[3:4] if length == 2 else STORY[:length]
    orders = list(permutations(told))[:: 7 if length == 5 else 1]
    arrived = [
        Arrived("blog", f"{number} {place}", delivery(str(number), each))
        for number, order in enumerate(orders)
        for place, each in enumerate(order)
    ]
    assert all(deliveries.receive_all(here.store, arrived))
    asyncio.run(deliveries.read(here.store, "blog", inbox(), native_revisions=True))
    words = sorted(text for _, _, text in told if text)
    newest = [text for _, _, text in told if text][-1]
    expected = (words, newest, told[-1][0] != "comment.deleted")
    assert archived(here) == {str(number): expected for number in range(len(orders))}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.permutations(STORY[:4]), min_size=1, max_size=4), st.integers(1, 6))
def test_deliveries_that_come_twice_and_in_any_parts_change_nothing(
    store: Store, orders: list[list[tuple[str, str, str]]], size: int
) -> None:
    here = District(store, None, None, None)  # type: ignore[arg-type]
    if not here.rows(Comment):
        here = district(store)
    first = len({row.native_id for row in here.rows(Comment)})
    events = [event for n, order in enumerate(orders) for event in _twice(str(first + n), order)]
    for at in range(0, len(events), size):
        with store.write() as tx:
            archive.archive(tx, "blog", events[at : at + size], native_revisions=True, delivered=True)
    words = sorted(text for _, _, text in STORY[:3])
    found = archived(here)
    assert all(found[str(first + n)] == (words, "third words", False) for n in range(len(orders)))


def _twice(comment_id: str, order: TOLD) -> list[Event]:
    once = [event for told in order for event in asyncio.run(inbox().unpack(delivery(comment_id, told)))]
    return [*once, *once]


def test_first_words_that_are_delivered_after_an_edit_and_the_deletion_are_no_new_revision(
    here: District,
) -> None:
    """As from Facebook, which numbers no revisions and can no longer be asked for the comment."""
    here.arrive(said("1", "first words"), edited("1", "second words"))
    with here.store.write() as tx:
        archive.archive(tx, "blog", [deleted("1")], delivered=True)
        late = archive.archive(tx, "blog", [said("1", "first words")], delivered=True)
    assert late.known == 1
    assert archived(here) == {"1": (["first words", "second words"], "second words", False)}


def test_a_deletion_that_comes_first_is_on_record_once_and_holds_for_the_comment(here: District) -> None:
    with here.store.write() as tx:
        archive.archive(tx, "blog", [deleted("1"), deleted("1")], delivered=True)
    assert here.kinds().count("comment.missed") == 1
    with here.store.write() as tx:
        assert archive.archive(tx, "blog", [said("1", "Hello")], delivered=True).seen == 1
    assert [row.present for row in here.rows(Presence)] == [False]


def test_a_poll_that_lists_a_comment_again_counts_over_what_was_delivered(here: District) -> None:
    with here.store.write() as tx:
        archive.archive(tx, "blog", [said("1", "Hello"), deleted("1")], delivered=True)
    here.arrive(said("1", "Hello"))
    assert [row.present for row in here.rows(Presence)] == [False, True]


def test_a_wording_that_comes_after_a_newer_one_does_not_take_its_place(here: District) -> None:
    for told in (STORY[2], STORY[0]):
        words = (told[0], told[1], f"Buy now: {told[2]}")
        assert deliveries.receive_all(here.store, [Arrived("blog", told[1], delivery("9", words))])
        asyncio.run(deliveries.read(here.store, "blog", inbox(), native_revisions=True))
        here.score()
    (row,) = here.rows(Case)
    view = review.case(here.store, row.id)
    assert [each.text for each in view.items] == ["Buy now: third words"]
    assert len(view.revisions) == 2
    assert [line.text for line in review.queue(here.store).lines] == ["Buy now: third words"]
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", reason="An advert")
    cases.decide(here.store, here.rules, row.id, ruling)
    [due] = outbox.due(here.store, "blog")
    assert not cases.withdraw_if_edited(here.store, due)


def meta_delivery(account: str, verb: str, at: int, **told: str) -> bytes:
    value = {"item": "comment", "verb": verb, "comment_id": "11_22", "post_id": f"{account}_11", **told}
    change = {
        "field": "feed",
        "value": value | {"created_time": 1_700_000_000, "from": {"id": "5", "name": "Pat"}},
    }
    entry = {"id": account, "time": at, "changes": [change]}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


async def _unpacked(page: Platform, bodies: Sequence[bytes]) -> list[Sequence[Event]]:
    assert isinstance(page, Pushed)
    await page.open()
    try:
        return [await page.unpack(body) for body in bodies]
    finally:
        await page.close()


def in_every_order(here: District, told: Sequence[Sequence[Event]]) -> list[list[tuple[list[str], bool]]]:
    """What each order of these deliveries leaves on a page of its own: the texts, and what is there."""
    found = []
    for number, order in enumerate(permutations(told)):
        key = f"page-{number}"
        with here.store.write() as tx:
            add_page(tx, key, "memory", tx.record("page.registered", f"page:{key}"))
        for events in order:
            with here.store.write() as tx:
                archive.archive(tx, key, events, delivered=True)
        rows = {row.native_id for row in here.rows(Comment) if row.page == key}
        kept = archived(here, key)
        found.append([(kept[each][0], kept[each][2]) for each in sorted(rows)])
    return found


def test_facebooks_comment_that_is_gone_is_gone_in_every_order(here: District, graph: Graph) -> None:
    account = graph.account()
    bodies = [
        meta_delivery(account.id, "add", 1_700_000_001, message="first"),
        meta_delivery(account.id, "edited", 1_700_000_100, message="second"),
        meta_delivery(account.id, "remove", 1_700_000_200),
    ]
    told = asyncio.run(_unpacked(facebook(graph, account), bodies))
    assert in_every_order(here, told) == [[(["first", "second"], False)]] * 6


def linkedin_settings(company: Organization) -> LinkedInSettings:
    settings = {
        "organization": linkedin.ORGANIZATION,
        "access_token": "linkedin-access",
        "client_id": "client",
        "client_secret": linkedin.SECRET,
        "api": company.url,
        "token_url": f"{company.url}/oauth/v2/accessToken",
        "allow_loopback": True,
    }
    return LinkedInSettings.model_validate(settings)


def test_linkedins_deliveries_tell_what_is_there_now_in_every_order(
    here: District, simulated_linkedin: Organization
) -> None:
    company = simulated_linkedin
    stays, goes = company.write("first"), company.write("taken back")
    company.edit(stays, "second")
    company.delete(goes)
    bodies = [linkedin.delivery([each])[1] for each in company.notifications]
    page = LinkedIn("company", linkedin_settings(company))
    told = asyncio.run(_unpacked(page, bodies))
    assert in_every_order(here, told) == [[(["second"], True), (["taken back"], False)]] * 24


class Slow(LinkedIn):
    """While it asks what a delivery tells of, the comment is edited, and a poll archives that."""

    async def unpack(self, body: bytes) -> Sequence[Event]:
        events = await super().unpack(body)
        [after] = [replace(each.comment, text="second", revision="b") for each in events if each.comment]
        edit = Event(kind=EventKind.EDITED, id=after.id, comment=after, at=after.created_at)
        await asyncio.to_thread(self.here.arrive, edit)
        return events

    def __init__(self, here: District, settings: LinkedInSettings) -> None:
        super().__init__("blog", settings)
        self.here = here


def test_what_a_delivery_told_before_a_poll_archived_an_edit_is_no_edit(
    here: District, simulated_linkedin: Organization
) -> None:
    page = Slow(here, linkedin_settings(simulated_linkedin))
    simulated_linkedin.write("first")
    _, body = linkedin.delivery(simulated_linkedin.notifications)
    here.arrive(*asyncio.run(_unpacked(LinkedIn("blog", page.settings), [body]))[0])
    assert deliveries.receive_all(here.store, [Arrived("blog", "told", body)])

    async def read() -> None:
        await page.open()
        await deliveries.read(here.store, "blog", page)
        await page.close()

    asyncio.run(read())
    [(texts, newest, present)] = archived(here).values()
    assert (texts, newest, present) == (["first", "second"], "second", True)
