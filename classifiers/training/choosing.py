"""Thresholds as goals: the lowest score at which false flags stay within both of their budgets."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from classifiers.base import Category
from classifiers.thresholds import CurvePoint, OperatingPoint
from classifiers.training.measures import Floats, share
from classifiers.training.reading import Row

LOWEST = 0.12
"""A flag that is less likely to be right than this helps nobody, even where the budgets would bear it."""
STEPS = 50
"""So many thresholds between 0 and 1 are measured, to show what a change would do."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most this share may be flagged: of permissible comments, and of opinions in public sources."""

    permissible: float
    opinions: float
    lowest: float = LOWEST


def budgets() -> Mapping[Category, Budget]:
    goals = tomllib.loads((Path(__file__).parent / "goals.toml").read_text(encoding="utf-8"))
    return {
        category: Budget(
            float(goals["permissible"][category]),
            float(goals["opinions"][category]),
            float(goals["lowest"].get(category, LOWEST)),
        )
        for category in Category
    }


def choose(budget: Budget, permissible: Floats, opinions: Floats) -> float:
    """The lowest threshold that keeps both groups within their budgets, in steps of 0.0001."""
    lowest = budget.lowest
    for scores, most in ((permissible, budget.permissible), (opinions, budget.opinions)):
        if len(scores):
            allowed = int(most * len(scores))
            lowest = max(lowest, float(np.sort(scores)[::-1][min(allowed, len(scores) - 1)]) + 1e-4)
    return round(min(lowest, 1.0), 4)


def point(category: Category, rows: Sequence[Row], scores: Floats, opinions: Floats) -> OperatingPoint:
    """`scores` belong to `rows`, `opinions` to protected opinions of other sources."""
    budget = budgets()[category]
    free = np.array([row.permissible for row in rows])
    truth = np.array([row.labels.get(category, False) for row in rows])
    threshold = choose(budget, scores[free], opinions)
    over = scores >= threshold
    return OperatingPoint(
        threshold=threshold,
        goal=(
            f"most recall with at most {budget.permissible:.1%} of comments that break nothing and "
            f"{budget.opinions:.1%} of opinions elsewhere flagged"
        ),
        precision=share(int((over & truth).sum()), int(over.sum())),
        recall=share(int((over & truth).sum()), int(truth.sum())),
        false_flags=share(int((over & free).sum()), int(free.sum())),
        opinions=share(int((opinions >= threshold).sum()), len(opinions)),
        curve=_curve(scores, truth, free, opinions),
    )


def _curve(scores: Floats, truth: Floats, free: Floats, opinions: Floats) -> tuple[CurvePoint, ...]:
    points = []
    for threshold in np.linspace(0, 1, STEPS + 1)[1:-1]:
        over = scores >= threshold
        right = int((over & truth).sum())
        points.append(
            CurvePoint(
                threshold=round(float(threshold), 2),
                precision=share(right, int(over.sum())).value,
                recall=share(right, int(truth.sum())).value,
                false_flags=share(int((over & free).sum()), int(free.sum())).value,
                opinions=share(int((opinions >= threshold).sum()), len(opinions)).value,
            )
        )
    return tuple(points)


def as_json(points: Mapping[Category, OperatingPoint]) -> bytes:
    categories = {category.value: asdict(point) for category, point in points.items()}
    return (json.dumps({"categories": categories}, indent=1) + "\n").encode()
