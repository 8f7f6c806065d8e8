"""The report as one page of HTML that needs nothing beside it, and as the source of the PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from modbot import resources
from modbot.reports import charts, outstanding, phrases, sentences, templating
from modbot.reports.charts import FIRST, SECOND, THIRD, Drawing, Line, bars, calendar, course
from modbot.reports.figures import BY_CLAUSE, MEANINGS, PARTED, REFERRED, WITHHELD, Seen, Value
from modbot.reports.measuring import DAYS
from modbot.reports.weekly import Report

GLANCE = ("seen", "flagged", "reviewed", "hidden", "restored", "waiting", "decision_median_hours", "captured")
"""The figures at the head of the report."""
SECOND_LOOKS = ("second_looks", "second_agreed", "agreement")
SECTIONS = {
    "written": ("seen", "edited", "gone", "flagged", "not_scored"),
    "decided": ("reviewed", "left_up", "hidden", "proposed", "carried_out", "deleted", "failed", "restored"),
    "pace": (
        "decision_median_hours",
        "decision_p90_hours",
        "cases_opened",
        "cases_decided",
        "waiting",
        "oldest_hours",
    ),
    "threats": (
        *("urgent", "urgent_unseen", "view_median_minutes", "view_longest_minutes"),
        *("referred", *REFERRED.values()),
    ),
    "taken_back": (
        *(*SECOND_LOOKS, "overturned", "corrected"),
        *("appeals_filed", "appeals_decided", "appeals_overturned", "appeals_waiting"),
    ),
    "watched": ("captured", "gap_hours"),
    "changed": ("changes",),
    "records": ("requests_received", "requests_answered", "requests_waiting", "disposed"),
}
"""Every total, in the section that tells its course."""


@dataclass(frozen=True, slots=True)
class Cell:
    now: str
    before: str


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    about: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """A figure with this week, the one before, the usual, and all twelve."""

    label: str
    unit: str
    text: str
    now: str
    before: str
    usual: str
    weeks: tuple[str, ...]


def render(report: Report, drawings: Sequence[Drawing], *, for_paper: bool = False) -> str:
    """HTML. Without drawings the tables stand alone; on paper they are named, not drawn."""
    return (
        templating.environment()
        .get_template("report.html")
        .render(
            report=report,
            title=title(report),
            week=report.week,
            zone=report.basis.zone,
            dates=_dates(report),
            figures=glance(report),
            courses={name: _courses(report, names) for name, names in SECTIONS.items()},
            tables=tables(report),
            drawings={each.name: each for each in drawings},
            names=week_names(report),
            first=outstanding,
            say=sentences,
            phrases=phrases,
            days=_days(report),
            for_paper=for_paper,
            style=Markup((resources.folder("reports") / "templates" / "report.css").read_text("utf-8")),  # noqa: S704
        )
    )


def title(report: Report) -> str:
    return f"{report.basis.district}: comment moderation, week {report.week}"


def _dates(report: Report) -> str:
    """`Monday, November 16, to Sunday, November 22, 2026`."""
    first, last = report.week.monday, report.week.sunday
    year = "" if first.year == last.year else f" {first.year},"
    return f"Monday, {first:%B %-d},{year} to Sunday, {last:%B %-d, %Y}"


def week_names(report: Report) -> tuple[str, ...]:
    """Each by its Monday, such as 11/16: few readers know the numbers of weeks."""
    return tuple(f"{each.week.monday:%-m/%-d}" for each in report.basis.weeks)


def glance(report: Report) -> list[Course]:
    return [_course(report, name) for name in GLANCE]


def _courses(report: Report, names: Sequence[str]) -> list[Course]:
    hidden = Seen.INTERNAL if report.is_public else None
    told = _told_anywhere(report)
    shown = [name for name in names if MEANINGS[name].seen is not hidden]
    return [_course(report, name) for name in shown if name in told or name != "proposed"]


def _course(report: Report, name: str) -> Course:
    values = report.run(name)
    before = values[:-1]
    known = [each for each in before if isinstance(each, int | float)]
    # The middle of those that are told would be too high.
    usual: Value = WITHHELD if WITHHELD in before else round(median(known), 2) if known else None
    meaning = MEANINGS[name]
    return Course(
        label=meaning.label,
        unit=meaning.unit,
        text=meaning.text,
        now=phrases.number(values[-1]),
        before=phrases.number(values[-2]),
        usual=phrases.number(usual),
        weeks=tuple(map(phrases.cell, values)),
    )


def tables(report: Report) -> dict[str, Table]:
    """The week's figures by clause, page, platform and school."""
    told = _told_anywhere(report)
    by_clause = [name for name in BY_CLAUSE if name in told]
    found = {
        "clause": Table(
            "By clause of the policy",
            tuple(MEANINGS[name].label for name in by_clause),
            tuple(_row(report, "clause", each, by_clause) for each in report.parts("flagged", "clause")),
        )
    }
    found["second looks"] = Table(
        "By clause judged by two reviewers",
        tuple(MEANINGS[name].label for name in SECOND_LOOKS),
        tuple(
            _row(report, "clause", each, SECOND_LOOKS)
            for each in report.parts("second_looks", "clause")
            if report.value("second_looks", "clause", each)
        ),
    )
    parted = [name for name in PARTED if name in told]
    for by, caption in (("page", "By page"), ("platform", "By platform"), ("school", "By school")):
        found[by] = Table(
            caption,
            tuple(MEANINGS[name].label for name in parted),
            tuple(_row(report, by, each, parted) for each in report.parts("seen", by)),
        )
    return found


def _told_anywhere(report: Report) -> set[str]:
    """The names of the figures that one of the weeks has."""
    return {key.name for figures in report.course for key in figures}


def _row(report: Report, by: str, which: str, names: Sequence[str]) -> Row:
    name, about = which, ""
    if by == "clause":
        name = sentences.clause_name(report, which)
    elif by == "page":
        page = report.page(which)
        name, about = page.name, ", ".join(part for part in (page.platform, page.school) if part)
    cells = tuple(
        Cell(
            phrases.cell(report.value(each, by, which)),
            phrases.cell(report.value(each, by, which, back=1)),
        )
        for each in names
    )
    return Row(name, about, cells)


def _days(report: Report) -> list[tuple[str, list[str]]]:
    return [
        (page.name, [phrases.cell(each) for each in _watched(report, page.key)])
        for page in report.measured.pages
    ]


def _watched(report: Report, page: str) -> list[Value]:
    return [report.value("captured", "page and day", f"{page} {day}") for day in DAYS]


def drawings_of(report: Report) -> list[Drawing]:
    """Every chart of the report that has something to show; none where matplotlib is not installed."""
    if not charts.are_possible():
        return []
    found = [
        _over_weeks(report, "volume", "New comments, week by week", {"seen": "New"}, "comments"),
        _over_weeks(
            report,
            "judged",
            "Flagged, left up and hidden, week by week",
            {"flagged": "Flagged", "left_up": "Left up", "hidden": "Hidden"},
            "comments",
        ),
        _by_clause(report),
        _over_weeks(
            report,
            "pace",
            "Time to a decision, week by week",
            {"decision_p90_hours": "Nine of ten", "decision_median_hours": "Half"},
            "hours",
        ),
        _watched_days(report),
    ]
    return [each for each in found if each is not None]


def _over_weeks(report: Report, name: str, title: str, lines: dict[str, str], unit: str) -> Drawing | None:
    looks = ((FIRST, "-"), (SECOND, "--"), (THIRD, ":"))
    drawn = [
        Line(label, report.run(figure), colour, dashes)
        for (figure, label), (colour, dashes) in zip(lines.items(), looks, strict=False)
    ]
    known = [line for line in drawn if any(map(_is_number, line.values))]
    if not known:
        return None
    told = (_told(line, week_names(report)) for line in drawn)
    text = f"{' '.join(told)} The table has the {unit} of every week."
    return course(name, title, text, week_names(report), known, unit)


def _told(line: Line, names: Sequence[str]) -> str:
    """A line's course in words."""
    known = [each for each in line.values if isinstance(each, int | float)]
    if not known:
        return f"{line.name}: no number is told."
    return (
        f"{line.name}: {phrases.number(line.values[0])} in {names[0]}, {phrases.number(line.values[-1])} in "
        f"{names[-1]}, between {phrases.number(min(known))} and {phrases.number(max(known))}."
    )


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float)


def _watched_days(report: Report) -> Drawing | None:
    rows = {page.name: _watched(report, page.key) for page in report.measured.pages}
    if not rows:
        return None
    return calendar("calendar", "When each page was watched", sentences.capture(report), rows, DAYS)


def _by_clause(report: Report) -> Drawing | None:
    rows = {
        sentences.clause_name(report, each): (
            report.value("left_up", "clause", each),
            report.value("hidden", "clause", each),
        )
        for each in report.parts("flagged", "clause")
    }
    if not any(_is_number(each) and each for both in rows.values() for each in both):
        return None
    return bars(
        "clauses", "Left up and hidden, by clause", sentences.clauses(report), rows, ("left up", "hidden")
    )
