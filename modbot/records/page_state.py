"""How a page stands: when it was read, what of it is closed to us, whether edits are still looked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot.store import Store, Transaction, storable, table
from modbot.tables import Page
from platforms.base import Batch

pages = table(Page)
GAP, PARTIAL = "capture.gap", "capture.partial"
NOT_RUNNING = "modbot was not running"


def mark_answered(tx: Transaction, page: str, batch: Batch, unread: timedelta, rest: timedelta) -> None:
    """Note that the page was read. What kept it, or a part of it, from being read is a gap on record then."""
    row = tx.execute(sa.select(pages).where(pages.c.key == page)).one()
    if batch.gap:
        _gap(tx, page, row.polled_at or tx.now, batch.gap)
    if row.polled_at is not None:
        due, until = due_since(row), row.failing_since or tx.now
        if until - due > unread:
            _gap(tx, page, due, NOT_RUNNING, until=until)
    if row.failing_since is not None:
        _gap(tx, page, row.failing_since, row.failure)
    unreadable, since = storable(batch.unreadable), row.unreadable_since
    if unreadable != row.unreadable:
        if since is not None:
            _gap(tx, page, since, row.unreadable, kind=PARTIAL)
        since = (row.polled_at or tx.now) if unreadable else None
    tx.execute(
        sa.update(pages)
        .where(pages.c.key == page)
        .values(
            cursor=storable(batch.cursor),
            polled_at=tx.now,
            next_poll_at=tx.now + rest,
            failing_since=None,
            failure="",
            unreadable_since=since,
            unreadable=unreadable,
        )
    )


def due_since(row: sa.Row[Any]) -> datetime:
    """When a page that was read before should have been read again: a rest on purpose is no gap."""
    polled: datetime = row.polled_at
    return max(polled, row.next_poll_at or polled)


def _gap(
    tx: Transaction,
    page: str,
    since: datetime,
    failure: str,
    *,
    kind: str = GAP,
    until: datetime | None = None,
) -> None:
    body = {"from": _iso(since), "to": _iso(until or tx.now), "failure": failure}
    tx.record(kind, f"page:{page}", body)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def mark_unchecked(store: Store, page: str, failure: str) -> None:
    """Note that a page could not be looked through for edits and deletions; the next sweep clears it."""
    with store.write(logged=False) as tx:
        since = sa.func.coalesce(pages.c.unchecked_since, tx.now)
        changed = {"unchecked_since": since, "unchecked": storable(failure)}
        tx.execute(sa.update(pages).where(pages.c.key == page).values(**changed))
