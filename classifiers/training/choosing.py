"""Thresholds as goals: the lowest score at which false flags stay within the budget."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from classifiers.base import Category
from classifiers.thresholds import OperatingPoint
from classifiers.training.measures import Floats, share
from classifiers.training.reading import Row

LOWEST = 0.05
FARTHER = 2.0
"""Opinions of other places than school pages may be flagged twice as often: they are not what is scored."""


def budgets() -> Mapping[Category, float]:
    goals = tomllib.loads((Path(__file__).parent / "goals.toml").read_text(encoding="utf-8"))
    return {Category(name): float(value) for name, value in goals["at_most"].items()}


def choose(budget: float, permissible: Floats, viewpoints: Floats) -> float:
    """The lowest threshold that keeps both groups within their budgets, in steps of 0.0001."""
    lowest = LOWEST
    for scores, most in ((permissible, budget), (viewpoints, FARTHER * budget)):
        if len(scores):
            allowed = int(most * len(scores))
            lowest = max(lowest, float(np.sort(scores)[::-1][min(allowed, len(scores) - 1)]) + 1e-4)
    return round(min(lowest, 1.0), 4)


def point(category: Category, rows: Sequence[Row], scores: Floats, viewpoints: Floats) -> OperatingPoint:
    """`scores` belong to `rows`, `viewpoints` to protected opinions of other sources."""
    budget = budgets()[category]
    free = np.array([row.permissible for row in rows])
    truth = np.array([row.labels.get(category, False) for row in rows])
    threshold = choose(budget, scores[free], viewpoints)
    over = scores >= threshold
    return OperatingPoint(
        threshold=threshold,
        goal=f"most recall with at most {budget:.1%} of comments that break nothing flagged",
        precision=share(int((over & truth).sum()), int(over.sum())),
        recall=share(int((over & truth).sum()), int(truth.sum())),
        false_flags=share(int((over & free).sum()), int(free.sum())),
    )


def as_json(points: Mapping[Category, OperatingPoint]) -> bytes:
    from dataclasses import asdict

    categories = {category.value: asdict(point) for category, point in points.items()}
    return (json.dumps({"categories": categories}, indent=2) + "\n").encode()
