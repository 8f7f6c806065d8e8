"""A correction is a small step away from the model, and none where nothing can be learned."""

from __future__ import annotations

import numpy as np
import pytest

from classifiers.base import Category
from classifiers.joining import Calibration, Rule, Rules, logit
from classifiers.linear import Model, parse
from classifiers.manifest import verified
from classifiers.thresholds import OperatingPoint, Share, load
from classifiers.training import correcting
from classifiers.training.fitting import readings
from modbot import resources

NONE = Share(right=0, n=0, value=0.0, low=0.0, high=1.0)


@pytest.fixture(scope="module")
def model() -> Model:
    return parse(verified(resources.models(), "linear", "linear/model.skops"))


def texts(words: str, count: int) -> list[str]:
    return [f"number {n} {words} at the school {n % 7}" for n in range(count)]


def test_words_that_decisions_share_move_cases_that_were_left_out(model: Model) -> None:
    read = readings([*texts("lovely bake sale", 30), *texts("vape juice delivered", 30)])
    truth = np.repeat([0.0, 1.0], 30)
    given = correcting.features(read, model.lexicon)
    before = np.zeros(60)
    found = correcting.words(given, before, truth, seed=7)
    assert found.strength > 0
    assert found.left_out[30:].min() > found.left_out[:30].max()
    again = correcting.words(given, before, truth, seed=7)
    assert (again.added == found.added).all()


def test_where_nothing_foretells_the_decisions_no_word_moves(model: Model) -> None:
    read = readings(texts("the bus was late", 60))
    truth = np.array([float(n % 2) for n in range(60)])
    found = correcting.words(correcting.features(read, model.lexicon), np.zeros(60), truth, seed=7)
    assert found.strength == 0
    assert not found.added.any()


def test_what_stands_in_two_cases_alone_moves_nothing(model: Model) -> None:
    read = readings([*texts("hello", 4), "xyloquent", "xyloquent"])
    given = correcting.features(read, model.lexicon)
    assert given[4:].nnz < correcting.features(read * 2, model.lexicon)[4:6].nnz


def test_a_corrected_model_says_what_was_added_and_nothing_else_changes(model: Model) -> None:
    read = readings(["vape juice delivered to your door", "good morning"])
    column = model.categories.index(Category.ILLEGAL)
    added = np.zeros(len(model.weights))
    added[correcting.hashed(correcting.ngrams.batch(read[:1], model.lexicon)).indices] = 0.5
    after = correcting.corrected(model, {Category.ILLEGAL: added})
    difference = correcting.logits(after, read) - correcting.logits(model, read)
    assert difference[0, column] > 1
    assert np.abs(np.delete(difference, column, axis=1)).max() == 0
    assert model.weights is not after.weights


def test_calibration_moves_towards_what_people_decided_and_little_for_few_cases() -> None:
    sure, hidden = np.full(200, 2.0), np.repeat([1.0, 0.0], [40, 160])
    many = correcting.calibration(sure, hidden)
    few = correcting.calibration(sure[:5], np.array([1.0, 0.0, 0.0, 0.0, 0.0]))
    assert many.moved(0.88) == pytest.approx(0.25, abs=0.08)
    assert many.moved(0.88) < few.moved(0.88) < 0.88


def test_rules_and_threshold_move_together_so_that_the_same_is_flagged() -> None:
    moved = Calibration(stretch=0.8, shift=-1.0)
    rules = Rules({frozenset({"linear"}): {Category.OBSCENE: Rule({"linear": 1.0}, 0.2)}})
    after = correcting.recalibrated(rules, {Category.OBSCENE: moved})
    rule, other = (one.by_members[frozenset({"linear"})][Category.OBSCENE] for one in (rules, after))
    point = OperatingPoint(
        threshold=0.4, goal="", precision=NONE, recall=NONE, false_flags=NONE, opinions=NONE, curve=()
    )
    threshold = correcting.moved(point, moved).threshold
    for probability in (0.05, 0.2, 0.34, 0.36, 0.5, 0.9):
        before, now = (one.joined({"linear": probability}) for one in (rule, other))
        assert (before >= 0.4) is (now >= threshold), probability


def test_a_threshold_never_rises_above_what_a_written_rule_says() -> None:
    upwards = Calibration(stretch=1.0, shift=2.0)
    point = load(resources.models())[Category.THREATS]
    assert correcting.moved(point, upwards).threshold == point.threshold
    assert upwards.moved(0.5) == pytest.approx(1 / (1 + np.exp(-logit(0.5) - 2)))
