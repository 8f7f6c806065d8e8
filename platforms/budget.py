"""What a platform lets us use, in calls, units or money, and how far that reaches.

An adapter declares its quotas in `open`, spends before each call and learns from the answer's headers.
Polling slows down before a quota is used up; at its end the call is refused here instead of there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from platforms.errors import CapReached, RateLimited

KEPT_FOR_ACTIONS = 0.1
"""The share of a quota that polling slows down for, so that a decision can still be carried out."""
SLOWEST = 60.0
"""A page is polled at least this often: every 15 minutes where the interval is 15 seconds."""
NEWEST = 0.3
"""Weight of the newest round in the measured pace."""
TOLD = "told"
"""The period of a window that the platform named in an answer."""


class Period(StrEnum):
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Quota:
    unit: str
    """What is counted: "USD", "units", "calls"; its own name for each thing that is counted apart."""
    limit: float
    period: Period
    timezone: str = "UTC"
    """Where the period begins at midnight; America/Los_Angeles for YouTube."""
    hard: bool = False
    """Money, or a cap that a person set: CapReached. Otherwise RateLimited until the period ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How far a quota reaches. `forecast` is what will be used when it resets, at the present pace."""

    unit: str
    period: str
    used: float
    limit: float
    resets_at: datetime
    forecast: float
    hard: bool


@dataclass(slots=True)
class Window:
    """One quota in its present period."""

    quota: Quota
    start: datetime
    end: datetime
    used: float = 0.0
    told: bool = False
    """The platform named this window; when it ends, nothing is known until it is told again."""

    @property
    def key(self) -> tuple[str, str]:
        return self.quota.unit, TOLD if self.told else self.quota.period.value

    def rest(self) -> float:
        return self.quota.limit - self.used


@dataclass(slots=True)
class _Pace:
    """Units a second at the unslowed interval, from round to round."""

    since: datetime
    spent: float = 0.0
    unslowed: float | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Budget:
    """In memory; modbot gives an adapter one that outlives the process."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], Window] = {}
        self._paces: dict[str, _Pace] = {}
        self._factor = 1.0

    def allow(self, *quotas: Quota) -> None:
        """Declare quotas; one that is declared again with another limit keeps what was used."""
        now = self._now()
        for quota in quotas:
            window = self._windows.get((quota.unit, quota.period.value))
            if window is None:
                self._begin(Window(quota, *bounds(quota, now)))
            else:
                window.quota = quota

    def spend(self, unit: str, amount: float = 1.0) -> None:
        """Before the call. Raises RateLimited or CapReached, and spends nothing, if it would exceed a quota.

        A unit without a quota is free.
        """
        windows = list(self._of(unit))
        for window in windows:
            if not self._fits(window, amount):
                raise refusal(window, self._now())
        for window in windows:
            self._spent(window, amount)
        pace = self._paces.setdefault(unit, _Pace(self._now()))
        pace.spent += amount

    def learn(
        self,
        unit: str,
        *,
        used: float | None = None,
        limit: float | None = None,
        resets_at: datetime | None = None,
    ) -> None:
        """What an answer's headers say. It counts over our own sums, except that it never raises a hard cap.

        For a unit with several periods it is taken for the shortest; for one without a quota it needs `limit`
        and `resets_at`, and holds until then.
        """
        window = next(self._of(unit), None)
        if window is None:
            if limit is None or resets_at is None:
                return
            quota = Quota(unit=unit, limit=limit, period=Period.HOUR)
            window = Window(quota, self._now(), resets_at, told=True)
            self._windows[window.key] = window
        if limit is not None and not window.quota.hard:
            window.quota = replace(window.quota, limit=limit)
        if used is not None:
            # A hard cap counts our own spending too: what the platform has not billed yet is spent.
            window.used = max(used, window.used) if window.quota.hard else used
        if resets_at is not None:
            window.end = resets_at
        self._learned(window)

    def slowdown(self) -> float:
        """By how much to stretch the poll interval, 1 to SLOWEST, so that every quota lasts its period.

        Call it once a round, before the wait: the pace is measured from call to call.
        """
        now = self._now()
        wanted = 1.0
        for unit, pace in self._paces.items():
            seconds = (now - pace.since).total_seconds()
            if seconds >= 1:
                sample = pace.spent / seconds * self._factor
                pace.unslowed = (
                    sample if pace.unslowed is None else NEWEST * sample + (1 - NEWEST) * pace.unslowed
                )
                pace.since, pace.spent = now, 0.0
            for window in self._of(unit):
                wanted = max(wanted, _stretch(window, pace.unslowed or 0.0, now))
        self._factor = min(wanted, SLOWEST)
        return self._factor

    @property
    def factor(self) -> float:
        """What `slowdown` said last."""
        return self._factor

    def noting(self) -> Callable[[], None]:
        """What puts the present state on record, to be called in a thread: nothing, in memory."""
        return lambda: None

    def outlook(self) -> Sequence[Outlook]:
        """Every quota that is known now, by unit."""
        now = self._now()
        return [self._outlook(window, now) for unit in self._units() for window in self._of(unit)]

    def _outlook(self, window: Window, now: datetime) -> Outlook:
        pace = self._paces.get(window.quota.unit)
        speed = (pace.unslowed or 0.0) / self._factor if pace else 0.0
        return Outlook(
            unit=window.quota.unit,
            period=window.key[1],
            used=window.used,
            limit=window.quota.limit,
            resets_at=window.end,
            forecast=window.used + speed * max(0.0, (window.end - now).total_seconds()),
            hard=window.quota.hard,
        )

    def _units(self) -> list[str]:
        return sorted({unit for unit, _ in self._windows})

    def _of(self, unit: str) -> Iterator[Window]:
        """The unit's windows as of now, those that end first first."""
        now = self._now()
        for key, window in list(self._windows.items()):
            if key[0] == unit and now >= window.end:
                self._turn(window, now)
        yield from sorted((w for key, w in self._windows.items() if key[0] == unit), key=lambda w: w.end)

    def _turn(self, window: Window, now: datetime) -> None:
        """A window is over; one that the platform reset before its period's end begins again there."""
        if window.told:
            del self._windows[window.key]
            return
        start, end = bounds(window.quota, now)
        self._begin(Window(window.quota, max(start, window.end), end))

    def _begin(self, window: Window) -> None:
        self._windows[window.key] = window

    def _spent(self, window: Window, amount: float) -> None:
        window.used += amount

    def _fits(self, window: Window, amount: float) -> bool:
        # A sum of many small amounts of money must not miss its limit by the last bit.
        return window.used + amount <= window.quota.limit * (1 + 1e-9)

    def _learned(self, window: Window) -> None:
        """Called when the platform's own count was taken over."""


def bounds(quota: Quota, now: datetime) -> tuple[datetime, datetime]:
    """Beginning and end of the period that `now` is in, in UTC."""
    zone = ZoneInfo(quota.timezone)
    local = now.astimezone(zone)
    if quota.period is Period.HOUR:
        start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return start, start + timedelta(hours=1)
    first = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if quota.period is Period.DAY:
        # By the calendar, not by 24 hours: days at the change of clocks are shorter or longer.
        after = first + timedelta(days=1)
    else:
        first = first.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), after.astimezone(UTC)


def refusal(window: Window, now: datetime) -> RateLimited | CapReached:
    """The error for a quota that is used up, saying until when."""
    quota = window.quota
    until = window.end.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    what = f"{quota.limit:g} {quota.unit}"
    if quota.hard:
        return CapReached(
            f"the {quota.period}'s {what} are used up; nothing more is asked of the platform before {until}, "
            "unless the cap in this page's settings is raised",
            resets_at=window.end,
        )
    wait = max(1.0, (window.end - now).total_seconds())
    return RateLimited(f"the platform's quota of {what} is used up until {until}", retry_after=wait)


def _stretch(window: Window, unslowed: float, now: datetime) -> float:
    """How much slower than `unslowed` units a second, so that the rest lasts until the window's end."""
    left = (window.end - now).total_seconds()
    rest = window.rest() - window.quota.limit * KEPT_FOR_ACTIONS
    if unslowed <= 0 or left <= 0:
        return 1.0
    return SLOWEST if rest <= 0 else unslowed * left / rest
