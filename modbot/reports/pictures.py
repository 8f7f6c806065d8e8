"""Which charts a report has, and what each shows in words."""

from __future__ import annotations

from collections.abc import Sequence

from modbot.reports import charts, phrases, sentences
from modbot.reports.charts import FIRST, SECOND, THIRD, Drawing, Line, bars, calendar, course
from modbot.reports.figures import Value
from modbot.reports.measuring import DAYS
from modbot.reports.weekly import Report


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
        Line(label, tuple(report.run(figure)), colour, dashes)
        for (figure, label), (colour, dashes) in zip(lines.items(), looks, strict=False)
    ]
    known = tuple(line for line in drawn if any(map(_is_number, line.values)))
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
    rows = tuple((page.name, tuple(watched(report, page.key))) for page in report.measured.pages)
    if not rows:
        return None
    return calendar("calendar", "When each page was watched", sentences.capture(report), rows, DAYS)


def _by_clause(report: Report) -> Drawing | None:
    rows = tuple(
        (
            sentences.clause_name(report, each),
            (report.value("left_up", "clause", each), report.value("hidden", "clause", each)),
        )
        for each in report.parts("flagged", "clause")
    )
    if not any(_is_number(each) and each for _, both in rows for each in both):
        return None
    return bars(
        "clauses", "Left up and hidden, by clause", sentences.clauses(report), rows, ("left up", "hidden")
    )


def week_names(report: Report) -> tuple[str, ...]:
    """Each by its Monday, such as 11/16: few readers know the numbers of weeks."""
    return tuple(f"{each.week.monday:%-m/%-d}" for each in report.basis.weeks)


def watched(report: Report, page: str) -> list[Value]:
    return [report.value("captured", "page and day", f"{page} {day}") for day in DAYS]
