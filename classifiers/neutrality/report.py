"""What the neutrality audit found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from classifiers.neutrality.identity import MOST_APART, MOST_OFTENER, Group, Naming, Slice
from classifiers.neutrality.parity import Outcome, Parity


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
    """First side's score minus the second's, over pairs of one kind."""

    category: str
    mean: float
    low_90: float
    high_90: float
    apart: float
    """The mean of how far apart the two are, whichever is higher."""
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
    """Of the pairs of opposite opinions."""
    group_gaps: tuple[Gap, ...]
    """Of the pairs that differ in the group; none where there is no such pair."""
    auc: float
    groups: tuple[Group, ...]
    naming: Naming
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
        found += [
            f"{each.name}: comments that merely name this group score too much like abuse ({each.bpsn:.3f})"
            for each in self.groups
            if each.fails
        ]
        found += [
            f"{each.category}: the same comment about two groups scores {each.apart:.3f} apart in the mean, "
            f"which is more than {MOST_APART}"
            for each in self.group_gaps
            if each.apart > MOST_APART
        ]
        if self.naming.outcome is Outcome.NOT_EQUIVALENT:
            found.append(
                "permissible comments that name a group are flagged more often than others by "
                f"{self.naming.low_90:+.1%} to {self.naming.high_90:+.1%}, "
                f"which is not inside {MOST_OFTENER:.0%}"
            )
        return found

    @property
    def not_established(self) -> Sequence[str]:
        """What neither passed nor failed: there are too few comments to tell. It is no part of a pass."""
        found = [each.name for each in (self.pooled, *self.strata) if each.outcome is Outcome.TOO_FEW]
        if self.naming.outcome is Outcome.TOO_FEW:
            found.append("permissible comments that name a group beside those that name none")
        return found

    @property
    def passed(self) -> bool:
        return not self.failures

    def as_data(self) -> dict[str, Any]:
        found = {"failures": list(self.failures), "not_established": list(self.not_established)}
        return {"passed": self.passed} | found | asdict(self)
