"""The budget: what is left, how it slows the polls, when it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from platforms.base import CapReached, RateLimited
from platforms.budget import SLOWEST, Budget, Period, Quota, bounds

UNITS = Quota("units", 100, Period.DAY)


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 3, 6, tzinfo=UTC))


def test_a_unit_without_a_quota_is_free() -> None:
    Budget().spend("calls", 1e9)


def test_what_would_exceed_the_quota_is_refused_until_the_period_ends(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(UNITS)
    budget.spend("units", 60)
    with pytest.raises(RateLimited) as refused:
        budget.spend("units", 50)
    assert refused.value.retry_after == 18 * 3600
    assert budget.outlook()[0].used == 60
    budget.spend("units", 40)
    clock.pass_by(hours=18)
    budget.spend("units", 100)


def test_money_stops_with_a_message_for_a_person(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(Quota("USD", 0.03, Period.MONTH, hard=True))
    for _ in range(6):
        budget.spend("USD", 0.005)
    with pytest.raises(CapReached, match=r"0\.03 USD .*2026-04-01.* cap in this page's settings") as refused:
        budget.spend("USD", 0.005)
    assert refused.value.resets_at == datetime(2026, 4, 1, tzinfo=UTC)


def test_every_period_of_a_unit_is_counted(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(Quota("calls", 3, Period.HOUR), Quota("calls", 5, Period.DAY))
    budget.spend("calls", 3)
    with pytest.raises(RateLimited) as refused:
        budget.spend("calls")
    assert refused.value.retry_after == 3600
    clock.pass_by(hours=1)
    budget.spend("calls", 2)
    with pytest.raises(RateLimited) as refused:
        budget.spend("calls")
    assert refused.value.retry_after == 17 * 3600


def test_a_raised_limit_keeps_what_was_used(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(UNITS)
    budget.spend("units", 100)
    budget.allow(Quota("units", 150, Period.DAY))
    budget.spend("units", 50)
    with pytest.raises(RateLimited):
        budget.spend("units")


def test_a_day_is_one_of_the_calendar_of_its_time_zone() -> None:
    pacific = Quota("units", 100, Period.DAY, timezone="America/Los_Angeles")
    start, end = bounds(pacific, datetime(2026, 3, 8, 20, tzinfo=UTC))
    assert (start, end) == (datetime(2026, 3, 8, 8, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC))
    month = Quota("USD", 5, Period.MONTH, timezone="America/Los_Angeles")
    assert bounds(month, datetime(2027, 1, 1, 5, tzinfo=UTC))[1] == datetime(2027, 1, 1, 8, tzinfo=UTC)


def test_the_platforms_own_count_is_taken_over(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(UNITS)
    budget.learn("units", used=99)
    budget.spend("units")
    with pytest.raises(RateLimited):
        budget.spend("units")


def test_a_window_that_only_the_platform_named_holds_until_it_ends(clock: Clock) -> None:
    budget = Budget(clock)
    budget.learn("reads", used=300, limit=300, resets_at=clock() + timedelta(minutes=15))
    with pytest.raises(RateLimited) as refused:
        budget.spend("reads")
    assert refused.value.retry_after == 900
    clock.pass_by(minutes=15)
    budget.spend("reads")
    assert not budget.outlook()


def test_a_header_never_loosens_a_hard_cap(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(Quota("USD", 1, Period.MONTH, hard=True))
    budget.spend("USD", 0.9)
    budget.learn("USD", used=0.1, limit=500)
    with pytest.raises(CapReached):
        budget.spend("USD", 0.2)


def test_polling_at_a_pace_that_lasts_is_not_slowed(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(Quota("units", 10_000, Period.DAY))
    for _ in range(20):
        budget.spend("units")
        clock.pass_by(seconds=15)
        assert budget.slowdown() == 1


def test_polling_is_slowed_so_that_the_day_is_never_used_up(clock: Clock) -> None:
    """A day of one unit each 15 seconds would take 5760; there are 1000."""
    budget = Budget(clock)
    clock.at = datetime(2026, 3, 3, tzinfo=UTC)
    budget.allow(Quota("units", 1_000, Period.DAY))
    polls = 0
    while clock().day == 3:
        budget.spend("units")
        polls += 1
        clock.pass_by(seconds=15 * budget.slowdown())
    assert 850 < polls < 950


def test_a_busy_hour_slows_what_follows_and_never_to_a_standstill(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(UNITS)
    budget.spend("units", 95)
    clock.pass_by(seconds=15)
    assert budget.slowdown() == SLOWEST


def test_the_forecast_tells_what_the_present_pace_will_use(clock: Clock) -> None:
    budget = Budget(clock)
    budget.allow(Quota("units", 10_000, Period.DAY))
    budget.spend("units", 10)
    clock.pass_by(hours=1)
    budget.slowdown()
    outlook = budget.outlook()[0]
    assert (outlook.used, outlook.limit) == (10, 10_000)
    assert outlook.forecast == pytest.approx(10 + 17 * 10)
