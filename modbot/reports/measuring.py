"""One week's figures, each from the entries of that week and those before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from modbot.proposals import final_only
from modbot.reports import (
    appeals,
    capture,
    changes,
    counting,
    extent,
    neutrality,
    requests,
    second_looks,
    threats,
    waiting,
)
from modbot.reports.capture import Gap, Registered
from modbot.reports.changes import Change
from modbot.reports.counting import Tally
from modbot.reports.extent import Extent
from modbot.reports.figures import BY_CLAUSE, NO_CLAUSE, PARTED, REFERRED, Figures, Key, Value
from modbot.reports.neutrality import Panel
from modbot.reports.waiting import Waiting, percentile
from modbot.reports.weeks import Week

DISTRICT = "District"
"""The school of pages that belong to none."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Measured:
    """A week's figures, and what they were counted from. `figures` is empty before the log began."""

    week: Week
    extent: Extent
    figures: Figures
    pages: tuple[Registered, ...]
    gaps: tuple[Gap, ...]
    closed_parts: tuple[Gap, ...]
    waiting: Waiting
    changes: tuple[Change, ...]
    panel: Panel


def measure(connection: Connection, week: Week, zone: ZoneInfo, patience: timedelta) -> Measured:
    """`patience` is how long a page may go unread before that is a gap."""
    span = extent.between(connection, week.start(zone), week.end(zone))
    if span.last == 0:
        return Measured(week, span, {}, (), (), (), Waiting(0, None, None), (), neutrality.UNMEASURED)
    pages = capture.register(connection, span)
    gaps = capture.gaps(connection, span, pages, patience)
    closed = capture.closed_parts(connection, span, pages)
    left = waiting.at_end(connection, span)
    changed = changes.of_rules(connection, span)
    tally = counting.count(connection, span)
    panel = neutrality.panel(connection, span)
    rules = changes.in_force(connection, span)
    clauses = () if rules is None else changes.titles(rules)
    figures: dict[Key, Value] = {
        **dict(_counted(tally, pages, clauses)),
        **dict(_parted(tally, pages)),
        **dict(_timed(connection, span, left)),
        **dict(_looked_at(threats.minutes_to_first_look(connection, span))),
        **dict(_captured(week, zone, span, pages, gaps)),
        **dict(_hours_of("partly_hours", span, pages, closed)),
        **dict(second_looks.figures(connection, span, clauses)),
        **dict(appeals.figures(connection, span)),
        **dict(requests.figures(connection, span)),
        Key("changes"): len(changed),
        **dict(neutrality.figures(panel)),
    }
    return Measured(
        week, span, figures, tuple(pages), tuple(gaps), tuple(closed), left, tuple(changed), panel
    )


TOTALS = (
    *(*PARTED, "overturned", "corrected", "carried_out", "deleted", "failed"),
    *("referred", *REFERRED.values(), "disposed"),
)


def _counted(
    tally: Tally, pages: Sequence[Registered], clauses: Iterable[str]
) -> Iterator[tuple[Key, Value]]:
    """Every clause is named, used or not: to name only those with a count would tell that there was one."""
    for name in _possible(TOTALS, tally, pages):
        yield Key(name), tally.total(name)
    for page in pages:
        for name in _possible(PARTED, tally, [page]):
            yield Key(name, "page", page.key), tally.pages[name, page.key]
    named = dict.fromkeys([*clauses, *sorted(clause for _, clause in tally.clauses), NO_CLAUSE])
    for name in _possible(BY_CLAUSE, tally, pages):
        for clause in named:
            yield Key(name, "clause", clause), tally.clauses[name, clause]


def _parted(tally: Tally, pages: Sequence[Registered]) -> Iterator[tuple[Key, Value]]:
    for by, parts in groups(pages).items():
        for which, keys in parts.items():
            for name in _possible(PARTED, tally, [page for page in pages if page.key in keys]):
                yield Key(name, by, which), sum(tally.pages[name, key] for key in keys)


def _possible(names: Sequence[str], tally: Tally, pages: Sequence[Registered]) -> list[str]:
    """Those that can be other than zero on these pages: see PARTED."""
    final = any(tally.pages["proposed", page.key] or _only_deletes(page.platform) for page in pages)
    return [name for name in names if final or name != "proposed"]


def _only_deletes(platform: str) -> bool:
    try:
        return final_only(platform)
    except KeyError:
        # Of an installed package that is no longer there.
        return False


def groups(pages: Iterable[Registered]) -> dict[str, dict[str, list[str]]]:
    """Platforms and schools, each with the keys of its pages."""
    found: dict[str, dict[str, list[str]]] = {"platform": {}, "school": {}}
    for page in pages:
        found["platform"].setdefault(page.platform, []).append(page.key)
        found["school"].setdefault(page.school or DISTRICT, []).append(page.key)
    return {by: dict(sorted(parts.items())) for by, parts in found.items()}


def _timed(connection: Connection, span: Extent, left: Waiting) -> Iterator[tuple[Key, Value]]:
    hours = waiting.hours_to_decision(connection, span)
    yield Key("cases_opened"), waiting.opened(connection, span)
    yield Key("cases_decided"), len(hours)
    yield Key("decision_median_hours"), _rounded(percentile(hours, 0.5))
    yield Key("decision_p90_hours"), _rounded(percentile(hours, 0.9))
    yield Key("waiting"), left.cases
    age = None if left.since is None else (span.end - left.since).total_seconds() / 3600
    yield Key("oldest_hours"), _rounded(age)


def _looked_at(minutes: Sequence[float | None]) -> Iterator[tuple[Key, Value]]:
    seen = sorted(each for each in minutes if each is not None)
    yield Key("urgent"), len(minutes)
    yield Key("urgent_unseen"), len(minutes) - len(seen)
    late = sum(each > threats.SOON for each in seen)
    yield Key("view_in_time"), len(seen) - late
    yield Key("view_late"), late
    yield Key("view_median_minutes"), _rounded(median(seen) if seen else None)
    yield Key("view_longest_minutes"), _rounded(seen[-1] if seen else None)


def _captured(
    week: Week, zone: ZoneInfo, span: Extent, pages: Sequence[Registered], gaps: Sequence[Gap]
) -> Iterator[tuple[Key, Value]]:
    shares = {page.key: capture.share(page, gaps, span.start, span.end) for page in pages}
    watched = [each for each in shares.values() if each is not None]
    yield Key("captured"), _rounded(sum(watched) / len(watched) if watched else None)
    yield from _hours_of("gap_hours", span, pages, gaps)
    for page in pages:
        yield Key("captured", "page", page.key), _rounded(shares[page.key])
        for day, begin, finish in week.days(zone):
            share = capture.share(page, gaps, begin, finish)
            yield Key("captured", "page and day", f"{page.key} {day_name(day)}"), _rounded(share)


def _hours_of(
    name: str, span: Extent, pages: Sequence[Registered], found: Sequence[Gap]
) -> Iterator[tuple[Key, Value]]:
    """None of a page that was not to be watched in the span."""
    yield Key(name), _rounded(_hours(found))
    for page in pages:
        hours = _hours(gap for gap in found if gap.page == page.key)
        to_watch = page.to_watch(span.start, span.end)
        yield Key(name, "page", page.key), _rounded(hours) if to_watch else None


def day_name(day: date) -> str:
    return DAYS[day.weekday()]


def _hours(gaps: Iterable[Gap]) -> float:
    return sum(gap.length.total_seconds() for gap in gaps) / 3600


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
