"""The configured classifiers as one ensemble; apart from `wiring.py`, so that scoring alone starts fast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import classifiers
from classifiers import joining, thresholds
from classifiers.base import Category
from classifiers.ensemble import Ensemble
from modbot.errors import ConfigError


def ensemble_of(
    members: tuple[str, ...], models: Path, district: Path | None = None
) -> tuple[Ensemble, Mapping[Category, float]]:
    """The ensemble, and from which score on each category counts. Absent members are named, not fatal.

    `district`: the folder of those members whose data are the district's own.
    """
    refuse_unknown(members)
    chosen = [classifiers.load(name) for name in members]
    made = [each((district or models) if each.district else models) for each in chosen]
    ensemble = Ensemble(made, joining.load(models))
    ensemble.load()
    return ensemble, operating_points(models)


def operating_points(models: Path) -> Mapping[Category, float]:
    """From which joined score on each category counts."""
    return {category: point.threshold for category, point in thresholds.load(models).items()}


def refuse_unknown(members: tuple[str, ...]) -> None:
    unknown = sorted(set(members) - set(classifiers.names()))
    if unknown or not members:
        raise ConfigError(
            f"There is no classifier {', '.join(unknown)}." if unknown else "No classifier is configured.",
            remedy=f"[classifiers] members may hold: {', '.join(classifiers.names())}.",
        )
