"""The thresholds that a policy sets for itself, under a learned model whose scores mean something else.

The measured thresholds move with a learned calibration, because they are the models'. What a clause sets is
the district's own word and stands as it was signed off; so people are told what it comes to under the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from classifiers.base import Category
from classifiers.joining import Calibration
from modbot import wiring
from modbot.errors import ConfigError
from modbot.policy import Mode, Policy
from modbot.store import Store

LEAST = 0.005
"""A shift smaller than this is none: people write thresholds with two places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifted:
    """`alike` is where what scores `threshold` without the model scores with it."""

    clause: str
    category: str
    threshold: float
    alike: float


def in_force(store: Store, figures: Mapping[str, Any]) -> list[Shifted]:
    """Of the policy that the bot judges by; none before there is one."""
    try:
        return shifted(wiring.policy_in_force(store), figures)
    except ConfigError:
        return []


def shifted(rules: Policy, figures: Mapping[str, Any]) -> list[Shifted]:
    """In the policy's order. `figures`: of the learned model, as they are on record."""
    found = []
    for clause, category, threshold in _own(rules):
        learned = figures.get("categories", {}).get(category.value)
        if learned and "stretch" in learned:
            alike = Calibration(learned["stretch"], learned["shift"]).moved(threshold)
            if abs(alike - threshold) >= LEAST:
                found.append(
                    Shifted(clause=clause, category=category.value, threshold=threshold, alike=alike)
                )
    return found


def _own(rules: Policy) -> Iterator[tuple[str, Category, float]]:
    for clause in rules.clause:
        if clause.mode is not Mode.OFF:
            yield from ((clause.id, category, limit) for category, limit in clause.thresholds.items())
    for watch in rules.watch:
        if watch.threshold is not None:
            yield watch.id, watch.category, watch.threshold
