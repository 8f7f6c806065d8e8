"""How well what was chosen holds elsewhere: chosen on one half of the issues, measured on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from classifiers.base import Category
from classifiers.training import choosing, fitting, measuring, weighing
from classifiers.training.measures import Floats, share
from classifiers.training.reading import Row

Opinions = Mapping[str, Floats]
HALVES = 2


def flags(
    rows: Sequence[Row],
    said: Opinions,
    opinions: Mapping[Category, npt.NDArray[np.bool_]],
    elsewhere: Opinions,
) -> npt.NDArray[np.bool_]:
    """Rows x Category. `opinions`: which of the public rows, of which `elsewhere` speaks, are to stay."""
    half = fitting.folds(rows, seed=1, count=HALVES)
    truth = np.array([[float(row.labels[category]) for category in Category] for row in rows])
    found = np.zeros(truth.shape, dtype=bool)
    for chosen, measured in fitting.splits(half):
        own = {name: one[chosen] for name, one in said.items()}
        rules = weighing.fit(own, truth[chosen], weighing.protected(opinions, elsewhere))
        scores, others = weighing.joined(rules, said), weighing.joined(rules, elsewhere)
        free = chosen & (truth.sum(axis=1) == 0)
        for column, category in enumerate(Category):
            budget = choosing.budgets()[category]
            limit = choosing.choose(budget, scores[free, column], others[opinions[category], column])
            found[measured, column] = scores[measured, column] >= limit
    return found


def told(rows: Sequence[Row], over: npt.NDArray[np.bool_]) -> str:
    """One sentence for cards and reports."""
    truth = np.array([[row.labels[category] for category in Category] for row in rows], dtype=bool)
    free = ~truth.any(axis=1)
    threats = list(Category).index(Category.THREATS)
    flagged = share(int(over[free].any(axis=1).sum()), int(free.sum()))
    recall = share(int((over & truth)[:, threats].sum()), int(truth[:, threats].sum()))
    micro, macro = measuring.f1_scores(over, truth)
    return (
        "With joining rule and thresholds chosen on one half of these issues and measured on the other, "
        f"and the other way round: micro-F1 {micro}, macro-F1 {macro}, threats found {recall.value:.3f} "
        f"({recall.low:.3f} to {recall.high:.3f}), permissible comments flagged {flagged.value:.3f} "
        f"({flagged.low:.3f} to {flagged.high:.3f})."
    )
