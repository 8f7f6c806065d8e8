"""What a learned model must pass before it is kept: neutrality in full, and no loss on the project's corpus.

The corpus knows right from wrong where a district's decisions do not: among comments that nobody was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classifiers import neutrality
from classifiers.base import Category
from classifiers.ensemble import Ensemble
from classifiers.neutrality.pairs import Pair
from classifiers.training import reading
from classifiers.training.reading import Row

MOST_LOST = 0.02
"""Of the breaches of a category that are found now, so many may be missed; of threats none."""
MOST_FLAGGED = 0.01
"""Of the comments that break nothing, so many more may be flagged."""
AT_ONCE = 256

Judge = tuple[Ensemble, Mapping[Category, float]]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    problems: tuple[str, ...]
    """In words, why it may not be kept; none if it may."""
    figures: Mapping[str, Any]
    """What was measured, for the record and the card."""


def check(
    before: Judge, after: Judge, progress: Callable[[str], None], pairs: Sequence[Pair] | None = None
) -> Checked:
    """`before`: the models in use; both with the district's own members.

    `pairs`: others than the project's.
    """
    progress("measuring neutrality")
    report = neutrality.check(*after, pairs)
    progress("comparing with the models in use on the project's corpus")
    rows = list(reading.corpus())
    corpus, problems = _compared(rows, _flags(before, rows), _flags(after, rows))
    pooled = report.pooled
    return Checked(
        problems=(*report.failures, *problems),
        figures={
            "neutrality": {
                "pairs": pooled.pairs,
                "difference": pooled.difference,
                "low": pooled.low_90,
                "high": pooled.high_90,
                "failures": list(report.failures),
            },
            "corpus": corpus,
        },
    )


def _flags(judge: Judge, rows: Sequence[Row]) -> Truths:
    """rows x Category."""
    ensemble, limits = judge
    found = np.zeros((len(rows), len(Category)), dtype=bool)
    for start in range(0, len(rows), AT_ONCE):
        texts = [row.text for row in rows[start : start + AT_ONCE]]
        for index, one in enumerate(ensemble.joined(texts), start):
            found[index] = [each in one and one[each].probability >= limits[each] for each in Category]
    return found


def _compared(rows: Sequence[Row], before: Truths, after: Truths) -> tuple[dict[str, Any], list[str]]:
    problems, recall = [], {}
    for column, category in enumerate(Category):
        breaches = np.array([bool(row.labels.get(category)) for row in rows], dtype=bool)
        was, now = (int((found[:, column] & breaches).sum()) for found in (before, after))
        recall[category.value] = {"breaches": int(breaches.sum()), "found_before": was, "found": now}
        most = 0.0 if category is Category.THREATS else MOST_LOST
        if was - now > most * breaches.sum():
            problems.append(f"{category}: of {breaches.sum()} breaches it finds {now}, not {was} as now")
    free = np.array([row.permissible for row in rows], dtype=bool)
    was, now = (int(found[free].any(axis=1).sum()) for found in (before, after))
    if now - was > MOST_FLAGGED * free.sum():
        problems.append(f"of {free.sum()} comments that break nothing it flags {now}, not {was} as now")
    flags = {"permissible": int(free.sum()), "flagged_before": was, "flagged": now}
    return {"recall": recall, **flags}, problems
