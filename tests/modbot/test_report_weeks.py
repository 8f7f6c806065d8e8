"""ISO weeks in the district's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbot.errors import ConfigError
from modbot.reports import weeks
from modbot.reports.weeks import Week

ZONE = ZoneInfo("America/Los_Angeles")
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(("text", "hours"), [("2026-W10", 167), ("2026-W44", 169), ("2026-W47", 168)])
def test_a_week_in_which_the_clocks_change_is_an_hour_shorter_or_longer(text: str, hours: int) -> None:
    assert weeks.parse(text).hours(ZONE) == hours


def test_a_week_begins_and_ends_at_midnight_of_the_district() -> None:
    week = weeks.parse("2026-W10")
    assert week.start(ZONE) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert week.end(ZONE) == datetime(2026, 3, 9, 7, tzinfo=UTC)


@given(MOMENTS)
def test_every_moment_lies_in_its_week_and_in_one_of_its_days(moment: datetime) -> None:
    week = weeks.of_moment(moment, ZONE)
    assert week.start(ZONE) <= moment < week.end(ZONE)
    assert sum(start <= moment < end for _, start, end in week.days(ZONE)) == 1
    assert week.days(ZONE)[0][1] == week.start(ZONE)
    assert week.days(ZONE)[-1][2] == week.end(ZONE)


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_a_week_reads_back_as_it_is_written_and_follows_the_one_before(day: date) -> None:
    week = weeks.of_day(day)
    assert weeks.parse(str(week)) == week
    assert week.earlier().sunday + timedelta(days=1) == week.monday
    assert week.course()[-1] == week
    assert week.course()[0] == week.earlier(11)


@pytest.mark.parametrize("text", ["", "2026", "2026-47", "2026-W54", "2025-W53", "W47", "2026-Wxx", "0-W1"])
def test_what_is_no_week_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        weeks.parse(text)
    assert "2026-W47" in refused.value.remedy


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23 06:59", Week(2026, 46)),
        ("2026-11-23 07:00", Week(2026, 47)),
        ("2026-11-29 23:59", Week(2026, 47)),
        ("2026-03-09 07:00", Week(2026, 10)),
        ("2026-03-09 06:59", Week(2026, 9)),
    ],
)
def test_a_report_is_due_on_monday_at_seven_by_the_clock_on_the_wall(now: str, due: Week) -> None:
    assert weeks.last_due(datetime.fromisoformat(now).replace(tzinfo=ZONE), ZONE) == due
