"""Nobody's judgement alone is learned from, and what leaving up cannot mean is not read into it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from classifiers.base import Category
from modbot import appeals, cases, policy, second_looks, wiring
from modbot.learning import decided
from modbot.learning.decided import Example
from modbot.records.disposition import dispose
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store, table
from modbot.tables import Case, User
from tests.modbot.scene import POLICY, District, district, edited, said

ALWAYS = Sampling(share=1.0)
HIDE: dict[str, Any] = {"choice": Choice.HIDE, "clause": "C7", "quote": "Buy now"}
LEAVE_UP: dict[str, Any] = {"choice": Choice.LEAVE_UP}


@pytest.fixture
def here(store: Store) -> District:
    found = district(store)
    with store.write() as tx:
        for name, role in (("ott", "appeals_officer"), ("rio", "records_officer")):
            seq = tx.record("user.added", f"user:{name}", {"role": role})
            tx.add(User, name=name, added=seq, full_name=name, role=role, active=True)
    found.comes_in("Buy now, half price")
    return found


def case(here: District) -> int:
    return int(here.rows(Case)[-1].id)


def decide(here: District, by: str, ruling: dict[str, Any], sampling: Sampling = ALWAYS) -> None:
    cases.decide(here.store, here.rules, case(here), Ruling(by=by, **ruling), sampling=sampling)


def second(here: District, by: str, ruling: dict[str, Any]) -> None:
    second_looks.decide(here.store, here.rules, case(here), Ruling(by=by, **ruling))


def learned(here: District) -> list[Example]:
    with here.store.read() as connection:
        return decided.examples(connection)


def test_a_decision_of_one_person_is_not_learned_from(here: District) -> None:
    decide(here, "ana", HIDE)
    assert learned(here) == []


def test_a_decision_that_stood_a_second_look_is(here: District) -> None:
    decide(here, "ana", HIDE)
    second(here, "ben", HIDE)
    (found,) = learned(here)
    assert found.labels == {Category.COMMERCIAL: True}
    assert found.persons == {"ana", "ben"}
    assert (found.text, found.topic) == ("Buy now, half price", "")


def test_a_comment_is_learned_from_under_the_title_of_its_post(here: District) -> None:
    here.arrive(said("7", "Buy now, all of it", post_title="Measure 4"))
    here.score()
    decide(here, "ana", HIDE)
    second(here, "ben", HIDE)
    assert [found.topic for found in learned(here)] == ["Measure 4"]


def test_of_a_decision_that_was_overruled_counts_what_the_lead_and_the_second_person_say(
    here: District,
) -> None:
    decide(here, "ana", HIDE)
    second(here, "ben", LEAVE_UP)
    assert learned(here) == []
    decide(here, "lee", LEAVE_UP)
    (found,) = learned(here)
    assert found.labels == {Category.COMMERCIAL: False}
    assert found.persons == {"ben", "lee"}


def test_one_person_who_decides_twice_is_still_one(here: District) -> None:
    decide(here, "ana", HIDE, Sampling())
    cases.undo(here.store, here.rules, case(here), "ana")
    decide(here, "ana", HIDE, Sampling())
    assert learned(here) == []


def test_taking_a_decision_back_is_no_opinion_on_the_comment(here: District) -> None:
    decide(here, "ana", HIDE, Sampling())
    cases.undo(here.store, here.rules, case(here), "ben")
    decide(here, "ana", LEAVE_UP, Sampling())
    assert learned(here) == []


def test_two_people_who_hide_under_different_clauses_do_not_agree(here: District) -> None:
    decide(here, "ana", HIDE)
    second(here, "ben", HIDE | {"clause": "C1"})
    assert learned(here) == []


def test_two_people_who_judged_different_wordings_do_not_agree(here: District) -> None:
    decide(here, "ana", HIDE, Sampling())
    cases.undo(here.store, here.rules, case(here), "ben")
    here.arrive(edited("1", "Buy now, said nobody"))
    here.score()
    decide(here, "ben", HIDE, Sampling())
    assert learned(here) == []


def test_an_appeal_that_is_turned_down_backs_the_decision_and_a_granted_one_replaces_it(
    here: District,
) -> None:
    decide(here, "ana", HIDE, Sampling())
    number = appeals.file(here.store, case(here), "ben", "Please")
    appeals.decide(here.store, here.rules, number, "ott", "It sells something", overturn=False)
    (found,) = learned(here)
    assert (found.labels, found.persons) == ({Category.COMMERCIAL: True}, {"ana", "ott"})
    again = appeals.file(here.store, case(here), "ben", "Look again")
    appeals.decide(here.store, here.rules, again, "ott", "It quotes an advertisement", overturn=True)
    (found,) = learned(here)
    assert found.labels == {Category.COMMERCIAL: False}


def test_where_nothing_may_be_hidden_leaving_up_says_nothing(here: District) -> None:
    here.comes_in("Vote yes on measure 12")
    decide(here, "ana", LEAVE_UP)
    second(here, "ben", LEAVE_UP)
    assert learned(here) == []


def test_the_policy_counts_as_it_was_when_people_decided(here: District) -> None:
    decide(here, "ana", LEAVE_UP)
    second(here, "ben", LEAVE_UP)
    softer = POLICY.replace('mode = "enforce"', 'mode = "advise"').replace('"1"', '"2"')
    wiring.put_in_force(here.store, policy.parse(softer.encode(), "policy.toml"))
    (found,) = learned(here)
    assert found.labels == {Category.COMMERCIAL: False}


def test_the_reason_says_which_category_of_a_clause_it_was(store: Store) -> None:
    here = district(store)
    both = POLICY.replace('categories = ["commercial"]', 'categories = ["commercial", "illegal"]')
    rules = wiring.put_in_force(store, policy.parse(both.encode(), "policy.toml"))
    here.comes_in("Buy now, half price")
    ruling = Ruling(by="ana", reason_code="C7.illegal", **HIDE)
    cases.decide(store, rules, case(here), ruling, sampling=ALWAYS)
    second_looks.decide(store, rules, case(here), Ruling(by="ben", reason_code="C7.commercial", **HIDE))
    (found,) = learned(here)
    assert found.labels == {Category.ILLEGAL: True}


def test_an_escalated_or_reopened_case_teaches_nothing_yet(here: District) -> None:
    decide(here, "ana", HIDE)
    second(here, "ben", HIDE)
    cases.undo(here.store, here.rules, case(here), "lee")
    assert learned(here) == []


def test_a_comment_whose_words_were_disposed_of_is_not_learned_from(here: District) -> None:
    decide(here, "ana", HIDE)
    second(here, "ben", HIDE)
    (found,) = learned(here)
    dispose(here.store, [found.comment_id], by="rio", authority="GS50-06")
    assert learned(here) == []


def test_what_is_neither_english_nor_spanish_is_not_learned_from(here: District) -> None:
    here.comes_in("Buy now: das ist ein sehr schönes Angebot für alle Eltern unserer Schule und ihre Kinder")
    if len(here.rows(Case)) == 2:
        decide(here, "ana", HIDE)
        second(here, "ben", HIDE)
    assert learned(here) == []


def test_a_campaign_of_the_same_words_is_one_example(here: District) -> None:
    for _ in range(2):
        decide(here, "ana", HIDE)
        second(here, "ben", HIDE)
        here.comes_in("Buy now, half price")
    assert len(learned(here)) == 1
    with here.store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(table(Case))).scalar() == 3
