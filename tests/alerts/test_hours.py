from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from modbot.alerts import hours

ZONE = ZoneInfo("America/Los_Angeles")


def at(text: str) -> datetime:
    """A moment of the week of Monday, November 16, 2026: "mon 07:30"."""
    day, clock = text.split()
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, 16 + hours.DAYS.index(day), hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("07:00-17:00", ["mon 07:00", "sun 16:59"], ["mon 06:59", "mon 17:00"]),
        ("20:00-06:30", ["mon 20:00", "tue 06:29", "mon 00:00"], ["mon 06:30", "mon 19:59"]),
        ("mon-fri 07:00-17:00", ["fri 12:00"], ["sat 12:00"]),
        ("fri-mon 20:00-06:00", ["fri 21:00", "sat 05:00", "tue 05:59"], ["fri 05:00", "tue 21:00"]),
        ("sat 09:00-12:00, sun 00:00-24:00", ["sat 10:00", "sun 23:59"], ["sat 13:00", "mon 00:00"]),
        ("", [], ["mon 12:00"]),
    ],
)
def test_a_time_of_the_week_holds_some_moments(text: str, inside: list[str], outside: list[str]) -> None:
    spans = hours.parse(text)
    assert [moment for moment in inside if not hours.hold(spans, at(moment))] == []
    assert [moment for moment in outside if hours.hold(spans, at(moment))] == []


@pytest.mark.parametrize(
    "text", ["noon", "7-17", "07:00-25:00", "07:60-08:00", "xyz 07:00-08:00", "08:00-08:00"]
)
def test_what_is_no_time_of_the_week_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time|no weekday|begins when it ends"):
        hours.parse(text)


def test_the_end_of_quiet_hours_is_found_across_midnight_and_weekends() -> None:
    quiet = hours.parse("mon-fri 20:00-06:30, sat-sun 00:00-24:00")
    assert hours.end_of(quiet, at("mon 21:10")) == at("tue 06:30")
    assert hours.end_of(quiet, at("mon 12:00")) == at("mon 12:00")
    assert hours.end_of(quiet, at("fri 23:00")) == at("mon 00:00") + timedelta(days=7)


def test_quiet_hours_end_by_the_wall_clock_when_clocks_change() -> None:
    before = datetime(2026, 10, 31, 22, 0, tzinfo=ZONE)
    end = hours.end_of(hours.parse("20:00-06:30"), before)
    assert (end.day, end.hour, end.minute) == (1, 6, 30)
    assert end.timestamp() - before.timestamp() == 9.5 * 3600


def test_what_never_ends_ends_after_a_week() -> None:
    start = at("mon 00:00")
    assert hours.end_of(hours.parse("00:00-24:00"), start) == start + timedelta(days=7)
