"""Where only deleting for good is possible, a decision proposes it, and the records officer releases it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import platforms
from modbot import actions, cases, deletions, proposals, reconcile, review, second_looks
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store
from modbot.tables import Action, Case, Decision, Proposal, Release, User
from platforms.memory import memory_page
from tests.modbot import guestbook
from tests.modbot.scene import District, district

WHY = "Nothing else takes it down"


class Room:
    """Comments on a page of a platform that can only delete; rio and ric are records officers."""

    def __init__(self, here: District, name: str, platform: str) -> None:
        self.here, self.page = here, memory_page(name)
        self.platform = platforms.load(platform)(name, guestbook.Guestbook.Settings())
        self.id = self.page.post("Buy now, half price")
        with here.store.write() as tx:
            for person in ("rio", "ric"):
                seq = tx.record("user.added", f"user:{person}", {"role": "records_officer"})
                tx.add(User, name=person, added=seq, full_name=person, role="records_officer", active=True)
        self.read()

    def read(self) -> None:
        self.here.arrive(*self.page.events_after(None).events)
        self.here.score()

    @property
    def case(self) -> Any:
        return self.here.rows(Case)[0]

    @property
    def view(self) -> review.View:
        return review.case(self.here.store, self.case.id)

    def hide(self, by: str = "ana", **more: Any) -> None:
        ruling = Ruling(choice=Choice.HIDE, by=by, clause="C7", quote="Buy now")
        cases.decide(self.here.store, self.here.rules, self.case.id, ruling, **more)

    def release(self, by: str = "rio", reason: str = WHY) -> list[int]:
        return deletions.release_case(self.here.store, self.case.id, self.case.version, by, reason)

    def refuse(self, by: str = "rio") -> None:
        deletions.refuse(self.here.store, self.case.id, self.case.version, by, "Opinion, however loud")

    def undo(self) -> None:
        cases.undo(self.here.store, self.here.rules, self.case.id, "ana")

    def carry_out(self) -> None:
        asyncio.run(actions.carry_out(self.here.store, "blog", self.platform))

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(row.kind, row.state) for row in self.here.rows(Action)]

    @property
    def states(self) -> list[str]:
        return [row.state for row in self.here.rows(Proposal)]


@pytest.fixture
def room(store: Store, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setitem(platforms.BUILTIN, guestbook.NAME, guestbook.PATH)
    return Room(district(store, guestbook.NAME), request.node.nodeid, guestbook.NAME)


@pytest.fixture
def hiding(store: Store, request: pytest.FixtureRequest) -> Room:
    """On a platform that can hide."""
    return Room(district(store), request.node.nodeid, "memory")


def test_to_hide_where_only_deleting_is_possible_proposes_and_changes_nothing(room: Room) -> None:
    room.hide()
    room.carry_out()
    assert (room.asked, room.states, room.case.state) == ([], ["waiting"], "decided")
    assert [each.id for each in room.page.seen_by_public()] == [room.id]
    assert [
        (each.line.id, each.proposed_by, each.comments) for each in review.to_release(room.here.store)
    ] == [(room.case.id, "ana", 1)]
    assert proposals.waiting_cases(room.here.store) == 1


def test_search_and_decided_tell_a_proposal_from_a_hide_until_it_is_deleted(room: Room) -> None:
    room.hide()
    assert told(room) == ("proposed", True, True)
    assert sought(room) == ([], [room.case.id], [], [room.id])
    room.release()
    assert told(room) == ("deleting", True, False)
    room.carry_out()
    assert told(room) == ("deleted", True, False)
    assert sought(room) == ([], [room.case.id], [], [room.id])
    assert room.view.decisions[0].deletes


def test_what_is_hidden_and_proposed_is_both(hiding: Room) -> None:
    hiding.hide()
    hiding.carry_out()
    deletions.propose(hiding.here.store, hiding.case.id, "ana", WHY)
    assert told(hiding) == ("hidden", False, True)
    assert sought(hiding) == ([hiding.case.id], [hiding.case.id], [hiding.id], [hiding.id])


def test_a_refused_proposal_is_neither(room: Room) -> None:
    room.hide()
    room.refuse()
    assert review.search(room.here.store, review.Query()).found[0].outcome.word == "escalated"


def told(room: Room) -> tuple[str, bool, bool]:
    """What Search calls it, and what Decided knows of it."""
    (found,) = review.search(room.here.store, review.Query()).found
    (line,) = review.decided(room.here.store).lines
    return found.outcome.word, line.deletes, line.proposed


def sought(room: Room) -> tuple[list[int], list[int], list[str], list[str]]:
    """What is found when hidden comments are asked for, and when proposed deletions are."""
    decided = [
        review.decided(room.here.store, "", review.Sought(choice=each)) for each in ("hide", "proposed")
    ]
    found = [review.search(room.here.store, review.Query(choice=each)) for each in ("hide", "proposed")]
    cases_of = [[line.line.id for line in each.lines] for each in decided]
    comments_of = [[each.native_id for each in results.found] for results in found]
    return cases_of[0], cases_of[1], comments_of[0], comments_of[1]


def test_what_another_person_releases_is_deleted_and_the_case_closes(room: Room) -> None:
    room.hide()
    (number,) = room.release()
    assert [(row.id, row.released_by) for row in room.here.rows(Release)] == [(number, "rio")]
    room.carry_out()
    assert (room.asked, room.states) == ([("delete", "done")], ["released"])
    assert (room.case.state, room.page.seen_by_public()) == ("closed", [])
    assert review.to_release(room.here.store) == []
    reconcile.check(room.here.store)


def test_nobody_releases_what_they_decided_or_proposed_and_only_records_officers_do(room: Room) -> None:
    room.hide(by="rio")
    for by in ("rio", "ana", "lee", "vic", "nobody"):
        with pytest.raises(NotAllowed):
            room.release(by=by)
    with pytest.raises(DecisionRefused):
        room.release(by="ric", reason=" ")
    assert (room.asked, room.here.rows(Release)) == ([], [])
    room.release(by="ric")


def test_what_is_refused_stays_up_and_a_lead_decides(room: Room) -> None:
    room.hide()
    room.refuse()
    assert (room.states, room.case.state, room.case.escalated) == (["refused"], "open", True)
    assert room.here.kinds()[-2:] == ["deletion.refused", "case.reopened"]
    with pytest.raises(StaleCase):
        room.release()
    room.carry_out()
    assert (room.asked, len(room.page.seen_by_public())) == ([], 1)


def test_a_proposal_is_taken_back_with_the_decision(room: Room) -> None:
    room.hide()
    room.undo()
    assert (room.states, room.case.state) == (["withdrawn"], "open")
    assert [row.choice for row in room.here.rows(Decision)] == ["hide", "leave_up"]
    room.hide(by="ben")
    room.release()
    room.undo()
    room.carry_out()
    assert room.asked == [("delete", "cancelled")]
    assert [each.id for each in room.page.seen_by_public()] == [room.id]
    reconcile.check(room.here.store)


def test_words_that_changed_meanwhile_go_back_to_the_queue_instead(room: Room) -> None:
    room.hide()
    room.page.edit(room.id, "Lovely concert")
    room.read()
    with pytest.raises(StaleCase, match="edited"):
        room.release()
    assert (room.states, room.case.state, room.asked) == (["withdrawn"], "open", [])
    assert [each.text for each in room.view.items] == ["Lovely concert"]


def test_a_case_that_changed_since_the_officer_looked_is_not_released(room: Room) -> None:
    room.hide()
    version = room.case.version
    with pytest.raises(StaleCase, match="changed"):
        deletions.release_case(room.here.store, room.case.id, version - 1, "rio", WHY)
    assert room.states == ["waiting"]


def test_a_second_opinion_that_differs_withdraws_the_proposal(room: Room) -> None:
    room.hide(sampling=Sampling(share=1.0))
    assert review.case(room.here.store, room.case.id, "ben").proposals == ()
    opinion = Ruling(choice=Choice.LEAVE_UP, by="ben")
    assert second_looks.decide(room.here.store, room.here.rules, room.case.id, opinion) == "differs"
    assert (room.states, room.case.state) == (["withdrawn"], "open")


def test_what_is_hidden_may_be_proposed_with_a_reason_and_stays_hidden_when_refused(hiding: Room) -> None:
    hiding.hide()
    with pytest.raises(DecisionRefused, match="hidden"):
        deletions.propose(hiding.here.store, hiding.case.id, "ben", WHY)
    hiding.carry_out()
    for by, reason, error in (("vic", WHY, NotAllowed), ("ben", " ", DecisionRefused)):
        with pytest.raises(error):
            deletions.propose(hiding.here.store, hiding.case.id, by, reason)
    deletions.propose(hiding.here.store, hiding.case.id, "ben", WHY)
    with pytest.raises(StaleCase, match="already"):
        deletions.propose(hiding.here.store, hiding.case.id, "ana", WHY)
    assert [each.reason for each in hiding.view.proposals] == [WHY]
    hiding.refuse()
    assert (hiding.states, hiding.case.state, hiding.asked) == (["refused"], "closed", [("hide", "done")])
    deletions.propose(hiding.here.store, hiding.case.id, "rio", WHY)
    with pytest.raises(NotAllowed):
        hiding.release(by="rio")
    hiding.release(by="ric")
    hiding.carry_out()
    assert hiding.asked == [("hide", "done"), ("delete", "done")]
    reconcile.check(hiding.here.store)
