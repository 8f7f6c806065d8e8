"""Numbers, spans and times as people say them; a withheld number says that it is."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from modbot.reports.figures import WITHHELD, Value

DASH = "–"
STAR = "*"
ONE = {
    "comments": "comment",
    "edits": "edit",
    "cases": "case",
    "decisions": "decision",
    "actions": "action",
    "appeals": "appeal",
    "hours": "hour",
    "minutes": "minute",
    "changes": "change",
    "records": "record",
    "pages": "page",
    "filters": "filter",
    "requests": "request",
}


def number(value: Value) -> str:
    """As it is told by itself."""
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    places = 0 if value > 100 else 1 if value >= 10 else 2
    rounded = f"{value:,.{places}f}"
    return rounded.rstrip("0").rstrip(".") if places else rounded


def cell(value: Value) -> str:
    """For one of many cells, under which the sign is explained."""
    return STAR if value == WITHHELD else number(value)


def counted(value: Value, unit: str) -> str:
    """`1 comment`, `no comments`, `a withheld number of comments`."""
    if value is None:
        return f"no known number of {unit}"
    if value == WITHHELD:
        return f"a withheld number of {unit}"
    if value == 0:
        return f"no {ONE.get(unit, unit)}"
    return f"{number(value)} {ONE.get(unit, unit) if value == 1 else unit}"


def long(hours: Value) -> str:
    """A length of time in the unit that fits it."""
    if not isinstance(hours, int | float):
        return "a time that is not told" if hours == WITHHELD else "no time"
    if hours < 1:
        return counted(round(hours * 60), "minutes")
    if hours < 48:
        return counted(round(hours, 1 if hours < 10 else 0), "hours").replace(".0 ", " ")
    return counted(round(hours / 24, 1), "days").replace(".0 ", " ")


def in_hours(minutes: Value) -> Value:
    return minutes / 60 if isinstance(minutes, int | float) else minutes


def were(value: Value) -> str:
    """The verb after so many."""
    return "was" if value in (0, 1) else "were"


def capital(text: str) -> str:
    """A capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def day_and_time(moment: datetime, zone: ZoneInfo) -> str:
    """`Tue, Nov 17, 9:05 AM`."""
    return f"{moment.astimezone(zone):%a, %b %-d, %-I:%M %p}"


def day(moment: datetime, zone: ZoneInfo) -> str:
    """`November 17, 2026`."""
    return f"{moment.astimezone(zone):%B %-d, %Y}"


def listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
