"""The report's charts as SVG: drawn by matplotlib, the same bytes every time, read by eye and by ear.

Colours are names that the page's style sheet fills in, so that one drawing serves light, dark and print.
Needs the extra `reports`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

from modbot.reports.figures import Value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = 16
"""Charts kept: the public version draws hardly any that the internal one has not drawn before."""
Rows: TypeAlias = "tuple[tuple[str, tuple[Value, ...]], ...]"
"""What each row is called, and its values."""
WIDTH = 6.4
"""Inches; the page scales the drawing to its own width."""
# Stand-ins that matplotlib writes into the drawing and `_painted` replaces: (on paper, in the page).
INK, SOFT, LINE, FIRST, SECOND, THIRD, PALE, TINT = (f"#0a0b{number:02x}" for number in range(8))
COLOURS = {
    INK: ("#1b2530", "var(--ink)"),
    SOFT: ("#4f5d6b", "var(--soft)"),
    LINE: ("#c9d2da", "var(--line)"),
    FIRST: ("#0b5563", "var(--first)"),
    SECOND: ("#b45309", "var(--second)"),
    THIRD: ("#6b7a88", "var(--third)"),
    PALE: ("#eef2f5", "var(--pale)"),
    TINT: ("#c3d3d8", "var(--tint)"),
}
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "modbot",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": LINE,
    "grid.linewidth": 0.6,
}


def are_possible() -> bool:
    """Whether the extra is installed."""
    return find_spec("matplotlib") is not None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with what it shows in words: `title` names it, `text` tells its course."""

    name: str
    title: str
    text: str
    svg: str
    """With stand-ins for colours."""

    def in_page(self) -> str:
        return _painted(self.svg, 1)

    def on_paper(self) -> str:
        return _painted(self.svg, 0)


def _painted(svg: str, place: int) -> str:
    for stand_in, both in COLOURS.items():
        svg = svg.replace(stand_in, both[place])
    return svg


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    values: tuple[Value, ...]
    colour: str
    dashes: str = "-"


@lru_cache(DRAWN)
def course(
    name: str, title: str, text: str, weeks: tuple[str, ...], lines: tuple[Line, ...], unit: str
) -> Drawing:
    """Several figures over the weeks, each named at its end; weeks without a number leave a space."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = canvas(2.5, left=0.75, right=1.05, top=0.08, bottom=0.27)
    for line in lines:
        values = [float(each) if isinstance(each, int | float) else float("nan") for each in line.values]
        axes.plot(
            range(len(weeks)),
            values,
            line.dashes,
            color=line.colour,
            linewidth=1.8,
            marker="o",
            markersize=3.5,
        )
    _name_ends(axes, lines)
    axes.set_xticks(range(len(weeks)), weeks)
    axes.set_xlim(-0.4, len(weeks) - 0.6)
    axes.set_ylim(bottom=0, top=None if _highest(lines) else 1)
    axes.set_ylabel(unit)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    return drawing(figure, name, title, text)


def _highest(lines: Sequence[Line]) -> float:
    return max((each for line in lines for each in line.values if isinstance(each, int | float)), default=0)


def _name_ends(axes: Axes, lines: Sequence[Line]) -> None:
    """Each line's name to the right of its last point, pushed apart where they would touch."""
    top = _highest(lines) or 1
    ends = sorted((_last(line), line.name, line) for line in lines)
    places = _apart([height for height, _, _ in ends], top, top * 0.11)
    for place, (_, _, line) in zip(places, ends, strict=True):
        axes.annotate(
            line.name,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=line.colour,
            fontweight="bold",
            annotation_clip=False,
        )


def _apart(heights: Sequence[float], top: float, distance: float) -> list[float]:
    """The heights, from the lowest, moved as little as it takes to lie so far apart, none above the top."""
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + distance) if found else height)
    for place in reversed(range(len(found))):
        above = found[place + 1] - distance if place + 1 < len(found) else top
        found[place] = min(found[place], above)
    return found


def _last(line: Line) -> float:
    known = [each for each in line.values if isinstance(each, int | float)]
    return float(known[-1]) if known else 0.0


@lru_cache(DRAWN)
def bars(name: str, title: str, text: str, rows: Rows, names: tuple[str, str]) -> Drawing:
    """For each row two numbers as one bar: what stayed up, then what was hidden, each written beside it."""
    figure, axes = canvas(0.3 + 0.34 * max(len(rows), 1), left=2.3)
    for place, (_, (first, second)) in enumerate(rows):
        up, hidden = _length(first), _length(second)
        axes.barh(place, up, color=FIRST, height=0.62)
        axes.barh(
            place, hidden, left=up, color=SECOND, height=0.62, hatch="////", edgecolor=PALE, linewidth=0
        )
        axes.annotate(
            f"{_told(first)} {names[0]}, {_told(second)} {names[1]}",
            (up + hidden, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    longest = max((_length(a) + _length(b) for _, (a, b) in rows), default=0)
    axes.set_xlim(0, (longest or 1) * 2.2)
    axes.set_yticks(range(len(rows)), [_short(each, 28) for each, _ in rows])
    axes.tick_params(axis="y", colors=INK)
    axes.set_xticks([])
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.invert_yaxis()
    return drawing(figure, name, title, text)


def _length(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _told(value: Value) -> str:
    return f"{value:,}" if isinstance(value, int | float) else "?"


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


@lru_cache(DRAWN)
def calendar(name: str, title: str, text: str, rows: Rows, days: tuple[str, ...]) -> Drawing:
    """Pages by days: a full square was watched all day, an emptier one less; the share is written in it."""
    figure, axes = canvas(0.35 + 0.36 * max(len(rows), 1), left=1.85, top=0.3)
    _squares(axes, [values for _, values in rows])
    for row, (_, values) in enumerate(rows):
        for column, value in enumerate(values):
            if not isinstance(value, int | float):
                axes.text(column, row, "–", ha="center", va="center", color=SOFT)
    axes.set_xlim(-0.5, len(days) - 0.5)
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_xticks(range(len(days)), days)
    axes.set_yticks(range(len(rows)), [_short(each, 24) for each, _ in rows])
    axes.tick_params(axis="both", colors=INK)
    axes.xaxis.tick_top()
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    return drawing(figure, name, title, text)


def _squares(axes: Axes, rows: Sequence[Sequence[Value]]) -> None:
    """Shapes of one look are one collection: each as a shape of its own takes ten times as long to draw."""
    from matplotlib.collections import PolyCollection

    places = [
        (column, row, value)
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
        if isinstance(value, int | float)
    ]
    partly = [each for each in places if each[2] < 100]
    looks: list[tuple[list[Any], dict[str, Any]]] = [
        ([_box(column, row) for column, row, _ in partly], {"facecolor": PALE}),
        ([_box(column, row) for column, row, value in places if value >= 100], {"facecolor": FIRST}),
        ([_box(column, row, value / 100) for column, row, value in partly], {"facecolor": TINT}),
        (
            [_box(column, row) for column, row, _ in partly],
            {"facecolor": "none", "edgecolor": SECOND, "linewidth": 1.6},
        ),
    ]
    for shapes, look in looks:
        if shapes:
            axes.add_collection(PolyCollection(shapes, **look), autolim=False)
    for column, row, value in partly:
        axes.text(
            column, row, f"{min(value, 99.9):.3g} %", ha="center", va="center", color=INK, fontweight="bold"
        )


def _box(column: int, row: int, share: float = 1) -> list[tuple[float, float]]:
    """The corners of a square, or of its left part."""
    left, right, top, bottom = column - 0.46, column - 0.46 + 0.92 * share, row - 0.4, row + 0.4
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def canvas(
    height: float, *, left: float, right: float = 0.05, top: float = 0.05, bottom: float = 0.05
) -> tuple[Figure, Axes]:
    """Margins in inches, wide enough for what is written there: to have them measured doubles the time."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        figure.subplots_adjust(left / WIDTH, bottom / height, 1 - right / WIDTH, 1 - top / height)
        return figure, figure.add_subplot()


def drawing(figure: Figure, name: str, title: str, text: str) -> Drawing:
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(
            out, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    return Drawing(name, title, text, _named(out.getvalue(), name, title, text))


def _named(svg: str, name: str, title: str, text: str) -> str:
    """The drawing as part of a page: ids of its own, no fixed size, and its words for who cannot see it."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", body)
    # The words take the page's own letters; the one rule of the drawing would hold for the whole page.
    body = re.sub(r"font-family: [^;\"]+", "font-family: var(--letters, 'DejaVu Sans', sans-serif)", body)
    body = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.S)
    head, _, rest = body.partition(">")
    box = re.search(r'viewBox="[^"]+"', head)
    opening = (
        f'<svg {box[0] if box else ""} role="img" aria-labelledby="{name}-title {name}-desc" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    words = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(text)}</desc>'
    return opening + words + rest
