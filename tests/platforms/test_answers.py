from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from platforms.answers import DEFAULT_WAIT, clock_skew, retry_after

NOON = "Sat, 21 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 12:01:30 GMT", "date": NOON}, 90),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT", "date": NOON}, 0),
        ({}, DEFAULT_WAIT),
        ({"retry-after": "-5"}, DEFAULT_WAIT),
        ({"retry-after": "in a while"}, DEFAULT_WAIT),
        ({"retry-after": "²"}, DEFAULT_WAIT),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(headers: dict[str, str], seconds: float) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert retry_after(httpx.Response(429, headers=raw)) == seconds


def test_a_date_without_the_servers_own_counts_from_our_clock() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < retry_after(httpx.Response(429, headers={"retry-after": later})) <= 100


def test_an_answer_without_a_readable_date_has_no_skew() -> None:
    for headers in ({}, {"date": "yesterday"}):
        response = httpx.Response(200, headers=headers)
        response.elapsed = timedelta(0)
        assert clock_skew(response) == timedelta(0)


def test_skew_is_measured_at_the_middle_of_the_call() -> None:
    now = datetime.now(UTC)
    response = httpx.Response(
        200, headers={"date": format_datetime(now - timedelta(seconds=10), usegmt=True)}
    )
    response.elapsed = timedelta(seconds=20)
    assert abs(clock_skew(response)) < timedelta(seconds=2)
