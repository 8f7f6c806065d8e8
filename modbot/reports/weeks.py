"""ISO weeks in the district's time zone: from Monday to Monday, 167 or 169 hours long when clocks change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from modbot.errors import ConfigError

COURSE = 12
"""Weeks that a report looks back on, its own included."""
READY = time(7)
"""When on Monday, district time, the report of the week before is due."""


@dataclass(frozen=True, slots=True, order=True)
class Week:
    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02}"

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def earlier(self, weeks: int = 1) -> Week:
        return of_day(self.monday - timedelta(weeks=weeks))

    def course(self) -> tuple[Week, ...]:
        """The weeks that a report shows, oldest first, this one last."""
        return tuple(self.earlier(back) for back in reversed(range(COURSE)))

    def start(self, zone: ZoneInfo) -> datetime:
        return midnight(self.monday, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The first moment that no longer belongs to the week."""
        return midnight(self.monday + timedelta(days=7), zone)

    def hours(self, zone: ZoneInfo) -> int:
        return round((self.end(zone) - self.start(zone)).total_seconds() / 3600)

    def days(self, zone: ZoneInfo) -> list[tuple[date, datetime, datetime]]:
        """Each day with its first moment and the first of the next."""
        dates = [self.monday + timedelta(days=number) for number in range(8)]
        return [(day, midnight(day, zone), midnight(following, zone)) for day, following in pairwise(dates)]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins there, in UTC."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def of_day(day: date) -> Week:
    year, number, _ = day.isocalendar()
    return Week(year, number)


def of_moment(moment: datetime, zone: ZoneInfo) -> Week:
    return of_day(moment.astimezone(zone).date())


def last_ended(now: datetime, zone: ZoneInfo) -> Week:
    return of_moment(now, zone).earlier()


def last_due(now: datetime, zone: ZoneInfo) -> Week:
    """The newest week whose report is due: from Monday seven o'clock on, the one that ended then."""
    here = now.astimezone(zone)
    ended = last_ended(now, zone)
    early = here.weekday() == 0 and here.time() < READY
    return ended.earlier() if early else ended


def parse(text: str) -> Week:
    """A week as written in ISO 8601, such as 2026-W47. Raises ConfigError."""
    year, found, number = text.strip().upper().partition("-W")
    try:
        if not found:
            raise ValueError
        return of_day(date.fromisocalendar(int(year), int(number), 1))
    except ValueError:
        raise ConfigError(
            f"'{text}' is no week.", remedy="Write the year and the ISO week, such as 2026-W47."
        ) from None
