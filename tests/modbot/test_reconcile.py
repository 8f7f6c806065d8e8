"""Tables that were changed behind modbot's back no longer agree with the log, and that is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from modbot import cases, checkpoints, reconcile
from modbot.errors import AuditBroken
from modbot.rulings import Choice, Ruling
from modbot.store import Store, table
from modbot.tables import Action, Case, CaseComment, Comment, Decision, Score, Unscored, Verdict
from tests.modbot.scene import District, deleted, district, said
from tests.modbot.test_checkpoints import tamper


@pytest.fixture
def here(store: Store) -> District:
    found = district(store)
    found.comes_in("Hello", "Buy now, half price", "I will hurt you")
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
    cases.decide(store, found.rules, found.rows(Case)[0].id, ruling)
    found.arrive(deleted("1"), said("4", "Waits for its score"))
    return found


def test_what_modbot_wrote_agrees_with_the_log(here: District) -> None:
    reconcile.check(here.store)


FORGERIES: dict[str, Callable[[], list[sa.Executable]]] = {
    "a decision by somebody else": lambda: [sa.update(table(Decision)).values(decided_by="ben")],
    "another choice": lambda: [sa.update(table(Decision)).values(choice="leave_up")],
    "another clause": lambda: [sa.update(table(Decision)).values(clause="C1")],
    "a decision taken out": lambda: [sa.delete(table(Action)), sa.delete(table(Decision))],
    "an action taken out": lambda: [sa.delete(table(Action))],
    "a comment taken out": lambda: [
        sa.delete(each)
        for each in map(table, (Unscored, Action, Decision, CaseComment, Verdict, Score, Comment))
    ],
    "a verdict taken out": lambda: [sa.delete(table(Verdict))],
    "a case taken out": lambda: [sa.delete(table(CaseComment)), sa.delete(table(Case))],
    "a comment that no longer waits": lambda: [sa.delete(table(Unscored))],
    "an action that nobody asked for": lambda: [sa.update(table(Action)).values(id=1)],
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_in_the_tables_is_found_although_the_chain_is_whole(here: District, forgery: str) -> None:
    tamper(here, *FORGERIES[forgery]())
    checkpoints.verify(here.store)
    with pytest.raises(AuditBroken):
        reconcile.check(here.store)
