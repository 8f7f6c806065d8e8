"""Operating points: from which joined score on a category is flagged, and what that was measured to mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers import manifest
from classifiers.base import Category, ModelTampered

NAME = "thresholds"
FILE = "thresholds.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """right of n, with its 95 % Wilson interval; value is 0 where n is 0."""

    right: int
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """What was measured at one threshold: shares between 0 and 1, as in OperatingPoint."""

    threshold: float
    precision: float
    recall: float
    false_flags: float
    opinions: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    threshold: float
    goal: str
    """What was asked for in choosing the threshold, in words."""
    precision: Share
    recall: Share
    false_flags: Share
    """Flags of this category among comments that break nothing."""
    opinions: Share
    """Flags of this category among protected opinions of public sources."""
    curve: tuple[CurvePoint, ...]
    """The same at other thresholds, from low to high."""

    def at(self, threshold: float) -> CurvePoint:
        """The measured point nearest to a threshold."""
        return min(self.curve, key=lambda point: abs(point.threshold - threshold))


def load(models: Path) -> Mapping[Category, OperatingPoint]:
    """The shipped points, one for every category. Raises ModelMissing or ModelTampered."""
    content = manifest.verified(models, NAME, FILE)
    try:
        entries = json.loads(content)["categories"]
        return {category: _point(entries[category]) for category in Category}
    except (KeyError, TypeError, ValueError) as error:
        raise ModelTampered(f"{models / FILE} does not hold operating points: restore it") from error


def _point(entry: Mapping[str, Any]) -> OperatingPoint:
    names = ("precision", "recall", "false_flags", "opinions")
    shares = {name: Share(**entry[name]) for name in names}
    curve = tuple(CurvePoint(**point) for point in entry["curve"])
    return OperatingPoint(threshold=float(entry["threshold"]), goal=str(entry["goal"]), curve=curve, **shares)


def flagged(scores: Mapping[Category, Any], points: Mapping[Category, OperatingPoint]) -> list[Category]:
    """The categories at or over their threshold, in the order of Category."""
    return [
        category
        for category in Category
        if category in scores
        and category in points
        and scores[category].probability >= points[category].threshold
    ]
