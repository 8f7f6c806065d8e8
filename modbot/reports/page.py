"""The report as one page of HTML that needs nothing beside it, and as the source of the PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from modbot import resources
from modbot.reports import outstanding, phrases, pictures, sentences, templating
from modbot.reports.charts import Drawing
from modbot.reports.figures import BY_CLAUSE, MEANINGS, PARTED, REFERRED, WITHHELD, Seen, Value
from modbot.reports.neutrality import Stratum
from modbot.reports.weekly import UNREGISTERED, Report

GLANCE = ("seen", "flagged", "reviewed", "hidden", "restored", "waiting", "decision_median_hours", "captured")
"""The figures at the head of the report."""
SECOND_LOOKS = ("second_looks", "second_agreed", "second_differed", "agreement")
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
        *(
            "urgent",
            "view_in_time",
            "view_late",
            "urgent_unseen",
            "view_median_minutes",
            "view_longest_minutes",
        ),
        *("referred", *REFERRED.values()),
    ),
    "taken_back": (
        *(*SECOND_LOOKS, "overturned", "corrected"),
        *("appeals_filed", "appeals_decided", "appeals_overturned", "appeals_upheld", "appeals_waiting"),
    ),
    "neutral": ("pairs", "pairs_first_only", "pairs_second_only", "pairs_low", "pairs_high"),
    "watched": ("captured", "gap_hours", "partly_hours"),
    "changed": ("changes",),
    "records": ("requests_received", "requests_answered", "requests_waiting", "disposed"),
}
"""Every total, in the section that tells its course."""
PARTS = {
    "clause": ("flagged", "hidden"),
    "page": ("seen", "flagged", "hidden"),
    "platform": ("seen", "flagged", "hidden"),
    "school": ("seen", "flagged", "hidden"),
    "page watched": ("captured", "gap_hours", "partly_hours"),
    "kind of pair": ("pairs_first_only", "pairs_second_only"),
}
"""What is told of each part over the twelve weeks; the files have the course of every figure."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of a part with that of the week before, and what is usual."""

    now: str
    before: str
    usual: str


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


@dataclass(frozen=True, slots=True)
class Run:
    """A part's twelve weeks."""

    label: str
    weeks: tuple[str, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Runs:
    caption: str
    head: str
    rows: tuple[Run, ...]


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
            runs={place: _runs(report, place, names) for place, names in PARTS.items()},
            strata=_strata(report),
            unregistered=UNREGISTERED,
            tables=tables(report),
            drawings={each.name: each for each in drawings},
            names=pictures.week_names(report),
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


def glance(report: Report) -> list[Course]:
    return [_course(report, name) for name in GLANCE]


def _courses(report: Report, names: Sequence[str]) -> list[Course]:
    hidden = Seen.INTERNAL if report.is_public else None
    told = _told_anywhere(report)
    shown = [name for name in names if MEANINGS[name].seen is not hidden]
    return [_course(report, name) for name in shown if name in told or name != "proposed"]


def _course(report: Report, name: str) -> Course:
    values = report.run(name)
    meaning = MEANINGS[name]
    return Course(
        label=meaning.label,
        unit=meaning.unit,
        text=meaning.text,
        now=phrases.number(values[-1]),
        before=phrases.number(values[-2]),
        usual=phrases.number(_usual(values)),
        weeks=tuple(map(phrases.cell, values)),
    )


def _usual(values: Sequence[Value]) -> Value:
    """The middle of the weeks before the last."""
    before = values[:-1]
    # The middle of those that are told would be too high.
    if WITHHELD in before:
        return WITHHELD
    known = [each for each in before if isinstance(each, int | float)]
    return round(median(known), 2) if known else None


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


def _runs(report: Report, place: str, names: Sequence[str]) -> list[Runs]:
    """A table for each of the figures; none where there is nothing to tell the parts of."""
    by = place.split(" watched")[0]
    found = []
    for name in names:
        parts = report.parts(name, by)
        rows = [
            Run(_part_name(report, by, each), tuple(map(phrases.cell, report.run(name, by, each))))
            for each in parts
        ]
        meaning = MEANINGS[name]
        unit = "" if meaning.unit in ("comments", "pairs") else f" ({meaning.unit})"
        found.append(Runs(f"{meaning.label}{unit} by {by}, week by week", phrases.capital(by), tuple(rows)))
    return [each for each in found if each.rows]


def _part_name(report: Report, by: str, which: str) -> str:
    if by == "clause":
        return sentences.clause_name(report, which)
    return report.page(which).name if by == "page" else which


def _strata(report: Report) -> list[tuple[Stratum, Stratum | None]]:
    """Each kind of pair beside what came out the week before."""
    before = {each.name: each for each in report.basis.weeks[-2].panel.strata}
    return [(each, before.get(each.name)) for each in report.basis.panel.strata]


def _told_anywhere(report: Report) -> set[str]:
    """The names of the figures that one of the weeks has."""
    return {key.name for figures in report.course for key in figures}


def _row(report: Report, by: str, which: str, names: Sequence[str]) -> Row:
    name, about = _part_name(report, by, which), ""
    if by == "page":
        page = report.page(which)
        about = ", ".join(
            part for part in (page.platform, page.school, "not watched" if page.is_retired else "") if part
        )
    return Row(name, about, tuple(_cell(report.run(each, by, which)) for each in names))


def _cell(values: Sequence[Value]) -> Cell:
    return Cell(phrases.cell(values[-1]), phrases.cell(values[-2]), phrases.cell(_usual(values)))


def _days(report: Report) -> list[tuple[str, list[str]]]:
    return [
        (page.name, [phrases.cell(each) for each in pictures.watched(report, page.key)])
        for page in report.measured.pages
    ]
