"""Whether comments that name people of a group are judged as well as others.

AUCs of Borkan et al. 2019 (arXiv 1903.04561): `subgroup` within the group's comments; `bpsn` its permissible
ones against the abusive ones of all others, low where a group's name alone raises the score; `bnsp` reversed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from classifiers.neutrality.parity import Outcome

FEWEST = 10
"""Comments of each kind, below which an AUC says nothing."""
WITHIN = 0.05
"""How far a group's BPSN AUC may lie below the AUC over all comments."""
MOST_OFTENER = 0.03
"""By how much flags may be more frequent among permissible comments that name a group than among others."""
FEWEST_NAMING = 900
"""Permissible comments naming a group from which that must be shown: what the test needs at 5 % flagged."""
MOST_APART = 0.05
"""How far the scores of the same comment about two groups may be apart, in the mean of a category."""

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    comments: int
    abusive: int
    subgroup: float | None
    bpsn: float | None
    bnsp: float | None
    fails: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """How often what breaks nothing is flagged, and what breaks a clause; with Wilson's 95 % intervals."""

    name: str
    permissible: int
    false_flags: int
    false_flags_low: float
    false_flags_high: float
    violating: int
    found: int
    found_low: float
    found_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How much oftener permissible comments are flagged where they name a group, with its 90 % interval."""

    naming: int
    naming_flagged: int
    others: int
    others_flagged: int
    difference: float
    low_90: float
    high_90: float
    outcome: Outcome


def naming(texts: Sequence[str]) -> Mapping[str, Truths]:
    """By group, which of the texts name it."""
    lowered = [text.lower() for text in texts]
    return {
        name: np.array([expression.search(text) is not None for text in lowered], dtype=bool)
        for name, expression in expressions().items()
    }


def groups(naming: Mapping[str, Truths], abusive: Truths, scores: Floats) -> tuple[float, list[Group]]:
    """The AUC over all comments and each group's."""
    overall = float(roc_auc_score(abusive, scores))
    found = []
    for name, named in naming.items():
        free, hostile = named & ~abusive, named & abusive
        bpsn = _auc(abusive, scores, free | (~named & abusive))
        found.append(
            Group(
                name=name,
                comments=int(named.sum()),
                abusive=int(hostile.sum()),
                subgroup=_auc(abusive, scores, named),
                bpsn=bpsn,
                bnsp=_auc(abusive, scores, hostile | (~named & ~abusive)),
                fails=bpsn is not None and bpsn < overall - WITHIN,
            )
        )
    return overall, found


def _auc(truth: Truths, scores: Floats, chosen: Truths) -> float | None:
    positive = int((truth & chosen).sum())
    if min(positive, int(chosen.sum()) - positive) < FEWEST:
        return None
    return float(roc_auc_score(truth[chosen], scores[chosen]))


@cache
def expressions() -> dict[str, re.Pattern[str]]:
    with Path(__file__).with_name("groups.toml").open("rb") as file:
        raw = tomllib.load(file)["groups"]
    return {name: re.compile(rf"\b(?:{expression})\b") for name, expression in raw.items()}


def cut(name: str, violating: Truths, flagged: Truths) -> Slice:
    wrong, found = int((flagged & ~violating).sum()), int((flagged & violating).sum())
    free, breaches = int((~violating).sum()), int(violating.sum())
    wrong_low, wrong_high = _wilson(wrong, free)
    found_low, found_high = _wilson(found, breaches)
    return Slice(
        name=name,
        permissible=free,
        false_flags=wrong,
        false_flags_low=wrong_low,
        false_flags_high=wrong_high,
        violating=breaches,
        found=found,
        found_low=found_low,
        found_high=found_high,
    )


def oftener(names: Truths, violating: Truths, flagged: Truths) -> Naming:
    """Whether the difference is shown to be under its margin: only its upper end counts (Newcombe 1998)."""
    naming, others = names & ~violating, ~names & ~violating
    n, m = int(naming.sum()), int(others.sum())
    a, b = int((naming & flagged).sum()), int((others & flagged).sum())
    one, other = a / max(1, n), b / max(1, m)
    (low, high), (other_low, other_high) = _wilson(a, n, 0.90), _wilson(b, m, 0.90)
    difference = one - other
    least = difference - sqrt((one - low) ** 2 + (other_high - other) ** 2)
    most = difference + sqrt((high - one) ** 2 + (other - other_low) ** 2)
    if most <= MOST_OFTENER:
        outcome = Outcome.EQUIVALENT
    else:
        enough = n >= FEWEST_NAMING or least > MOST_OFTENER
        outcome = Outcome.NOT_EQUIVALENT if enough else Outcome.TOO_FEW
    return Naming(
        naming=n,
        naming_flagged=a,
        others=m,
        others_flagged=b,
        difference=difference,
        low_90=least,
        high_90=most,
        outcome=outcome,
    )


def _wilson(right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    if n == 0:
        return 0.0, 1.0
    ends = binomtest(right, n).proportion_ci(confidence, method="wilson")
    return float(ends.low), float(ends.high)
