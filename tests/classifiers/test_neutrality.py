"""Equivalence of opposite opinions: the statistics, the pairs, and a planted bias that must be found."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classifiers import neutrality
from classifiers.base import Category, Classifier, Score, Scores
from classifiers.ensemble import Ensemble
from classifiers.neutrality import identity
from classifiers.neutrality.checking import ALIKE
from classifiers.neutrality.pairs import FILE, Kind, Pair, load
from classifiers.neutrality.parity import ENOUGH, Outcome, interval, parity
from classifiers.training import reading
from modbot import resources
from modbot.members import ensemble_of

LEVY = Pair(kind=Kind.VIEWPOINT, issue="levy", first="I like it", second="I hate it", breaks=False)
POINTS = dict.fromkeys(Category, 0.5)


class Planted(Classifier):
    """Flags whatever holds one of its words."""

    name = "planted"
    categories = frozenset(Category)
    version = "1"

    def __init__(self, words: Sequence[str], category: Category) -> None:
        super().__init__(Path())
        self.words, self.category = words, category

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return [{self.category: Score(0.9 if self._hits(text) else 0.1)} for text in texts]

    def _hits(self, text: str) -> bool:
        return any(word in text.lower() for word in self.words)


def some_rows(every: int) -> list[reading.Row]:
    return [row for number, row in enumerate(reading.corpus()) if number % every == 0]


def audited(words: Sequence[str], category: Category) -> neutrality.Report:
    return neutrality.check(Ensemble([Planted(words, category)]), POINTS, corpus=some_rows(20))


@pytest.mark.parametrize("pairs", [20, 60, 350])
def test_no_difference_at_all_still_leaves_what_the_score_test_cannot_exclude(pairs: int) -> None:
    low, high = interval(0, 0, pairs, 0.90)
    assert high == pytest.approx(1.644854**2 / (pairs + 1.644854**2), abs=1e-6)
    assert low == pytest.approx(-high)


def test_the_interval_turns_round_with_the_sides_and_holds_the_difference() -> None:
    for first, second in [(9, 4), (0, 3), (17, 17), (60, 0)]:
        low, high = interval(first, second, 60, 0.90)
        turned_low, turned_high = interval(second, first, 60, 0.90)
        assert (low, high) == pytest.approx((-turned_high, -turned_low))
        assert low <= (first - second) / 60 <= high


def test_nine_intervals_in_ten_hold_the_truth() -> None:
    chance, held = random.Random(5), 0
    for _ in range(400):
        draws = [chance.random() for _ in range(80)]
        first, second = sum(d < 0.12 for d in draws), sum(0.12 <= d < 0.17 for d in draws)
        low, high = interval(first, second, 80, 0.90)
        held += low <= 0.07 <= high
    assert 0.86 <= held / 400 <= 0.94


def test_sixty_alike_pairs_prove_ten_points_and_a_leaning_set_does_not() -> None:
    alike = parity("alike", [(True, True)] * 30 + [(False, False)] * 30, 0.10)
    leaning = parity("leaning", [(True, False)] * 6 + [(False, False)] * 54, 0.10)
    assert alike.outcome is Outcome.EQUIVALENT
    assert leaning.outcome is Outcome.NOT_EQUIVALENT
    assert leaning.p_value == pytest.approx(2 * 0.5**6)


def test_a_few_pairs_fail_only_for_what_chance_does_not_explain() -> None:
    assert parity("few", [(True, False)] * 2 + [(True, True)] * 10, 0.10).outcome is Outcome.TOO_FEW
    assert parity("few", [(True, False)] * 8 + [(True, True)] * 4, 0.10).outcome is Outcome.NOT_EQUIVALENT


def test_there_are_pairs_enough_and_none_of_the_audits_own_is_in_the_corpus() -> None:
    pairs = load()
    opposed = [pair for pair in pairs if pair.kind is Kind.VIEWPOINT]
    assert len(opposed) >= 350
    for share in (
        [pair for pair in opposed if not pair.breaks],
        [pair for pair in opposed if pair.breaks],
        [pair for pair in opposed if pair.lang == "es"],
        [pair for pair in opposed if pair.disguised],
        [pair for pair in opposed if not pair.learned],
    ):
        assert len(share) >= 60
    for kind in (Kind.DIALECT, Kind.LANGUAGE, Kind.IDENTITY):
        assert sum(pair.kind is kind for pair in pairs) >= ENOUGH
    learned = {row.text for row in reading.corpus()}
    fresh = [pair for pair in pairs if not pair.learned]
    assert len(fresh) == len(FILE.read_text("utf-8").splitlines())
    assert not learned & {text for pair in fresh for text in (pair.first, pair.second)}
    assert len({(pair.first, pair.second) for pair in fresh}) == len(fresh)


def shipped(pairs: Sequence[Pair]) -> neutrality.Report:
    members = tuple(tomllib.loads(resources.defaults())["classifiers"]["members"])
    return neutrality.check(*ensemble_of(members, resources.models()), pairs, some_rows(60))


def test_the_shipped_classifiers_treat_opposite_opinions_alike() -> None:
    """On a part of the pairs; on all of them: `modbot audit neutrality`."""
    opposed = [pair for pair in load() if pair.kind is Kind.VIEWPOINT]
    report = shipped([pair for number, pair in enumerate(opposed) if not pair.learned or number % 8 == 0])
    assert report.failures == []
    assert report.passed


@pytest.mark.parametrize("kind", [Kind.DIALECT, Kind.LANGUAGE, Kind.IDENTITY])
def test_the_shipped_classifiers_treat_dialect_spanish_and_groups_like_the_others(kind: Kind) -> None:
    report = shipped([LEVY, *(pair for pair in load() if pair.kind is kind)])
    [stratum] = [each for each in report.strata if each.name == ALIKE[kind]]
    assert stratum.outcome is Outcome.EQUIVALENT
    assert all(each.apart <= identity.MOST_APART for each in report.group_gaps)


def test_a_model_that_takes_one_side_is_found() -> None:
    report = audited(["tax", "too much", "wrong", "remove", "against", "not ", "no "], Category.POLITICAL)
    assert not report.passed
    assert report.pooled.second_only > report.pooled.first_only
    assert any("permissible" in each for each in report.failures)
    assert any(issue.fails for issue in report.issues)
    assert report.as_data()["passed"] is False


def test_a_model_that_takes_the_name_of_a_group_for_abuse_is_found() -> None:
    believing = Planted(["christian", "catholic", "church", "cristian"], Category.DISCRIMINATION)
    report = neutrality.check(Ensemble([believing]), POINTS, [LEVY], list(reading.corpus()))
    [group] = [group for group in report.groups if group.name == "Christian"]
    assert group.fails
    assert group.bpsn is not None
    assert group.bpsn < report.auc - identity.WITHIN


def test_a_model_that_flags_who_is_named_fails_by_scores_and_by_flags() -> None:
    words = ["muslim", "jewish", "immigrant", "black ", "trans", "girls"]
    pairs = [LEVY, *(pair for pair in load() if pair.kind is Kind.IDENTITY)]
    ensemble = Ensemble([Planted(words, Category.DISCRIMINATION)])
    report = neutrality.check(ensemble, POINTS, pairs, list(reading.corpus()))
    assert report.naming.outcome is Outcome.NOT_EQUIVALENT
    assert report.naming.low_90 > identity.MOST_OFTENER
    assert any("permissible comments that name a group" in each for each in report.failures)
    assert any("apart in the mean" in each for each in report.failures)


def test_what_too_few_comments_tell_is_not_established_and_no_failure() -> None:
    few = [LEVY, *[pair for pair in load() if pair.kind is Kind.IDENTITY][:12]]
    ensemble = Ensemble([Planted(["nothing at all"], Category.THREATS)])
    report = neutrality.check(ensemble, POINTS, few, some_rows(40))
    assert report.failures == []
    assert {ALIKE[Kind.IDENTITY], report.pooled.name} <= set(report.not_established)
    assert report.as_data()["not_established"] == list(report.not_established)


@pytest.mark.parametrize(
    ("naming", "flagged", "outcome"),
    [
        (1000, 40, Outcome.EQUIVALENT),
        (1000, 60, Outcome.NOT_EQUIVALENT),
        (100, 6, Outcome.TOO_FEW),
        (100, 30, Outcome.NOT_EQUIVALENT),
    ],
)
def test_that_naming_a_group_brings_no_more_flags_must_be_shown(
    naming: int, flagged: int, outcome: Outcome
) -> None:
    names = np.arange(naming + 2000) < naming
    over = np.concatenate([np.arange(naming) < flagged, np.arange(2000) < 80])
    assert identity.oftener(names, np.zeros(len(names), dtype=bool), over).outcome is outcome


def test_a_model_that_flags_nothing_is_neutral_and_one_that_flags_all_is() -> None:
    assert audited([], Category.THREATS).passed
    assert audited([""], Category.THREATS).passed


def test_an_example_says_what_was_flagged_and_what_was_left_alone() -> None:
    ensemble = Ensemble([Planted(["hate"], Category.HARASSMENT)])
    [example] = neutrality.check(ensemble, POINTS, [LEVY], some_rows(20)).examples
    assert (example.flagged, example.left_alone) == ("I hate it", "I like it")
    assert example.categories == ("harassment",)
