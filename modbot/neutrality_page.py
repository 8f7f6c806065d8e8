"""The neutrality audit as one web page that needs nothing else: for the board, counsel and the public."""

from __future__ import annotations

from dataclasses import dataclass

from classifiers.neutrality import Report
from classifiers.neutrality.parity import Parity
from modbot.reports.templating import environment

WIDEST = 0.20
"""The chart ends at twenty points either way; longer intervals run out of it."""
LEFT, WIDTH, ROW = 8, 400, 34


@dataclass(frozen=True, slots=True)
class Bar:
    """One interval of the chart, in its units from the left."""

    name: str
    words: str
    low: float
    high: float
    middle: float
    margin_low: float
    margin_high: float
    y: int
    fails: bool


def render(report: Report) -> str:
    """HTML with its styles and chart inside; comments stand in it as text."""
    bars = [_bar(number, each) for number, each in enumerate((report.pooled, *report.strata))]
    return (
        environment()
        .get_template("neutrality.html")
        .render(
            report=report, bars=bars, zero=_place(0.0), width=WIDTH + 2 * LEFT, height=ROW * len(bars) + 24
        )
    )


def _bar(number: int, each: Parity) -> Bar:
    return Bar(
        name=each.name,
        words=f"{each.low_90:+.1%} to {each.high_90:+.1%}, {each.outcome.value}",
        low=_place(each.low_90),
        high=_place(each.high_90),
        middle=_place(each.difference),
        margin_low=_place(-each.margin),
        margin_high=_place(each.margin),
        y=ROW * number + 22,
        fails=each.fails,
    )


def _place(difference: float) -> float:
    within = max(-WIDEST, min(WIDEST, difference))
    return round(LEFT + WIDTH * (within + WIDEST) / (2 * WIDEST), 1)
