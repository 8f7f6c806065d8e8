"""The codebook covers every category, and the reasons to give come from the policy in force."""

from __future__ import annotations

from collections import Counter

from classifiers.base import Category
from modbot import codebook, policy
from modbot.opinion import comes_after
from modbot.rulings import Choice
from tests.modbot.scene import POLICY

RULES = policy.parse(POLICY.encode(), "policy.toml")


def test_every_category_has_a_chapter_with_examples_side_by_side() -> None:
    assert set(codebook.chapters()) == set(Category)
    for chapter in codebook.chapters().values():
        assert len(chapter.inside) == len(chapter.outside) >= 3
        assert chapter.meaning
        assert chapter.leave_up
        assert chapter.borderline


def test_a_clause_shows_the_chapters_of_its_categories() -> None:
    threats, offers, _ = RULES.clause
    assert [each.category for each in codebook.for_clause(threats)] == [Category.THREATS]
    assert [each.category for each in codebook.for_clause(offers)] == [Category.COMMERCIAL]


def test_the_reasons_to_hide_are_those_of_the_loaded_clauses() -> None:
    found = [each.code for each in codebook.reasons(RULES, "hide")]
    assert found == ["C1.threats", "C1.other", "C7.commercial", "C7.other", "C6.political", "C6.other"]


def test_every_choice_has_reasons_of_its_own() -> None:
    every = Counter(each.code for choice in Choice for each in codebook.reasons(RULES, choice))
    assert all(codebook.reasons(RULES, choice) for choice in Choice)
    assert set(every.values()) == {1}


def test_the_opinion_comes_after_for_the_share_that_is_set_and_always_for_the_same_cases() -> None:
    pairs = [(case, person) for case in range(1_000) for person in ("ana", "ben")]
    drawn = [comes_after(*pair, 0.5) for pair in pairs]
    assert 900 < sum(drawn) < 1_100
    assert drawn == [comes_after(*pair, 0.5) for pair in pairs]
    assert drawn[::2] != drawn[1::2]
    assert not any(comes_after(*pair, 0.0) for pair in pairs)
    assert all(comes_after(*pair, 1.0) for pair in pairs)
