"""A model that exists, corrected by cases that were decided: a small step away from it, never a new model.

Words first: to the linear member's logit of a case is added what its words say, and those weights are drawn
towards zero, so that few cases move little. How freely they may move is chosen by what is foretold best of
cases left out; where no step foretells them better than the model does as it stands, there is none.

Then the calibration: the joined logit is stretched and shifted, drawn towards leaving it as it is. Thresholds
move along, so that this alone changes no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from classifiers import ngrams
from classifiers.base import Category
from classifiers.joining import Calibration, Rule, Rules
from classifiers.linear import Model
from classifiers.thresholds import OperatingPoint
from classifiers.training.fitting import Vector, hashed
from classifiers.training.measures import Floats

STRENGTHS = (0.1, 0.3, 1.0)
"""How freely the words' weights may leave zero, as the inverse of what holds them there."""
FEWEST_CASES = 3
"""What stands in fewer cases moves nothing: no single comment leaves its words in a model."""
FOLDS = 5
LEAST_GAIN = 0.01
"""In log loss of cases left out; words that foretell no better than this stay out."""
HOLD = 10.0
"""The calibration is held where it is as by so many cases."""
STRETCH = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Words:
    """What the words of decided cases add to one category's logit."""

    strength: float
    """0: nothing is added, because nothing that was tried foretold cases better."""
    added: Vector
    """By hashed column."""
    left_out: Floats
    """What is added to each case by words learned from the others alone."""


def applied(calibration: Calibration, joined: Floats) -> Floats:
    """To joined logits."""
    return calibration.stretch * joined + calibration.shift


def logits(model: Model, readings: Sequence[ngrams.Reading]) -> Floats:
    """What the model says: texts x its categories."""
    product = ngrams.batch(readings, model.lexicon).product(model.weights, model.vectors)
    return product.astype(np.float64) + model.bias


def features(readings: Sequence[ngrams.Reading], lexicon: ngrams.Lexicon) -> csr_matrix:
    """A row a text. What stands in fewer than `FEWEST_CASES` of them is left out."""
    found = hashed(ngrams.batch(readings, lexicon)).tocsr()
    often = np.asarray((found != 0).sum(axis=0)).ravel() >= FEWEST_CASES
    found.data[~often[found.indices]] = 0.0
    found.eliminate_zeros()
    return found


def words(given: csr_matrix, before: Floats, truth: Floats, seed: int) -> Words:
    """`before`: the model's logit of each text. `truth`: 1 where it breaks the clause, else 0."""
    columns = np.unique(given.indices)
    narrow = given[:, columns]
    fold = np.random.default_rng(seed).permutation(len(truth)) % FOLDS
    tried = {each: _left_out(narrow, before, truth, fold, each) for each in (0.0, *STRENGTHS)}
    surprise = {each: loss(total, truth) for each, (_, total) in tried.items()}
    best = min(surprise, key=lambda each: surprise[each])
    added = np.zeros(given.shape[1])
    if surprise[0.0] - surprise[best] < LEAST_GAIN:
        return Words(0.0, added, np.zeros(len(truth)))
    own = calibration(before, truth)
    added[columns] = _fitted(narrow, applied(own, before), truth, best)[:-1] / own.stretch
    return Words(best, added, tried[best][0])


def _left_out(
    given: csr_matrix, before: Floats, truth: Floats, fold: npt.NDArray[np.int64], strength: float
) -> tuple[Floats, Floats]:
    """For each case, from the others alone: what its words add to its logit, and the whole logit."""
    added, total = np.zeros(len(truth)), np.zeros(len(truth))
    for number in range(FOLDS):
        test, learn = fold == number, fold != number
        own = calibration(before[learn], truth[learn])
        found = _fitted(given[learn], applied(own, before[learn]), truth[learn], strength)
        said = given[test] @ found[:-1]
        added[test], total[test] = said / own.stretch, applied(own, before[test]) + said + found[-1]
    return added, total


def _fitted(given: csr_matrix, before: Floats, truth: Floats, strength: float) -> Floats:
    """A weight a column, drawn towards zero, and last a free shift; no weights at strength 0.

    `before` is calibrated and the shift free, so that the words need not explain how often, or how surely,
    people agree with the machine at all.
    """
    own = given if strength else given[:, :0]
    turned = own.T.tocsr()
    hold = 1 / strength if strength else 0.0

    def value(numbers: Floats) -> tuple[float, Floats]:
        total = before + own @ numbers[:-1] + numbers[-1]
        wrong = 1 / (1 + np.exp(-total)) - truth
        cost = np.logaddexp(0, total).sum() - truth @ total + hold * (numbers[:-1] @ numbers[:-1]) / 2
        return float(cost), np.append(turned @ wrong + hold * numbers[:-1], wrong.sum())

    start = np.zeros(own.shape[1] + 1)
    found = minimize(value, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-7}).x
    return np.append(np.zeros(given.shape[1] - own.shape[1]), found)


def loss(total: Floats, truth: Floats) -> float:
    """Mean log loss of logits: how surprised they are by what people decided."""
    return float(np.mean(np.logaddexp(0, total) - truth * total))


def calibration(joined: Floats, truth: Floats) -> Calibration:
    """`joined`: the joined logit of each case."""

    def value(numbers: Floats) -> tuple[float, Floats]:
        total = numbers[0] * joined + numbers[1]
        wrong = 1 / (1 + np.exp(-total)) - truth
        away = numbers - (1.0, 0.0)
        cost = np.logaddexp(0, total).sum() - truth @ total + HOLD * (away @ away) / 2
        return float(cost), np.array([wrong @ joined, wrong.sum()]) + HOLD * away

    bounds = [STRETCH, (-5.0, 5.0)]
    stretch, shift = minimize(value, (1.0, 0.0), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(round(float(stretch), 4), round(float(shift), 4))


def corrected(model: Model, added: Mapping[Category, Vector]) -> Model:
    """The model with these weights added, in the half precision in which it is stored."""
    weights = model.weights.copy()
    for category, vector in added.items():
        column = model.categories.index(category)
        touched = np.flatnonzero(vector)
        weights[touched, column] = (weights[touched, column] + vector[touched]).astype(np.float16)
    return replace(model, weights=weights)


def recalibrated(rules: Rules, calibrations: Mapping[Category, Calibration]) -> Rules:
    """Every set of members alike: who is absent must not change what a score means."""
    return replace(
        rules,
        by_members={
            names: {
                category: _moved(rule, calibrations.get(category)) for category, rule in by_category.items()
            }
            for names, by_category in rules.by_members.items()
        },
    )


def _moved(rule: Rule, calibration: Calibration | None) -> Rule:
    if calibration is None:
        return rule
    weights = {name: round(weight * calibration.stretch, 4) for name, weight in rule.weights.items()}
    return Rule(weights, round(rule.bias * calibration.stretch + calibration.shift, 4))


def moved(point: OperatingPoint, calibration: Calibration) -> OperatingPoint:
    """The point where the same is flagged as before; never a higher one, because a sure hit of a written
    rule keeps its score and must not fall below."""
    curve = tuple(replace(each, threshold=calibration.moved(each.threshold)) for each in point.curve)
    return replace(
        point, threshold=min(point.threshold, round(calibration.moved(point.threshold), 4)), curve=curve
    )
