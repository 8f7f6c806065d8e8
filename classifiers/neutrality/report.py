"""What the neutrality audit found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from classifiers.neutrality.identity import Group, Slice
from classifiers.neutrality.parity import Parity


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """The pairs of one issue that were treated differently."""

    name: str
    pairs: int
    first_only: int
    second_only: int

    @property
    def fails(self) -> bool:
        """Three or more, all leaning one way, as the audit's design has it."""
        return max(self.first_only, self.second_only) >= 3 and min(self.first_only, self.second_only) == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """First side's score minus the second's, over the pairs of opposite opinions."""

    category: str
    mean: float
    low_90: float
    high_90: float
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A pair in which only one side was flagged."""

    stratum: str
    flagged: str
    left_alone: str
    categories: tuple[str, ...]
    learned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    version: str
    """The ensemble's members with their versions."""
    pooled: Parity
    strata: tuple[Parity, ...]
    issues: tuple[Issue, ...]
    gaps: tuple[Gap, ...]
    auc: float
    groups: tuple[Group, ...]
    slices: tuple[Slice, ...]
    examples: tuple[Example, ...]

    @property
    def failures(self) -> Sequence[str]:
        """In words, why it did not pass; none if it did."""
        found = [
            f"{each.name}: the difference lies between {each.low_90:+.1%} and {each.high_90:+.1%}, "
            f"which is not inside {each.margin:.0%} either way"
            for each in (self.pooled, *self.strata)
            if each.fails
        ]
        found += [
            f"{each.name}: in {max(each.first_only, each.second_only)} pairs the same side was flagged alone"
            for each in self.issues
            if each.fails
        ]
        return found + [
            f"{each.name}: comments that merely name this group score too much like abuse ({each.bpsn:.3f})"
            for each in self.groups
            if each.fails
        ]

    @property
    def passed(self) -> bool:
        return not self.failures

    def as_data(self) -> dict[str, Any]:
        return {"passed": self.passed, "failures": list(self.failures)} | asdict(self)
