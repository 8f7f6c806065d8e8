"""What pages have used of their platforms' quotas, on record, so that no restart spends anything twice.

A part of the quota is set apart in the database before it is used, and what is left of it comes back at the
end. A process that is killed loses that part, never more than a fiftieth, and never exceeds the quota.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from modbot.store import Store, Transaction, table, utcnow
from modbot.tables import Page, QuotaUse
from platforms.budget import TOLD, Budget, Outlook, Period, Quota, Window

quotas, pages = table(QuotaUse), table(Page)
PARTS = 50
NEARLY = 0.9
"""The share of a quota from which people are told."""
RESTART = timedelta(seconds=30)
"""What the platform counts anew within less has begun anew when modbot is up again."""
WORTH_TELLING = timedelta(minutes=30)
"""What the platform counts anew within less is waited for, and nobody has to know unless it runs short."""


class LastingBudget(Budget):
    """One page's. Also right when another process uses the same page's quota."""

    def __init__(self, store: Store, page: str) -> None:
        super().__init__(utcnow)
        self._store = store
        self._page = page
        self._apart: dict[tuple[str, str], float] = {}
        """By window: what is set apart for us and not spent yet."""
        for window in self._used_up():
            self._windows[window.key] = window

    def noting(self) -> Callable[[], None]:
        """What notes the forecast and gives back what is not spent: to be called in a thread."""
        lines = self.outlook()
        unspent = {(each.unit, each.period): self._apart.pop((each.unit, each.period), 0.0) for each in lines}
        return partial(self._note, lines, unspent)

    def _note(self, lines: Sequence[Outlook], unspent: Mapping[tuple[str, str], float]) -> None:
        if not lines:
            return
        with self._store.write(logged=False) as tx:
            for line in lines:
                key = line.unit, line.period
                if line.period == TOLD:
                    self._note_told(tx, line)
                    continue
                change = {"used": quotas.c.used - unspent[key], "forecast": line.forecast}
                tx.execute(sa.update(quotas).where(*self._row(key)).values(**change))

    def _note_told(self, tx: Transaction, line: Outlook) -> None:
        """For people to see; of what is not used up the platform's next answer after a restart tells anew."""
        if line.resets_at < tx.now + WORTH_TELLING and not _is_short(line.used, line.limit, line.forecast):
            return
        key = line.unit, line.period
        values = {"resets_at": line.resets_at, "used": line.used, "allowed": line.limit}
        values |= {"forecast": line.forecast, "hard": line.hard}
        known = tx.execute(sa.update(quotas).where(*self._row(key)).values(**values)).rowcount
        if not known:
            row = {"page": self._page, "unit": line.unit, "period": line.period, "starts_at": tx.now}
            tx.add(QuotaUse, **row, **values)

    def _begin(self, window: Window) -> None:
        super()._begin(window)
        self._apart.pop(window.key, None)
        with self._store.write(logged=False) as tx:
            window.used = self._entered(tx, window)

    def _fits(self, window: Window, amount: float) -> bool:
        if not window.told and self._apart.get(window.key, 0.0) < amount:
            self._set_apart(window, amount)
        return super()._fits(window, amount)

    def _spent(self, window: Window, amount: float) -> None:
        super()._spent(window, amount)
        if not window.told:
            self._apart[window.key] = self._apart.get(window.key, 0.0) - amount

    def _set_apart(self, window: Window, amount: float) -> None:
        """Take the next part of what is left, and see what others have used meanwhile."""
        mine = self._apart.get(window.key, 0.0)
        with self._store.write(logged=False) as tx:
            used = self._entered(tx, window)
            window.used = used - mine
            part = max(amount - mine, window.quota.limit / PARTS)
            part = min(part, max(0.0, window.quota.limit - used))
            tx.execute(sa.update(quotas).where(*self._row(window.key)).values(used=used + part))
        self._apart[window.key] = mine + part

    def _learned(self, window: Window) -> None:
        if window.told:
            if window.rest() <= 0 and window.end - self._now() > RESTART:
                with self._store.write(logged=False) as tx:
                    self._note_told(tx, self._outlook(window, self._now()))
            return
        with self._store.write(logged=False) as tx:
            self._entered(tx, window)
            used = window.used + self._apart.get(window.key, 0.0)
            tx.execute(sa.update(quotas).where(*self._row(window.key)).values(used=used))

    def _used_up(self) -> Iterator[Window]:
        """What the platform said is used up: to ask before its end would be refused again."""
        named = quotas.c.page == self._page, quotas.c.period == TOLD, quotas.c.used >= quotas.c.allowed
        with self._store.read() as connection:
            rows = connection.execute(sa.select(quotas).where(*named)).all()
        for row in rows:
            if row.resets_at > self._now():
                quota = Quota(unit=row.unit, limit=row.allowed, period=Period.HOUR, hard=row.hard)
                yield Window(quota, row.starts_at, row.resets_at, used=row.used, told=True)

    def _entered(self, tx: Transaction, window: Window) -> float:
        """What the row says is used of this very period; a row of an earlier one begins anew."""
        row = tx.execute(sa.select(quotas).where(*self._row(window.key))).first()
        # Later than the period's own start where the platform reset the quota in its midst.
        same = row is not None and row.starts_at >= window.start
        used = row.used if row is not None and same else 0.0
        values = {
            "starts_at": row.starts_at if row is not None and same else window.start,
            "resets_at": window.end,
            "used": used,
            "allowed": window.quota.limit,
            "hard": window.quota.hard,
        }
        if row is None:
            unit, period = window.key
            tx.add(QuotaUse, page=self._page, unit=unit, period=period, forecast=0.0, **values)
        else:
            tx.execute(sa.update(quotas).where(*self._row(window.key)).values(**values))
        return used

    def _row(self, key: tuple[str, str]) -> tuple[sa.ColumnElement[bool], ...]:
        unit, period = key
        return quotas.c.page == self._page, quotas.c.unit == unit, quotas.c.period == period


def take_over(store: Store, keeper: str, before: Collection[str]) -> None:
    """Count under `keeper` what was counted under the pages that were first `before`."""
    earlier = sa.select(quotas).where(quotas.c.page.in_(before), quotas.c.resets_at > utcnow())
    with store.read() as connection:
        if not before or connection.execute(earlier).first() is None:
            return
    with store.write(logged=False) as tx:
        own = {(row.unit, row.period) for row in tx.execute(sa.select(quotas).where(quotas.c.page == keeper))}
        for row in tx.execute(earlier.order_by(quotas.c.used.desc())).all():
            if (row.unit, row.period) not in own:
                own.add((row.unit, row.period))
                same = quotas.c.page == row.page, quotas.c.unit == row.unit, quotas.c.period == row.period
                tx.execute(sa.update(quotas).where(*same).values(page=keeper))


@dataclass(frozen=True, slots=True)
class Spent:
    """A quota of a page in its present period, as people are told of it."""

    page: str
    unit: str
    period: str
    used: float
    allowed: float
    resets_at: datetime
    forecast: float
    hard: bool

    @property
    def share(self) -> float:
        return self.used / self.allowed if self.allowed > 0 else 1.0

    @property
    def is_short(self) -> bool:
        """Nearly used up, or it will be at this pace before it resets."""
        return _is_short(self.used, self.allowed, self.forecast)

    @property
    def is_used_up(self) -> bool:
        """Nothing more is asked of the platform until it resets. Windows that it named itself pass soon."""
        return self.period != TOLD and self.used >= self.allowed


def _is_short(used: float, allowed: float, forecast: float) -> bool:
    return used >= NEARLY * allowed or forecast > allowed


def spent(connection: sa.Connection) -> Sequence[Spent]:
    """Every quota of which something is known in its present period, by page and unit."""
    fields = [quotas.c[name] for name in Spent.__dataclass_fields__]
    present = quotas.c.resets_at > utcnow()
    rows = connection.execute(
        sa.select(*fields).where(present).order_by(quotas.c.page, quotas.c.unit, quotas.c.resets_at)
    )
    return [Spent(*row) for row in rows]


def in_words(line: Outlook | Spent) -> str:
    """Amounts without needless digits."""
    return f"{line.used:.6g} of {line.allowed if isinstance(line, Spent) else line.limit:.6g} {line.unit}"
