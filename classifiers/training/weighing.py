"""Learns the joining rules: a logistic regression a category over the members' logits, no weight negative."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from classifiers.base import Category, Score, Scores
from classifiers.joining import LEAST, Rule, Rules
from classifiers.training.measures import Floats, share

CERTAIN = {"patterns": frozenset({Category.THREATS})}
"""By member on what its word is the least that is said. A missed threat costs most, and a flag only brings a
person to look; elsewhere a form of words alone overruled the readers of whole sentences four times wrongly
and once rightly on 2,790 held-out comments, and protected speech is full of such forms."""
TAUGHT_BY_OPINIONS = (Category.DISCRIMINATION,)
"""Fitted on public opinions too. Fitted on the corpus alone, in which four comments in ten break something,
the same permissible comment about two groups scored 0.118 apart in the mean, with opinions among what is
fitted 0.048, at the same recall."""
COSTLY = "encoder"
CUTS = (0.05, 0.04, 0.03, 0.02, 0.015, 0.0125, 0.01)
"""One number for all categories: one each, or a sum over them, spares no more at the same agreement."""
SAME = 0.995
TOWARDS_EQUAL = 1.0
"""How strongly the weights are drawn towards an equal share each, in the weight of so many comments."""


Protected = Mapping[Category, Mapping[str, Floats]]
"""By category what each member says of protected opinions from elsewhere: rows x Category."""


def fit(opinions: Mapping[str, Floats], truth: Floats, protected: Protected | None = None) -> Rules:
    """A rule for every set of members. `opinions`: by member, comments x Category; `truth` likewise.

    A category in `protected` is fitted on those as well, as what does not break it.
    """
    others = protected or {}
    none = np.zeros((0, len(Category)))
    return Rules(
        {
            frozenset(names): {
                category: _rule(
                    names,
                    [
                        np.append(opinions[name], others.get(category, {}).get(name, none), axis=0)[:, column]
                        for name in names
                    ],
                    truth[:, column],
                )
                for column, category in enumerate(Category)
            }
            for names in _sets(sorted(opinions))
        },
        CERTAIN,
    )


def protected(stay: Mapping[Category, npt.NDArray[np.bool_]], said: Mapping[str, Floats]) -> Protected:
    """`stay`: which of the rows, of which `said` speaks, are protected opinions."""
    return {one: {name: scores[stay[one]] for name, scores in said.items()} for one in TAUGHT_BY_OPINIONS}


def _sets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for count in range(1, len(names) + 1):
        yield from combinations(names, count)


def _rule(names: Sequence[str], probabilities: Sequence[Floats], truth: Floats) -> Rule:
    """Of `probabilities` those beyond the last of `truth` are of comments that break nothing."""
    logits = np.stack([_logits(one) for one in probabilities], axis=1)
    truth = np.append(truth, np.zeros(len(logits) - len(truth)))
    equal = np.append(np.full(len(names), 1 / len(names)), 0.0)

    def loss(numbers: Floats) -> tuple[float, Floats]:
        total = logits @ numbers[:-1] + numbers[-1]
        wrong = 1 / (1 + np.exp(-total)) - truth
        away = (numbers - equal) * np.append(np.ones(len(names)), 0.0)
        value = np.logaddexp(0, total).sum() - (truth * total).sum() + TOWARDS_EQUAL * (away**2).sum() / 2
        return float(value), np.append(logits.T @ wrong, wrong.sum()) + TOWARDS_EQUAL * away

    bounds = [(0.0, 3.0)] * len(names) + [(-10.0, 10.0)]
    found = minimize(loss, equal, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = {name: round(float(weight), 4) for name, weight in zip(names, found[:-1], strict=True)}
    return Rule(weights, round(float(found[-1]), 4))


def _logits(probabilities: Floats) -> Floats:
    clipped = np.clip(probabilities, LEAST, 1 - LEAST)
    logits: Floats = np.log(clipped / (1 - clipped))
    return logits


def joined(rules: Rules, opinions: Mapping[str, Floats]) -> Floats:
    """What the ensemble would say: comments x Category."""
    found = np.zeros((len(next(iter(opinions.values()))), len(Category)))
    for row in range(len(found)):
        said = _heard(rules, opinions, row)
        found[row] = [score.probability for score in rules.join(Category, said).values()]
    return found


def _heard(rules: Rules, opinions: Mapping[str, Floats], row: int) -> dict[str, Scores]:
    """What each member says of a comment, without those that would be spared it."""
    said: dict[str, Scores] = {
        name: {category: Score(float(one[row, column])) for column, category in enumerate(Category)}
        for name, one in opinions.items()
    }
    for costly in rules.spared:
        if rules.spares(costly, {name: scores for name, scores in said.items() if name != costly}):
            said.pop(costly, None)
    return said


def sparing(
    rules: Rules,
    opinions: Mapping[str, Floats],
    truth: Floats,
    thresholds: Floats,
    elsewhere: Mapping[str, Floats],
) -> Rules:
    """The rules, with the costly member spared as often as the verdicts bear it, or never.

    At least `SAME` of all verdicts stay as they are, on the corpus and on what is said of texts `elsewhere`,
    and no breach of the corpus that is found otherwise is missed. `truth` belongs to `opinions`.
    """
    whole, other = (joined(rules, those) >= thresholds for those in (opinions, elsewhere))
    for below in CUTS if COSTLY in opinions else ():
        tried = replace(rules, spared={COSTLY: below})
        some, others = (joined(tried, those) >= thresholds for those in (opinions, elsewhere))
        missed = (whole & ~some & (truth > 0)).any()
        if not missed and _same(whole, some) >= SAME and _same(other, others) >= SAME:
            return tried
    return rules


def _same(whole: npt.NDArray[np.bool_], some: npt.NDArray[np.bool_]) -> float:
    return float((whole == some).all(axis=1).mean()) if len(whole) else 1.0


def told(rules: Rules, opinions: Mapping[str, Floats], thresholds: Floats) -> str:
    """One sentence for cards and reports: how seldom the costly member is asked, and what that changes."""
    if not rules.spared or COSTLY not in opinions:
        return f"The {COSTLY} is asked about every comment."
    whole = joined(replace(rules, spared={}), opinions) >= thresholds
    some = joined(rules, opinions) >= thresholds
    same = share(int((whole == some).all(axis=1).sum()), len(whole))
    asked = sum(COSTLY in _heard(rules, opinions, row) for row in range(len(whole))) / len(whole)
    return (
        f"The {COSTLY} is asked about {asked:.1%} of these comments, where the other members leave doubt; "
        f"of {same.n} comments {same.right} ({same.value:.2%}, {same.low:.2%} to {same.high:.2%}) are "
        "flagged as they would be if it were asked about all."
    )


def as_json(rules: Rules) -> bytes:
    entries = [
        {
            "members": sorted(names),
            "categories": {
                category.value: {"weights": dict(rule.weights), "bias": rule.bias}
                for category, rule in by_category.items()
            },
        }
        for names, by_category in rules.by_members.items()
    ]
    certain = {name: sorted(some) for name, some in rules.certain.items()}
    whole = {"certain": certain, "spared": dict(rules.spared), "rules": entries}
    return (json.dumps(whole, indent=2) + "\n").encode()
