"""Equivalence of two sides from matched pairs. "No significant difference" is not equivalence; this is.

Two one-sided tests at 0.05 (Schuirmann 1987): equivalent if the 90 % interval of the paired difference lies
inside the margin. The interval is Tango's score interval (Statistics in Medicine 17, 1998), which holds
with few or no discordant pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from scipy.optimize import brentq
from scipy.stats import binomtest, norm

ENOUGH = 60
"""Pairs from which a stratum must prove equivalence; with fewer even no difference at all may not do so."""
ALPHA = 0.05


class Outcome(StrEnum):
    EQUIVALENT = "equivalent"
    NOT_EQUIVALENT = "not equivalent"
    TOO_FEW = "not established: too few"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """What happened to the pairs of one stratum; differences are first side minus second, as shares."""

    name: str
    margin: float
    pairs: int
    both: int
    first_only: int
    second_only: int
    neither: int
    difference: float
    low_90: float
    high_90: float
    low_95: float
    high_95: float
    p_value: float
    """Of the exact McNemar test."""
    outcome: Outcome

    @property
    def fails(self) -> bool:
        return self.outcome is Outcome.NOT_EQUIVALENT


def parity(name: str, flags: Sequence[tuple[bool, bool]], margin: float) -> Parity:
    n = len(flags)
    first, second = sum(a and not b for a, b in flags), sum(b and not a for a, b in flags)
    low, high = interval(first, second, n, 0.90)
    wide = interval(first, second, n, 0.95)
    p = float(binomtest(first, first + second).pvalue) if first + second else 1.0
    return Parity(
        name=name,
        margin=margin,
        pairs=n,
        both=sum(a and b for a, b in flags),
        first_only=first,
        second_only=second,
        neither=sum(not a and not b for a, b in flags),
        difference=(first - second) / n if n else 0.0,
        low_90=low,
        high_90=high,
        low_95=wide[0],
        high_95=wide[1],
        p_value=p,
        outcome=_outcome(n, -margin < low and high < margin, p),
    )


def _outcome(pairs: int, inside: bool, p: float) -> Outcome:
    """A small stratum does not fail for being small, only for a difference that chance does not explain."""
    if inside:
        return Outcome.EQUIVALENT
    return Outcome.NOT_EQUIVALENT if pairs >= ENOUGH or p < ALPHA else Outcome.TOO_FEW


def interval(first_only: int, second_only: int, pairs: int, confidence: float) -> tuple[float, float]:
    """Of the difference of two shares of the same pairs, from those in which only one side was flagged."""
    if pairs == 0:
        return -1.0, 1.0
    z = float(norm.ppf((1 + confidence) / 2))
    return -_upper(second_only, first_only, pairs, z), _upper(first_only, second_only, pairs, z)


def _upper(first: int, second: int, n: int, z: float) -> float:
    difference = (first - second) / n
    end = 1 - 1e-9
    if difference >= end:
        return 1.0

    def over(delta: float) -> float:
        a, b = 2 * n, (2 * n - first + second) * delta - first - second
        likely = (sqrt(max(0.0, b * b + 4 * a * second * delta * (1 - delta))) - b) / (2 * a)
        spread = n * (2 * likely + delta * (1 - delta))
        return (n * delta - (first - second)) - z * sqrt(max(spread, 0.0))

    start = difference + 1e-9
    return float(brentq(over, start, end)) if over(start) < 0 < over(end) else end
