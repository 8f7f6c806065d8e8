"""What lies behind a report's figures: how sure they are, where scores are wrong, and on which comments.

Pure, as `measuring`; a second or two for a thousand comments, which is why training does without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve

from classifiers.base import Category
from classifiers.training.measures import Floats, share
from classifiers.training.reading import Row
from classifiers.training.report import Bin, Confusion, Detail, Details, Example, Interval

Truths = npt.NDArray[np.bool_]
Draws = npt.NDArray[np.int64]
DRAWS = 200
"""So many that the ends of a 95 % interval are the fifth from either side."""
BINS = 10
POINTS = 60
EXAMPLES = 5
NOTHING = "nothing"


def details(
    rows: Sequence[Row], scores: Floats, thresholds: Mapping[Category, float], seed: int = 7
) -> Details:
    """`scores`: rows x Category. Rows with all nine labels known; their `family` is what is drawn."""
    limits = np.array([thresholds[category] for category in Category])
    truth = np.array([[row.labels[category] for category in Category] for row in rows], dtype=bool)
    over = scores >= limits
    families, place = np.unique([row.family for row in rows], return_inverse=True)
    draws = np.random.default_rng(seed).multinomial(
        len(families), np.full(len(families), 1 / len(families)), DRAWS
    )
    found = [
        _detail(category, rows, scores[:, column], truth, over, draws[:, place])
        for column, category in enumerate(Category)
    ]
    return Details(issues=len(families), categories=tuple(found), confusion=tuple(_confusion(truth, over)))


def _detail(
    category: Category, rows: Sequence[Row], scores: Floats, truth: Truths, over: Truths, weights: Draws
) -> Detail:
    """`weights`: draws x rows, how often each row's issue was drawn."""
    column = list(Category).index(category)
    true, flagged = truth[:, column], over[:, column]
    free: Truths = np.logical_not(truth.any(axis=1))
    auc, average = _ranked(weights, true, scores)
    missed, wrong = np.flatnonzero(true & ~flagged), np.flatnonzero(flagged & ~true)
    return Detail(
        category=category.value,
        auc=auc,
        average_precision=average,
        precision=_ratio(weights, true & flagged, flagged),
        recall=_ratio(weights, true & flagged, true),
        false_flags=_ratio(weights, free & flagged, free),
        tradeoff=_tradeoff(true, scores),
        bins=_bins(true, scores),
        missed=_examples(rows, missed[np.argsort(scores[missed], kind="stable")], scores, over),
        wrongly_flagged=_examples(rows, wrong[np.argsort(-scores[wrong], kind="stable")], scores, over),
    )


def _ranked(weights: Draws, true: Truths, scores: Floats) -> tuple[Interval | None, Interval | None]:
    """AUC and average precision; none where some draw has breaches only, or none at all."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    found = (weights[:, order] * true[order]).cumsum(axis=1)[:, ends].astype(np.float64)
    flagged = weights[:, order].cumsum(axis=1)[:, ends].astype(np.float64)
    breaches, others = found[:, -1], flagged[:, -1] - found[:, -1]
    if not (breaches * others).all():
        return None, None
    recall = found / breaches[:, None]
    false = (flagged - found) / others[:, None]
    precision = found / np.maximum(flagged, 1)
    start = np.zeros((len(weights), 1))
    auc = np.trapezoid(np.hstack([start, recall]), np.hstack([start, false]), axis=1)
    average = (np.diff(recall, axis=1, prepend=0) * precision).sum(axis=1)
    return _middle(auc), _middle(average)


def _ratio(weights: Draws, right: Truths, of: Truths) -> Interval | None:
    """The wider, at either end, of what the draws say and of Wilson's; none where too few issues have any."""
    parts, wholes = weights @ right.astype(np.int64), weights @ of.astype(np.int64)
    if not (wholes > 0).all():
        return None
    drawn, single = _middle(parts / wholes), share(int(right.sum()), int(of.sum()))
    return Interval(min(drawn.low, single.low), max(drawn.high, single.high))


def _middle(values: Floats) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(round(float(low), 4), round(float(high), 4))


def _tradeoff(true: Truths, scores: Floats) -> tuple[tuple[float, float], ...]:
    if not true.any():
        return ()
    precision, recall, _ = precision_recall_curve(true, scores)
    steps = np.append(np.flatnonzero(np.diff(recall)), len(recall) - 1)
    some = steps[np.unique(np.linspace(0, len(steps) - 1, POINTS).astype(int))][::-1]
    return tuple((round(float(recall[one]), 4), round(float(precision[one]), 4)) for one in some)


def _bins(true: Truths, scores: Floats) -> tuple[Bin, ...]:
    bucket = np.minimum((scores * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            low=number / BINS,
            high=(number + 1) / BINS,
            score=round(float(scores[inside].mean()), 4),
            breaches=share(int(true[inside].sum()), int(inside.sum())),
        )
        for number in range(BINS)
        if (inside := bucket == number).any()
    )


def _examples(
    rows: Sequence[Row], worst: npt.NDArray[Any], scores: Floats, over: Truths
) -> tuple[Example, ...]:
    """The first of each issue, in the order given."""
    by_issue: dict[str, int] = {}
    for index in worst.tolist():
        by_issue.setdefault(rows[index].family, index)
    return tuple(
        Example(
            text=rows[index].text,
            labels=tuple(category.value for category in Category if rows[index].labels[category]),
            flags=tuple(category.value for category, flag in zip(Category, over[index], strict=True) if flag),
            issue=issue,
            score=round(float(scores[index]), 4),
        )
        for issue, index in list(by_issue.items())[:EXAMPLES]
    )


def _confusion(truth: Truths, over: Truths) -> list[Confusion]:
    names = [*(category.value for category in Category), NOTHING]
    true = np.column_stack([truth, ~truth.any(axis=1)])
    flagged = np.column_stack([over, ~over.any(axis=1)])
    counts = true.astype(np.int64).T @ flagged.astype(np.int64)
    return [
        Confusion(
            truth=name,
            comments=int(true[:, row].sum()),
            flagged=dict(zip(names, counts[row].tolist(), strict=True)),
        )
        for row, name in enumerate(names)
    ]
