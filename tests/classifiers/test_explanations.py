"""The shipped ensemble's reasons, in short; `make bench` asks the same of the whole corpus."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from classifiers.base import Category
from classifiers.ensemble import Ensemble
from classifiers.training import reading
from modbot import resources
from modbot.members import ensemble_of
from tests.benchmarks.explaining import MEMBERS, Explained, explained

EACH = 40
"""Every so many comments of the corpus one is asked about."""


@pytest.fixture(scope="module")
def shipped() -> tuple[Ensemble, Mapping[Category, float]]:
    return ensemble_of(MEMBERS, resources.models())


@pytest.fixture(scope="module")
def texts() -> Sequence[str]:
    return [row.text for row in reading.corpus()][::EACH]


@pytest.fixture(scope="module")
def found(shipped: tuple[Ensemble, Mapping[Category, float]], texts: Sequence[str]) -> list[Explained]:
    return list(explained(*shipped, texts))


def test_nearly_every_flag_says_which_words_carried_it(found: list[Explained]) -> None:
    assert len(found) > 40
    assert sum(bool(each.score.spans) for each in found) >= 0.99 * len(found)


def test_without_the_marked_words_the_score_is_lower_and_most_flags_are_gone(found: list[Explained]) -> None:
    marked = [each for each in found if each.score.spans]
    assert sum(each.is_lower for each in marked) >= 0.98 * len(marked)
    assert sum(each.without < each.threshold for each in marked) >= 0.7 * len(marked)


def test_a_text_gets_the_same_from_the_ensemble_alone_in_any_batch_and_in_any_order(
    shipped: tuple[Ensemble, Mapping[Category, float]], texts: Sequence[str]
) -> None:
    ensemble, _ = shipped
    some = ["", "🙂", "Vote NO on Measure 4!", *texts[:40]]
    together = dict(zip(some, ensemble.assess(some), strict=True))
    chance = random.Random(7)
    for _ in range(3):
        mixed = chance.sample(some, len(some))
        parts = [mixed[:1], mixed[1:8], mixed[8:]]
        answers = [answer for part in parts for answer in ensemble.assess(part)]
        assert answers == [together[text] for text in mixed]
