"""A final deletion needs two named people: one who decided to hide, and the records officer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import actions, cases, deletions, reconcile
from modbot.errors import DecisionRefused, ModbotError, NotAllowed, StaleCase
from modbot.reports import counting
from modbot.reports.extent import Extent
from modbot.rulings import Choice, Ruling
from modbot.store import Store, body_of, table
from modbot.tables import Action, Case, Comment, Presence, Release, User
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, district

WHY = "A court ordered it, case 26-2-04711"


class Room:
    """One comment on a page in memory, hidden by ana; rio is the records officer."""

    def __init__(self, here: District, page: MemoryPage) -> None:
        self.here, self.page = here, page
        self.platform = Memory(page.name, Memory.Settings())
        self.id = page.post("Buy now, half price")
        with here.store.write() as tx:
            for name in ("rio", "ric"):
                seq = tx.record("user.added", f"user:{name}", {"role": "records_officer"})
                tx.add(User, name=name, added=seq, full_name=name, role="records_officer", active=True)
        self.read()

    def read(self) -> None:
        self.here.arrive(*self.page.events_after(None).events)
        self.here.score()

    def hide(self, by: str = "ana") -> None:
        ruling = Ruling(choice=Choice.HIDE, by=by, clause="C7", quote="Buy now")
        cases.decide(self.here.store, self.here.rules, self.here.rows(Case)[-1].id, ruling)

    def carry_out(self) -> None:
        asyncio.run(actions.carry_out(self.here.store, "blog", self.platform))

    def release(self, by: str = "rio", reason: str = WHY) -> int:
        return deletions.release(self.here.store, self.here.rows(Comment)[0].id, by, reason)

    def refused(self, error: type[ModbotError], **changes: Any) -> None:
        with pytest.raises(error) as caught:
            self.release(**changes)
        assert caught.value.remedy
        assert self.here.rows(Release) == []
        assert "delete" not in {row.kind for row in self.here.rows(Action)}

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(row.kind, row.state) for row in self.here.rows(Action)]


@pytest.fixture
def room(store: Store, request: pytest.FixtureRequest) -> Room:
    return Room(district(store), memory_page(request.node.nodeid))


def test_what_is_hidden_and_released_is_deleted_and_read_back(room: Room) -> None:
    room.hide()
    room.carry_out()
    number = room.release()
    assert [(row.id, row.released_by) for row in room.here.rows(Release)] == [(number, "rio")]
    room.carry_out()
    assert room.states == [("hide", "done"), ("delete", "done")]
    assert room.page.seen_by_public() == []
    assert room.here.kinds()[-3:] == ["deletion.released", "action.requested", "action.done"]
    reconcile.check(room.here.store)


def test_our_own_deletion_that_the_platform_tells_of_is_recognised_and_told_once(room: Room) -> None:
    theirs = room.page.post("Lovely concert")
    room.read()
    room.hide()
    room.carry_out()
    room.release()
    read_to = room.page.events_after(None).cursor
    room.carry_out()
    room.page.delete(theirs)
    for _ in range(2):
        room.here.arrive(*room.page.events_after(read_to).events)
    ours = room.here.rows(Action)[-1]
    assert ours.kind == "delete"
    with room.here.store.read() as connection:
        told = [body_of(connection, row.id) for row in room.here.rows(Presence)]
    assert [each.get("action") for each in told] == [ours.id, None]
    extent = Extent(ours.due_at, ours.due_at, 0, len(room.here.kinds()))
    with room.here.store.read() as connection:
        counted = counting.count(connection, extent)
    assert (counted.total("gone"), counted.total("deleted")) == (1, 1)


def test_a_comment_that_was_gone_before_its_deletion_began_was_not_taken_down_by_us(room: Room) -> None:
    room.hide()
    room.carry_out()
    room.release()
    room.page.delete(room.id)
    room.read()
    (gone,) = room.here.rows(Presence)
    with room.here.store.read() as connection:
        assert "action" not in body_of(connection, gone.id)
    room.carry_out()
    reconcile.check(room.here.store)


def test_only_a_records_officer_releases(room: Room) -> None:
    room.hide()
    room.carry_out()
    for by in ("ana", "lee", "vic", "", "nobody"):
        room.refused(NotAllowed, by=by)


def test_nobody_releases_what_they_hid_themselves(room: Room) -> None:
    room.hide(by="rio")
    room.carry_out()
    room.refused(NotAllowed, by="rio")
    room.release(by="ric")


def test_a_release_needs_a_reason_and_something_that_is_hidden(room: Room) -> None:
    room.refused(DecisionRefused)
    room.hide()
    room.refused(DecisionRefused)
    room.carry_out()
    room.refused(DecisionRefused, reason=" ")
    cases.undo(room.here.store, room.here.rules, room.here.rows(Case)[0].id, "ana")
    room.refused(DecisionRefused)


def test_words_that_changed_since_are_not_deleted(room: Room) -> None:
    room.hide()
    room.carry_out()
    room.page.edit(room.id, "Lovely concert")
    room.read()
    room.refused(StaleCase)


def test_one_release_is_enough(room: Room) -> None:
    room.hide()
    room.carry_out()
    room.release()
    with pytest.raises((StaleCase, DecisionRefused)):
        room.release()


def test_a_deletion_that_nobody_began_is_taken_back_with_the_decision(room: Room) -> None:
    room.hide()
    room.carry_out()
    room.release()
    cases.undo(room.here.store, room.here.rules, room.here.rows(Case)[0].id, "ana")
    room.carry_out()
    assert room.states == [("hide", "done"), ("delete", "cancelled"), ("unhide", "done")]
    assert [each.id for each in room.page.seen_by_public()] == [room.id]


def test_what_was_deleted_cannot_be_brought_back(room: Room) -> None:
    room.hide()
    room.carry_out()
    room.release()
    room.carry_out()
    case = room.here.rows(Case)[0].id
    with pytest.raises(StaleCase, match="for good"):
        cases.undo(room.here.store, room.here.rules, case, "ana")
    with pytest.raises(StaleCase):
        cases.decide(room.here.store, room.here.rules, case, Ruling(choice=Choice.LEAVE_UP, by="ana"))
    assert room.states == [("hide", "done"), ("delete", "done")]


def test_the_database_refuses_a_deletion_without_a_release(room: Room) -> None:
    room.hide()
    for change in ({"kind": "delete"}, {"release_id": 1}, {"kind": "ban"}):
        with pytest.raises(sa.exc.IntegrityError), room.here.store.write(logged=False) as tx:
            tx.execute(sa.update(table(Action)).values(**change))


def test_a_release_for_another_decision_deletes_nothing(room: Room) -> None:
    room.hide()
    room.carry_out()
    room.release()
    room.page.post("Buy now, other hats")
    room.read()
    room.hide()
    room.carry_out()
    released, hide = room.here.rows(Release)[0].id, room.here.rows(Action)[-1]
    with room.here.store.write() as tx:
        seq = tx.record("action.requested", "comment:blog/x", {})
        values = {key: hide._mapping[key] for key in ("decision_id", "comment_id", "page", "native_id")}
        tx.add(
            Action,
            id=seq,
            kind="delete",
            state="pending",
            attempts=0,
            due_at=tx.now,
            failure="",
            release_id=released,
            **values,
        )
    room.carry_out()
    assert room.states[-1] == ("delete", "pending")
