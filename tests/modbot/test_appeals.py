"""An appeal goes to somebody who was not part of the decision, and is answered with a reason."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from modbot import actions, appeals, cases, deletions, reconcile, review
from modbot.errors import DecisionRefused, ModbotError, NotAllowed, StaleCase
from modbot.rulings import Choice, Ruling
from modbot.store import Store, utcnow
from modbot.tables import Appeal, Case, Decision, User
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, district

DAYS = 10
WORDS = "I only asked where to buy the yearbook."
TEXT = "Buy now, half price for every family of the school this week only"


class Room:
    """Comments on a page in memory, hidden by ana; ott and ola decide appeals, rio is the records officer."""

    def __init__(self, here: District, page: MemoryPage, copies: int = 1) -> None:
        self.here, self.page = here, page
        self.platform = Memory(page.name, Memory.Settings())
        self.ids = [page.post(TEXT) for _ in range(copies)]
        roles = {"ott": "appeals_officer", "ola": "appeals_officer", "rio": "records_officer"}
        with here.store.write() as tx:
            for name, role in roles.items():
                seq = tx.record("user.added", f"user:{name}", {"role": role})
                tx.add(User, name=name, added=seq, full_name=name, role=role, active=True)
        here.arrive(*page.events_after(None).events)
        here.score()

    @property
    def case(self) -> int:
        return int(self.here.rows(Case)[-1].id)

    def hide(self) -> None:
        version = self.here.rows(Case)[-1].version
        ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", version=version)
        cases.decide(self.here.store, self.here.rules, self.case, ruling)
        self.carry_out()

    def carry_out(self) -> None:
        asyncio.run(actions.carry_out(self.here.store, "blog", self.platform))

    def file(self, by: str = "ben", words: str = WORDS) -> int:
        return appeals.file(self.here.store, self.case, by, words, "parent@example.org")

    def decide(
        self, number: int, by: str = "ott", reason: str = "It sells", *, overturn: bool = False
    ) -> None:
        appeals.decide(self.here.store, self.here.rules, number, by, reason, overturn=overturn)

    def refused(self, error: type[ModbotError], number: int, **how: str) -> None:
        with pytest.raises(error) as caught:
            self.decide(number, overturn=True, **how)
        assert caught.value.remedy
        assert self.here.rows(Appeal)[-1].state == "waiting"

    @property
    def shown(self) -> int:
        return len(self.page.seen_by_public())


@pytest.fixture
def room(store: Store, request: pytest.FixtureRequest) -> Room:
    return Room(district(store), memory_page(request.node.nodeid))


def test_an_appeal_that_is_upheld_changes_nothing_on_the_page(room: Room) -> None:
    room.hide()
    number = room.file()
    seen = review.appeal(room.here.store, number, DAYS)
    assert (seen.words, seen.contact, seen.state) == (WORDS, "parent@example.org", "waiting")
    assert seen.due_at - seen.received_at == timedelta(days=DAYS)
    room.decide(number, reason="It sells something")
    seen = review.appeal(room.here.store, number, DAYS)
    assert (seen.state, seen.decided_by, seen.reason) == ("upheld", "ott", "It sells something")
    assert room.shown == 0
    assert [row.decided_by for row in room.here.rows(Decision)] == ["ana"]


def test_overturned_everything_of_the_case_is_shown_again_by_the_officers_own_decision(
    store: Store, request: pytest.FixtureRequest
) -> None:
    room = Room(district(store), memory_page(request.node.nodeid), copies=3)
    room.hide()
    assert room.shown == 0
    room.decide(room.file(), reason="It asks, it sells nothing", overturn=True)
    room.carry_out()
    assert room.shown == 3
    again = room.here.rows(Decision)[3:]
    assert {(row.decided_by, row.choice) for row in again} == {("ott", "leave_up")}
    reconcile.check(store)


def test_only_an_appeals_officer_without_a_part_in_the_case_decides_and_says_why(room: Room) -> None:
    room.hide()
    number = room.file()
    for by in ("ana", "ben", "lee", "rio", "vic", "nobody"):
        room.refused(NotAllowed, number, by=by)
    room.refused(DecisionRefused, number, reason=" ")
    with room.here.store.write() as tx:
        tx.record("user.changed", "user:ana", {"role": "appeals_officer"})
        tx.execute(User.__table__.update().where(User.name == "ana").values(role="appeals_officer"))  # type: ignore[attr-defined]
    room.refused(NotAllowed, number, by="ana")
    room.decide(number, by="ola", overturn=True)
    with pytest.raises(StaleCase, match="ola"):
        room.decide(number)


def test_what_cannot_be_appealed_is_refused_in_words(room: Room) -> None:
    with pytest.raises(StaleCase, match="hides nothing"):
        room.file()
    with pytest.raises(StaleCase, match="no case"):
        appeals.file(room.here.store, 99_999, "ben", WORDS)
    room.hide()
    with pytest.raises(NotAllowed):
        room.file(by="vic")
    with pytest.raises(DecisionRefused):
        room.file(words=" ")
    with pytest.raises(DecisionRefused, match="later than now"):
        tomorrow = utcnow() + timedelta(days=1)
        appeals.file(room.here.store, room.case, "ben", WORDS, received_at=tomorrow)
    number = room.file()
    with pytest.raises(StaleCase, match=f"Appeal {number} about case"):
        room.file()
    with pytest.raises(StaleCase, match="no appeal"):
        room.decide(99_999)


def test_what_waits_is_listed_first_and_what_is_late_is_marked(room: Room) -> None:
    room.hide()
    first = room.file()
    room.decide(first)
    long_ago = utcnow() - timedelta(days=DAYS + 1)
    second = appeals.file(room.here.store, room.case, "ott", WORDS, received_at=long_ago)
    found = review.appeals(room.here.store, DAYS)
    assert [(each.id, each.is_late) for each in found] == [(second, True), (first, False)]
    assert [each.id for each in review.appeals(room.here.store, DAYS, waiting=True)] == [second]


def test_what_was_deleted_for_good_cannot_be_shown_again_and_the_officer_is_told(room: Room) -> None:
    room.hide()
    comment = room.here.rows(Decision)[0].comment_id
    deletions.release(room.here.store, comment, "rio", "A court ordered it")
    room.carry_out()
    number = room.file()
    gone = appeals.decide(room.here.store, room.here.rules, number, "ott", "It was no advert", overturn=True)
    assert [each.native_id for each in gone] == room.ids
    assert review.appeal(room.here.store, number, DAYS).state == "overturned"
