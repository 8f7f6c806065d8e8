"""Thresholds as goals: the lowest score at which false flags stay within their limits."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from classifiers.base import Category
from classifiers.thresholds import OperatingPoint
from classifiers.training.measures import Floats, share
from classifiers.training.reading import Row

LOWEST = 0.05


@dataclass(frozen=True, slots=True)
class Goal:
    at_most: float
    opinions: float
    """The same limit for opinions of other sources; 1.0 is none."""

    def __str__(self) -> str:
        return f"most recall with at most {self.at_most:.1%} of comments that break nothing flagged"


def goals() -> Mapping[Category, Goal]:
    data = tomllib.loads((Path(__file__).parent / "goals.toml").read_text(encoding="utf-8"))
    return {
        Category(name): Goal(float(share), float(data["opinions"].get(name, 1.0)))
        for name, share in data["at_most"].items()
    }


def choose(goal: Goal, permissible: Floats, opinions: Floats) -> float:
    """The lowest threshold that keeps both groups within their limits, in steps of 0.0001."""
    lowest = LOWEST
    for scores, most in ((permissible, goal.at_most), (opinions, goal.opinions)):
        if len(scores) and most < 1:
            lowest = max(lowest, float(np.sort(scores)[::-1][int(most * len(scores))]) + 1e-4)
    return round(min(lowest, 1.0), 4)


def point(category: Category, rows: Sequence[Row], scores: Floats, opinions: Floats) -> OperatingPoint:
    """`scores` belong to `rows`, `opinions` to protected opinions of other sources."""
    goal = goals()[category]
    free = np.array([row.permissible for row in rows])
    truth = np.array([row.labels.get(category, False) for row in rows])
    threshold = choose(goal, scores[free], opinions)
    over = scores >= threshold
    return OperatingPoint(
        threshold=threshold,
        goal=str(goal),
        precision=share(int((over & truth).sum()), int(over.sum())),
        recall=share(int((over & truth).sum()), int(truth.sum())),
        false_flags=share(int((over & free).sum()), int(free.sum())),
    )


def as_json(points: Mapping[Category, OperatingPoint]) -> bytes:
    categories = {category.value: asdict(point) for category, point in points.items()}
    return (json.dumps({"categories": categories}, indent=2) + "\n").encode()
