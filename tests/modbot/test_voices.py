"""Which classifier said what of a finding, in words that a reader can use."""

from __future__ import annotations

import classifiers
from modbot import evidence
from modbot.evidence import Judged
from modbot.policy import Finding

SAID = {
    "patterns": {},
    "linear": {"threats": 0.4, "harassment": 0.9},
    "encoder": {"threats": 0.8},
    "detox": {"threats": 0.99},
}


def heard(category: str, probability: float | None = 0.7) -> list[tuple[str, float]]:
    finding = Finding("C1", category, probability, 0.5, False, ())
    opinion = Judged(level="review", classifier="", absent=(), findings=(finding,), failure="", members=SAID)
    return evidence.voices(finding, opinion)


def test_each_classifier_that_counts_is_told_by_what_it_goes_by_the_surest_first() -> None:
    words = evidence.MEMBERS
    assert heard("threats") == [(words["encoder"], 0.8), (words["linear"], 0.4), (words["patterns"], 0.0)]


def test_a_list_of_words_has_no_voices() -> None:
    assert heard("word_list", None) == []


def test_only_what_ships_has_words_and_every_member_that_counts_by_itself_has_them() -> None:
    assert set(evidence.MEMBERS) <= set(classifiers.BUILTIN)
    counted = {name for name in classifiers.BUILTIN if not getattr(classifiers.load(name), "advisory", False)}
    assert counted == set(evidence.MEMBERS)
