"""Times of the week, as the settings write them: "20:00-06:30" or "mon-fri 07:00-17:00, sat 09:00-12:00"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_SPAN = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?"
    r"(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes of the day on some weekdays. An end before its start is on the next day."""

    days: frozenset[int]
    start: int
    end: int

    def holds(self, moment: datetime) -> bool:
        minute, day = moment.hour * 60 + moment.minute, moment.weekday()
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        return (day in self.days and minute >= self.start) or (
            (day - 1) % 7 in self.days and minute < self.end
        )


Hours = tuple[Span, ...]


def parse(text: str) -> Hours:
    """Raises ValueError in words for whoever wrote the setting."""
    return tuple(_span(part.strip()) for part in text.lower().split(",")) if text.strip() else ()


def hold(hours: Hours, moment: datetime) -> bool:
    """Whether a moment, in the district's time zone, lies in any of the spans."""
    return any(span.holds(moment) for span in hours)


def end_of(hours: Hours, moment: datetime) -> datetime:
    """The first moment from `moment` on that lies in none of the spans; a week later if there is none."""
    found = moment
    for _ in range(7 * _DAY):
        if not hold(hours, found):
            return found
        # Through UTC, so that the hour that a clock change leaves out or repeats is counted once.
        whole = found.replace(second=0, microsecond=0)
        found = datetime.fromtimestamp(whole.timestamp() + 60, tz=found.tzinfo)
    return found


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no time of the week; write 20:00-06:30 or mon-fri 07:00-17:00")
    start, end = _minutes(found["start"]), _minutes(found["end"])
    if start == end:
        raise ValueError(f"'{text}' begins when it ends")
    return Span(_days(found["first"], found["last"]), start, end)


def _minutes(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    if minute > 59 or hour * 60 + minute > _DAY:
        raise ValueError(f"'{text}' is no time of day")
    return hour * 60 + minute


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    for name in (first, last):
        if name is not None and name not in DAYS:
            raise ValueError(f"'{name}' is no weekday; they are {', '.join(DAYS)}")
    begin = DAYS.index(first)
    length = (DAYS.index(last) - begin) % 7 if last else 0
    return frozenset((begin + n) % 7 for n in range(length + 1))
