"""Authors edit while people decide: nobody decides about words that they did not see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modbot import actions, cases, outbox
from modbot.errors import StaleCase
from modbot.pipeline import Scorer
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Action, Case, CaseComment
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, district, edited, said

OFFER = "Buy now, half price"


@pytest.fixture
def page(request: pytest.FixtureRequest) -> MemoryPage:
    return memory_page(request.node.nodeid)


@pytest.fixture
def here(store: Store, page: MemoryPage) -> District:
    found = district(store)
    found.arrive(said(page.post(OFFER), OFFER))
    found.score()
    return found


def item(page: MemoryPage) -> str:
    return page.seen_by_public()[0].id


def hide(here: District, case: Any = None, **changes: Any) -> int:
    case_id = int((case or here.rows(Case)[-1]).id)
    ruling = {"choice": Choice.HIDE, "by": "ana", "clause": "C7", "quote": "Buy now"} | changes
    cases.decide(here.store, here.rules, case_id, Ruling(**ruling))
    return case_id


def leave_up(here: District, case_id: int) -> None:
    cases.decide(here.store, here.rules, case_id, Ruling(choice=Choice.LEAVE_UP, by="ben"))


def carry_out(here: District, page: MemoryPage) -> None:
    asyncio.run(actions.carry_out(here.store, "blog", Memory(page.name, Memory.Settings())))


def states(here: District) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in here.rows(Action)]


def test_a_text_and_its_harmless_edit_that_are_scored_together_can_be_decided(store: Store) -> None:
    here = district(store)
    here.arrive(said("1", OFFER), edited("1", "Lovely concert"))
    here.score()
    assert len(here.rows(CaseComment)) == 2
    leave_up(here, here.rows(Case)[0].id)


def test_an_edit_that_another_worker_scored_first_joins_the_case_of_the_text_before(store: Store) -> None:
    here = district(store)
    here.arrive(said("1", OFFER))
    slow = here.scorer._lease()
    here.arrive(edited("1", "Lovely concert"))
    other = Scorer(store, here.scorer.ensemble, here.rules, here.scorer.thresholds, worker="there")
    assert other.run_once().scored == 1
    here.scorer._score(slow)
    assert len(here.rows(CaseComment)) == 2
    leave_up(here, here.rows(Case)[0].id)


def test_a_hide_that_waits_is_withdrawn_when_the_author_edits_and_a_person_looks_again(
    here: District, page: MemoryPage
) -> None:
    hide(here)
    here.arrive(edited(item(page), "Lovely concert"))
    here.score()
    carry_out(here, page)
    assert len(page.seen_by_public()) == 1
    assert states(here) == [("hide", "cancelled")]
    decided, waiting = here.rows(Case)
    assert (decided.state, waiting.state, waiting.reason) == ("closed", "open", "edited")
    leave_up(here, waiting.id)


def test_a_hide_is_withdrawn_even_before_the_edit_is_scored(here: District, page: MemoryPage) -> None:
    case_id = hide(here)
    here.arrive(edited(item(page), "Lovely concert"))
    carry_out(here, page)
    assert len(page.seen_by_public()) == 1
    assert here.rows(Case)[0].state == "open"
    here.score()
    assert len(here.rows(CaseComment)) == 2
    leave_up(here, case_id)


def test_an_edit_of_a_hidden_comment_brings_it_before_a_person_who_can_restore_it(
    here: District, page: MemoryPage
) -> None:
    hide(here)
    hidden = item(page)
    carry_out(here, page)
    here.arrive(edited(hidden, "Lovely concert"))
    here.score()
    case = here.rows(Case)[-1]
    assert (case.state, case.reason) == ("open", "edited")
    leave_up(here, case.id)
    carry_out(here, page)
    assert len(page.seen_by_public()) == 1


def test_after_undo_the_case_holds_what_the_author_wrote_meanwhile(here: District, page: MemoryPage) -> None:
    hidden = item(page)
    case_id = hide(here)
    carry_out(here, page)
    here.arrive(edited(hidden, "Lovely concert"))
    here.score()
    cases.undo(here.store, here.rules, case_id, "ana")
    leave_up(here, case_id)
    carry_out(here, page)
    assert len(page.seen_by_public()) == 1


def test_undo_of_one_case_does_not_reverse_what_another_case_hides(here: District, page: MemoryPage) -> None:
    hidden = item(page)
    first = hide(here)
    carry_out(here, page)
    here.arrive(edited(hidden, "I will hurt you"))
    here.score()
    second = hide(here, by="ben", clause="C1", quote="hurt you")
    with pytest.raises(StaleCase, match=f"hidden by case {second}"):
        cases.undo(here.store, here.rules, first, "ana")
    carry_out(here, page)
    assert page.seen_by_public() == []


def test_an_undo_that_comes_when_the_worker_has_begun_asks_for_the_reverse(
    here: District, page: MemoryPage
) -> None:
    case_id = hide(here)
    (begun,) = outbox.due(here.store, "blog")
    cases.undo(here.store, here.rules, case_id, "ana")
    asyncio.run(actions._try(here.store, Memory(page.name, Memory.Settings()), [begun]))
    carry_out(here, page)
    assert states(here) == [("hide", "done"), ("unhide", "done")]
    assert len(page.seen_by_public()) == 1
