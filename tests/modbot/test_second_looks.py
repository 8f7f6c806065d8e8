"""A second person judges without knowing the first decision; where they differ, a lead settles it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from modbot import agreement, cases, notes, reconcile, review, second_looks
from modbot.errors import AlreadyDecided, DecisionRefused, NotAllowed, StaleCase
from modbot.review import Next
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store, body_of, utcnow
from modbot.tables import Action, Case, SecondLook, SecondOpinion
from tests.modbot.scene import District, district

ALL = Sampling(share=1.0)
HIDE = {"choice": Choice.HIDE, "clause": "C7", "quote": "Buy now", "reason": "A secret reason"}
LEAVE_UP = {"choice": Choice.LEAVE_UP}


@pytest.fixture
def here(store: Store) -> District:
    found = district(store)
    found.comes_in("Buy now, half price")
    return found


def only_case(here: District) -> Any:
    (row,) = here.rows(Case)
    return row


def first(here: District, by: str = "ana", sampling: Sampling = ALL, **ruling: Any) -> None:
    made = Ruling(**({"by": by} | (ruling or HIDE)))
    cases.decide(here.store, here.rules, only_case(here).id, made, sampling=sampling)


def second(here: District, by: str = "ben", **ruling: Any) -> str:
    made = Ruling(**({"by": by} | ruling))
    return second_looks.decide(here.store, here.rules, only_case(here).id, made)


def state(here: District) -> str:
    return str(here.rows(SecondLook)[-1].state)


def test_no_decision_is_looked_at_again_unless_the_draw_says_so(here: District) -> None:
    first(here, sampling=Sampling(share=0.0))
    assert here.rows(SecondLook) == []


def test_every_case_of_a_clause_in_doubt_is_looked_at_again(here: District) -> None:
    first(here, sampling=Sampling(clauses=frozenset({"C7"})))
    assert here.rows(SecondLook)[0].why == "clause"


def test_a_share_is_drawn_at_random() -> None:
    drawn = [Sampling(share=0.1).reason(["C7"]) for _ in range(4_000)]
    assert 300 < drawn.count("random") < 500


def test_what_the_first_person_decided_stands_meanwhile(here: District) -> None:
    first(here)
    assert [(row.kind, row.state) for row in here.rows(Action)] == [("hide", "pending")]
    assert only_case(here).state == "decided"


def test_the_second_person_is_offered_the_case_and_the_first_is_not(here: District) -> None:
    first(here)
    case_id = only_case(here).id
    assert review.next_for(here.store, "ben") == Next(case_id, second_look=True)
    assert review.next_for(here.store, "ana") is None
    assert review.count(here.store, "ben").second_looks == 1
    assert review.count(here.store, "ana").second_looks == 0
    (line,) = review.second_looks(here.store, "ben").lines
    assert (line.state, line.second_look) == ("open", True)
    assert review.second_looks(here.store, "ana").total == 0


def test_nothing_that_the_second_person_sees_tells_the_first_decision(here: District) -> None:
    notes.write(here.store, only_case(here).id, "ana", "I am about to hide this")
    cases.claim(here.store, only_case(here).id, "ana")
    first(here)
    view = review.case(here.store, only_case(here).id, "ben")
    assert view.second_look is not None
    assert view.line.state == "open"
    assert (view.decisions, view.actions, view.notes) == ((), (), ())
    assert {entry.actor for entry in view.history} == {"modbot"}
    results = review.search(here.store, review.Query(), "ben")
    assert [each.hidden for each in results.found] == [False]
    told = repr(view) + repr(review.decided(here.store, "ben")) + repr(results)
    for word in ("ana", "hide", "secret reason", "about to hide"):
        assert word not in told
    assert review.decided(here.store, "ben", review.Sought(choice="hide")).lines == ()
    assert review.search(here.store, review.Query(choice="hide"), "ben").found == ()


def test_the_first_person_and_those_who_decide_nothing_see_the_case_as_it_is(here: District) -> None:
    first(here)
    for viewer in ("ana", "vic", ""):
        view = review.case(here.store, only_case(here).id, viewer)
        assert [each.choice for each in view.decisions] == ["hide"]


def test_agreeing_closes_the_look_and_changes_nothing(here: District) -> None:
    first(here)
    assert second(here, **HIDE) == "agreed"
    assert (state(here), only_case(here).state) == ("agreed", "decided")
    assert len(here.rows(Action)) == 1
    with here.store.read() as connection:
        body = body_of(connection, here.rows(SecondOpinion)[0].id)
    assert (body["quote"], body["outcome"]) == ("Buy now", "agreed")
    reconcile.check(here.store)


def test_differing_brings_the_case_before_a_lead_whose_decision_stands(here: District) -> None:
    first(here)
    assert second(here, **LEAVE_UP) == "differs"
    row = only_case(here)
    assert (row.state, row.escalated, row.priority) == ("open", True, 1)
    assert [each.kind for each in here.rows(Action)] == ["hide"]
    with pytest.raises(NotAllowed):
        first(here, by="ben", **LEAVE_UP)
    assert review.next_for(here.store, "lee") == Next(row.id)
    assert [each.choice for each in review.case(here.store, row.id, "lee").decisions] == ["hide"]
    first(here, by="lee", **LEAVE_UP)
    assert only_case(here).state == "closed"
    assert [each.state for each in here.rows(Action)] == ["cancelled"]
    assert len(here.rows(SecondLook)) == 1
    reconcile.check(here.store)


def test_nobody_gives_the_second_opinion_on_their_own_decision(here: District) -> None:
    first(here)
    with pytest.raises(NotAllowed, match="yourself"):
        second(here, by="ana", **HIDE)
    with pytest.raises(NotAllowed):
        second(here, by="vic", **HIDE)


def test_a_second_opinion_needs_the_same_grounds_as_a_decision(here: District) -> None:
    first(here)
    for lacking in ({"quote": "not there"}, {"clause": "C6"}, {"clause": ""}):
        with pytest.raises(DecisionRefused):
            second(here, **(HIDE | lacking))
    with pytest.raises(DecisionRefused):
        second(here, choice=Choice.REFER, referral="threat")
    assert state(here) == "waiting"


def test_one_person_at_a_time_takes_a_second_look(here: District) -> None:
    first(here)
    case_id = only_case(here).id
    second_looks.claim(here.store, case_id, "ben")
    with pytest.raises(StaleCase, match="ben"):
        second_looks.claim(here.store, case_id, "lee")
    assert review.next_for(here.store, "lee") is None
    second_looks.release(here.store, case_id, "ben")
    second_looks.claim(here.store, case_id, "lee")
    second(here, by="lee", **HIDE)
    with pytest.raises(StaleCase, match="no longer waits"):
        second(here, by="ben", **HIDE)


def test_taking_the_decision_back_ends_the_second_look(here: District) -> None:
    first(here)
    cases.undo(here.store, here.rules, only_case(here).id, "ana")
    assert state(here) == "dropped"
    first(here, **LEAVE_UP)
    assert [row.state for row in here.rows(SecondLook)] == ["dropped", "waiting"]


def test_somebody_may_be_in_danger_so_a_referral_is_taken_at_any_time(here: District) -> None:
    first(here)
    made = Ruling(choice=Choice.REFER, by="ben", referral="threat")
    cases.decide(here.store, here.rules, only_case(here).id, made)
    assert only_case(here).state == "decided"
    assert review.case(here.store, only_case(here).id, "ben").second_look is not None


def test_who_comes_too_late_learns_who_decided_but_not_what_while_a_second_look_waits(here: District) -> None:
    first(here)
    with pytest.raises(AlreadyDecided) as blind:
        cases.claim(here.store, only_case(here).id, "ben")
    assert (blind.value.by, blind.value.choice) == ("ana", "")
    second(here, **HIDE)
    with pytest.raises(AlreadyDecided) as told:
        first(here, by="ben", **HIDE)
    assert (told.value.by, told.value.choice, told.value.clause) == ("ana", "hide", "C7")
    assert utcnow() - told.value.at < timedelta(minutes=1)


def test_agreement_is_measured_for_all_cases_and_for_each_clause(here: District) -> None:
    first(here)
    second(here, **LEAVE_UP)
    now = utcnow()
    found = agreement.measure(here.store, now - timedelta(hours=1), now + timedelta(hours=1))
    assert [(each.clause, each.pairs, each.agreed) for each in found] == [("", 1, 0), ("C7", 1, 0)]
    assert found[0].alpha == pytest.approx(0.0)
    nothing = agreement.measure(here.store, now + timedelta(hours=1), now + timedelta(hours=2))
    assert [(each.clause, each.pairs, each.alpha) for each in nothing] == [("", 0, None)]
