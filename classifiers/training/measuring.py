"""From joined scores to a report. Pure: rows, scores and thresholds in, numbers out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt

from classifiers.base import Category
from classifiers.training.measures import Floats, auc, average_precision, calibration_error, share
from classifiers.training.reading import Row
from classifiers.training.report import Calibration, CategoryReport, Parity, Report, Slice

Thresholds = Mapping[Category, float]
Z90 = 1.644854
LENGTHS = {5: "a few words", 20: "a line (6 to 20 words)", 60: "a paragraph (21 to 60 words)"}
LONGER = "several paragraphs"


def report(version: str, rows: Sequence[Row], scores: Floats, thresholds: Thresholds) -> Report:
    """`scores`: rows x Category, in the order of Category. Rows with all nine labels known."""
    over = scores >= np.array([thresholds[category] for category in Category])
    truth = np.array([[row.labels.get(category, False) for category in Category] for row in rows])
    free = np.array([row.permissible for row in rows])
    opinion = np.array([row.viewpoint for row in rows])
    micro, macro = f1_scores(over, truth)
    return Report(
        version=version,
        rows=len(rows),
        categories=tuple(one_category(category, rows, scores, thresholds) for category in Category),
        false_flags=share(int(over[free].any(axis=1).sum()), int(free.sum())),
        viewpoints=share(int(over[free & opinion].any(axis=1).sum()), int((free & opinion).sum())),
        micro_f1=micro,
        macro_f1=macro,
        slices=tuple(_slices(rows, over, truth, free)),
        parity=_parities(rows, over, free),
    )


def one_category(
    category: Category, rows: Sequence[Row], scores: Floats, thresholds: Thresholds
) -> CategoryReport:
    column = list(Category).index(category)
    known = np.array([category in row.labels for row in rows], dtype=bool)
    truth = np.array([row.labels.get(category, False) for row in rows], dtype=bool)[known]
    own = scores[known, column]
    over = own >= thresholds[category]
    free = np.array([_breaks_nothing(row, category) for row in rows], dtype=bool)[known]
    return CategoryReport(
        category=category.value,
        auc=auc(truth.tolist(), own),
        average_precision=average_precision(truth.tolist(), own),
        threshold=thresholds[category],
        precision=share(int((over & truth).sum()), int(over.sum())),
        recall=share(int((over & truth).sum()), int(truth.sum())),
        false_flags=share(int((over & free).sum()), int(free.sum())),
        calibration_error=calibration_error(truth.tolist(), own),
    )


def _breaks_nothing(row: Row, category: Category) -> bool:
    """As far as its labels tell: no public source has all of them."""
    return row.permissible or (len(row.labels) < len(Category) and row.labels.get(category) is False)


def calibrations(rows: Sequence[Row], said: Mapping[str, Floats]) -> tuple[Calibration, ...]:
    """`said`: by member, rows x Category, before anything is joined."""
    other = np.array([row.lang != "en" for row in rows], dtype=bool)
    found = []
    for member, scores in said.items():
        for column, category in enumerate(Category):
            truth = np.array([row.labels[category] for row in rows], dtype=bool)
            found.append(
                Calibration(
                    member=member,
                    category=category.value,
                    error=calibration_error(truth.tolist(), scores[:, column]),
                    not_english=calibration_error(truth[other].tolist(), scores[other, column]),
                )
            )
    return tuple(found)


def one_slice(
    name: str, over: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_], free: npt.NDArray[np.bool_]
) -> Slice:
    return Slice(
        name=name,
        rows=len(over),
        false_flags=share(int(over[free].any(axis=1).sum()), int(free.sum())),
        recall=share(int((over & truth).sum()), int(truth.sum())),
    )


def f1_scores(over: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Micro over all categories, and the mean of the categories' own."""
    macro = round(float(np.mean([_f1(*counts) for counts in _counts(over, truth)])), 4)
    return _f1((over & truth).sum(), over.sum(), truth.sum()), macro


def _counts(over: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> Iterable[tuple[int, int, int]]:
    return zip((over & truth).sum(axis=0), over.sum(axis=0), truth.sum(axis=0), strict=True)


def _f1(right: int, flagged: int, true: int) -> float:
    return round(2 * float(right) / float(flagged + true), 4) if flagged + true else 0.0


def _slices(
    rows: Sequence[Row],
    over: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.bool_],
    free: npt.NDArray[np.bool_],
) -> Iterable[Slice]:
    groups: list[tuple[str, Callable[[Row], str]]] = [
        ("language", lambda row: row.lang),
        ("disguised", lambda row: "yes" if row.disguised else "no"),
        ("length", _length),
        ("written as", lambda row: row.part),
        ("source", lambda row: row.source),
        ("issue", lambda row: row.family),
    ]
    for title, key in groups:
        members: dict[str, list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            members[key(row)].append(index)
        for value, indices in sorted(members.items()):
            yield one_slice(f"{title}: {value}", over[indices], truth[indices], free[indices])


def _length(row: Row) -> str:
    words = len(row.text.split())
    return next((name for most, name in LENGTHS.items() if words <= most), LONGER)


def _parities(
    rows: Sequence[Row], over: npt.NDArray[np.bool_], free: npt.NDArray[np.bool_]
) -> dict[str, Parity]:
    sides: dict[str, dict[str, int]] = defaultdict(dict)
    for index, row in enumerate(rows):
        if row.pair and row.side in ("pro", "con"):
            sides[row.pair][row.side] = index
    pairs = [(pair["pro"], pair["con"]) for pair in sides.values() if len(pair) == 2]
    strata = {
        "pooled": pairs,
        "permissible": [pair for pair in pairs if free[list(pair)].all()],
        "violating": [pair for pair in pairs if not free[list(pair)].any()],
    }
    return {
        name: parity([(bool(over[a].any()), bool(over[b].any())) for a, b in some])
        for name, some in strata.items()
    }


def parity(pairs: Sequence[tuple[bool, bool]]) -> Parity:
    """Paired difference of flag rates with Wald's 90 % interval (the equivalence test's interval at 0.05)."""
    n = len(pairs)
    pro, con = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    difference = (pro - con) / n if n else 0.0
    half = Z90 * sqrt(max((pro + con) / n - difference**2, 0.5 / n) / n) if n else 1.0
    return Parity(
        pairs=n,
        only_pro=pro,
        only_con=con,
        difference=round(difference, 4),
        low=round(difference - half, 4),
        high=round(difference + half, 4),
    )
