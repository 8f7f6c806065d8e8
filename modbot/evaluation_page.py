"""An evaluation of the models as one web page that needs nothing else: for whoever answers for using them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from classifiers.thresholds import Share
from classifiers.training.examining import NOTHING
from classifiers.training.report import Confusion, Details, Interval, Report, Slice
from modbot import evaluation_charts as drawn
from modbot import resources
from modbot.reports import charts
from modbot.reports.charts import Drawing
from modbot.reports.templating import environment

ISSUES = "issue: "
APART = ("issue: ", "source: ")
"""Slices that have a table of their own, and one that is the same for every comment."""
WEAK = 0.7
"""A slice in which less is found is named at the head of the page."""
ENOUGH = 20
"""Breaches that a slice must have for that."""


@dataclass(frozen=True, slots=True)
class Mistaken:
    """One cell of the confusion beside its row."""

    count: int
    share: float
    """Of the row, 0 to 1."""
    right: bool


@dataclass(frozen=True, slots=True)
class Confused:
    truth: str
    comments: int
    cells: tuple[Mistaken, ...]


def render(report: Report, made: date) -> str:
    """HTML with its styles and charts inside; comments stand in it as text. `report` with its details."""
    details = report.details
    assert details is not None  # noqa: S101 - `evaluate` gives them
    figures = {each.category: each for each in report.categories}
    return (
        environment()
        .get_template("evaluation.html")
        .render(
            report=report,
            details={each.category: each for each in details.categories},
            figures=figures,
            issues=details.issues,
            made=f"{made.day} {made:%B %Y}",
            weak=weak(report.slices),
            parts=_parts(report),
            by_issue=[each for each in report.slices if each.name.startswith(ISSUES)],
            confused=confused(details.confusion),
            heads=[*figures, NOTHING],
            drawings={each.name: each for each in drawings_of(report, details)},
            style=Markup((resources.folder("reports") / "templates" / "report.css").read_text("utf-8")),  # noqa: S704
            percent=percent,
            told=told,
            between=between,
        )
    )


def percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def told(share: Share, wider: Interval | None = None) -> str:
    """`12 of 40, 30.0 % (18.1 to 45.4 %)`; a dash where there is nothing to count."""
    if not share.n:
        return "–"
    return f"{share.right} of {share.n}, {percent(share.value)} ({between(share, wider)})"


def between(share: Share, wider: Interval | None = None) -> str:
    ends = wider or share
    return f"{100 * ends.low:.1f} to {percent(ends.high)}"


def _parts(report: Report) -> list[Slice]:
    return [each for each in report.slices if not each.name.startswith(APART)]


def weak(slices: Sequence[Slice]) -> list[Slice]:
    """Where clearly too little is found, the weakest first."""
    found = [each for each in slices if each.recall.n >= ENOUGH and each.recall.value < WEAK]
    return sorted(found, key=lambda each: each.recall.value)


def confused(confusion: Sequence[Confusion]) -> list[Confused]:
    return [
        Confused(
            each.truth,
            each.comments,
            tuple(
                Mistaken(count, count / each.comments if each.comments else 0.0, name == each.truth)
                for name, count in each.flagged.items()
            ),
        )
        for each in confusion
    ]


def drawings_of(report: Report, details: Details) -> list[Drawing]:
    """None where matplotlib is not installed; every figure is in a table, too."""
    if not charts.are_possible():
        return []
    figures = {each.category: each for each in report.categories}
    wider = {each.category: each for each in details.categories}
    same = "The table below has the same figures."
    found = {name: drawn.Line.of(name, each.recall, wider[name].recall) for name, each in figures.items()}
    right = {
        name: drawn.Line.of(name, each.precision, wider[name].precision) for name, each in figures.items()
    }
    parts = [drawn.Line.of(each.name, each.recall) for each in _parts(report) if each.recall.n]
    return [
        drawn.shares("recall", "Of the breaches, the share that is found", same, [*found.values()]),
        drawn.shares("precision", "Of the flags, the share that is right", same, [*right.values()]),
        drawn.tradeoffs(details.categories, figures),
        drawn.reliability(details.categories),
        drawn.shares("parts", "Of the breaches in each part, the share that is found", same, parts),
    ]
