"""An escalation or a referral can be taken back until somebody else has acted on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modbot import cases, notes, review
from modbot.errors import StaleCase
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Case, Decision, Withdrawal
from tests.modbot.scene import District, district


@pytest.fixture
def here(store: Store) -> District:
    made = district(store)
    made.comes_in("Buy now, half price")
    return made


def number(here: District) -> int:
    return int(here.rows(Case)[0].id)


def decide(here: District, choice: Choice, by: str = "ana") -> None:
    referral = "threat" if choice is Choice.REFER else ""
    ruling = Ruling(choice=choice, by=by, referral=referral, clause="C7", quote="Buy now")
    cases.decide(here.store, here.rules, number(here), ruling)


def test_an_escalation_is_taken_back_and_the_case_is_as_it_was(here: District) -> None:
    before = here.rows(Case)[0]
    decide(here, Choice.ESCALATE)
    assert here.rows(Case)[0].escalated
    cases.undo(here.store, here.rules, number(here), "ana")
    after = here.rows(Case)[0]
    assert (after.escalated, after.priority, after.state) == (False, before.priority, "open")
    assert after.version > before.version
    assert here.kinds()[-1] == "decision.withdrawn"
    assert [row.decision_id for row in here.rows(Withdrawal)] == [row.id for row in here.rows(Decision)]
    with pytest.raises(StaleCase, match="no decision"):
        cases.undo(here.store, here.rules, number(here), "ana")


def test_what_was_escalated_before_stays_escalated(here: District) -> None:
    decide(here, Choice.ESCALATE, by="ben")
    decide(here, Choice.ESCALATE)
    cases.undo(here.store, here.rules, number(here), "ana")
    assert (here.rows(Case)[0].escalated, here.rows(Case)[0].priority) == (True, 1)


@pytest.mark.parametrize(
    "act",
    [
        lambda here: cases.claim(here.store, number(here), "lee"),
        lambda here: notes.write(here.store, number(here), "lee", "The principal calls the family"),
        lambda here: decide(here, Choice.REFER, by="lee"),
    ],
)
def test_once_somebody_else_acts_on_it_it_stands(here: District, act: Callable[[District], None]) -> None:
    decide(here, Choice.ESCALATE)
    act(here)
    with pytest.raises(StaleCase):
        cases.undo(here.store, here.rules, number(here), "ana")
    assert here.rows(Withdrawal) == []


def test_a_referral_is_taken_back_without_touching_what_was_decided(here: District) -> None:
    decide(here, Choice.HIDE)
    decide(here, Choice.REFER, by="ben")
    assert [each.choice for each in review.decided(here.store).lines] == ["hide"]
    assert cases.take_back(here.store, number(here), "ben") == "refer"
    assert here.rows(Case)[0].state == "decided"
    assert [row.choice for row in here.rows(Decision)] == ["hide", "refer"]
