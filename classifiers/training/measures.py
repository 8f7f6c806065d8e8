"""The numbers a report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from classifiers.thresholds import Share

Floats = npt.NDArray[np.float64]
Z95 = 1.959964


def share(right: int, n: int) -> Share:
    """Wilson's interval, which stays sensible for none or all of a few."""
    if n == 0:
        return Share(right=0, n=0, value=0.0, low=0.0, high=1.0)
    value, z = right / n, Z95
    centre = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(value * (1 - value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(
        right=right,
        n=n,
        value=round(value, 4),
        low=round(max(0.0, centre - half), 4),
        high=round(min(1.0, centre + half), 4),
    )


def auc(truth: Sequence[bool], scores: Floats) -> float | None:
    """None where only one class is there."""
    return round(float(roc_auc_score(truth, scores)), 4) if 0 < sum(truth) < len(truth) else None


def average_precision(truth: Sequence[bool], scores: Floats) -> float | None:
    return round(float(average_precision_score(truth, scores)), 4) if 0 < sum(truth) < len(truth) else None


def calibration_error(truth: Sequence[bool], scores: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean gap of score and frequency over equally wide bins, by their size."""
    if not len(truth):
        return 0.0
    bucket = np.minimum((scores * bins).astype(int), bins - 1)
    right = np.asarray(truth, dtype=np.float64)
    gaps = [
        abs(float(right[bucket == number].mean() - scores[bucket == number].mean()))
        * float((bucket == number).mean())
        for number in range(bins)
        if (bucket == number).any()
    ]
    return round(sum(gaps), 4)
