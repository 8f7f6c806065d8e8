"""What an evaluation measured, as charts: a small field for each category, and figures with intervals.

Drawn as the weekly report's; needs the extra `reports`, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.thresholds import Share
from classifiers.training.report import CategoryReport, Detail, Interval
from modbot.reports.charts import FIRST, INK, LINE, SECOND, SOFT, STYLE, WIDTH, Drawing, canvas, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
FIELD = 1.75
"""Inches: the height of one small field with its name."""
ROW = 0.3
FEWEST = 5
"""A point of fewer comments says nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure with its 95 % interval."""

    name: str
    share: Share
    low: float
    high: float

    @classmethod
    def of(cls, name: str, share: Share, wider: Interval | None = None) -> Line:
        """With the share's own interval, where there is none that says more."""
        ends = wider or share
        return cls(name.replace("_", " "), share, ends.low, ends.high)


def tradeoffs(details: Sequence[Detail], figures: Mapping[str, CategoryReport]) -> Drawing:
    """Precision over recall at every threshold; the one in use is marked."""

    def field(axes: Axes, each: Detail) -> None:
        axes.plot(*zip(*each.tradeoff, strict=True), color=FIRST, linewidth=1.6)
        here = figures[each.category]
        axes.plot([here.recall.value], [here.precision.value], "o", color=SECOND, markersize=6)

    return _fields(
        "tradeoff",
        "What a lower or higher threshold would bring, by category",
        "To the right: the share of the breaches that is found. Upward: the share of the flags that is right."
        " The dot is the threshold in use. The table above has its figures.",
        [each for each in details if each.tradeoff],
        field,
    )


def reliability(details: Sequence[Detail]) -> Drawing:
    """How often a score comes true, in ten steps."""

    def field(axes: Axes, each: Detail) -> None:
        axes.plot([0, 1], [0, 1], "--", color=LINE, linewidth=1.2)
        bins = [one for one in each.bins if one.breaches.n >= FEWEST]
        for one in bins:
            axes.plot([one.score] * 2, [one.breaches.low, one.breaches.high], color=SOFT, linewidth=1)
        axes.plot(
            [one.score for one in bins],
            [one.breaches.value for one in bins],
            "o-",
            color=FIRST,
            linewidth=1.4,
            markersize=3.5,
        )

    return _fields(
        "reliability",
        "Whether scores come true, by category",
        "To the right: the score. Upward: the share of such comments that break it, with its interval."
        " On the dashed line a score of 0.7 is right seven times in ten. "
        f"Steps with fewer than {FEWEST} comments are left out.",
        details,
        field,
    )


def _fields(
    name: str, title: str, text: str, details: Sequence[Detail], draw: Callable[[Axes, Detail], None]
) -> Drawing:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = max(1, -(-len(details) // COLUMNS))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, rows * FIELD))
        figure.subplots_adjust(0.06, 0.28 / (rows * FIELD), 0.99, 1 - 0.25 / (rows * FIELD), 0.2, 0.42)
        for place, each in enumerate(details, start=1):
            axes = figure.add_subplot(rows, COLUMNS, place)
            draw(axes, each)
            axes.set_title(each.category.replace("_", " "), fontsize=9, color=INK, loc="left", pad=4)
            axes.set_xlim(-0.03, 1.03)
            axes.set_ylim(-0.03, 1.03)
            axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
            axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    return drawing(figure, name, title, text)


def shares(name: str, title: str, text: str, lines: Sequence[Line]) -> Drawing:
    """Each figure as a dot on a scale from none to all, its interval as a line, its numbers beside it."""
    figure, axes = canvas(0.35 + ROW * max(len(lines), 1), left=2.35, right=1.2, bottom=0.28)
    for place, each in enumerate(lines):
        axes.plot(
            [each.low, each.high],
            [place, place],
            color=FIRST,
            linewidth=2,
            solid_capstyle="round",
            clip_on=False,
        )
        axes.plot([each.share.value], [place], "o", color=FIRST, markersize=5, clip_on=False)
        axes.annotate(
            f"{each.share.value:.0%} ({each.share.right}/{each.share.n})",
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            annotation_clip=False,
        )
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_yticks(range(len(lines)), [each.name for each in lines])
    axes.tick_params(axis="y", colors=INK)
    axes.grid(axis="x")
    axes.set_ylim(max(len(lines), 1) - 0.5, -0.5)
    return drawing(figure, name, title, text)
