"""How a page stands: when it was read, what of it is closed to us, whether edits are still looked for.

What keeps a page from being read is a gap, on record when it ends: when the page answers again, or when it is
taken out of the settings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot.store import Store, Transaction, storable, table
from modbot.tables import AuditEvent, Page
from platforms.base import Batch

pages, events = table(Page), table(AuditEvent)
REGISTERED, RETIRED = "page.registered", "page.retired"
GAP, PARTIAL = "capture.gap", "capture.partial"
NOT_RUNNING = "modbot was not running"


def mark_answered(tx: Transaction, page: str, batch: Batch, unread: timedelta, rest: timedelta) -> None:
    """Note that the page was read. What kept it, or a part of it, from being read is a gap on record then."""
    row = tx.execute(sa.select(pages).where(pages.c.key == page)).one()
    if batch.gap:
        _gap(tx, page, row.polled_at or tx.now, batch.gap)
    _end_gap(tx, row, unread)
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


def mark_retired(tx: Transaction, row: sa.Row[Any], unread: timedelta) -> None:
    """Note that a page is left alone from now on: what it lacked until now is on record, nothing after."""
    _end_gap(tx, row, unread)
    if row.unreadable_since is not None:
        _gap(tx, row.key, row.unreadable_since, row.unreadable, kind=PARTIAL)
    clear: dict[str, Any] = dict.fromkeys(("failing_since", "unreadable_since", "unchecked_since"))
    clear |= dict.fromkeys(("failure", "unreadable", "unchecked"), "")
    tx.execute(sa.update(pages).where(pages.c.key == row.key).values(**clear))
    missed_from_now(tx, row.key)


def missed_from_now(tx: Transaction, page: str) -> None:
    """Whatever time nobody has read the page, what counts begins now."""
    read_before = (pages.c.key == page, pages.c.polled_at.is_not(None))
    tx.execute(sa.update(pages).where(*read_before).values(next_poll_at=tx.now))


def _end_gap(tx: Transaction, row: sa.Row[Any], unread: timedelta) -> None:
    due = _entered_at(tx, row.key) if row.polled_at is None else due_since(row)
    until = row.failing_since or tx.now
    if due is not None and until - due > unread:
        _gap(tx, row.key, due, NOT_RUNNING, until=until)
    if row.failing_since is not None:
        _gap(tx, row.key, row.failing_since, row.failure)


def _entered_at(tx: Transaction, page: str) -> datetime | None:
    """When the page was registered, or stood in the settings again after it had been taken out."""
    e, its = events.c, events.c.subject == f"page:{page}"
    out = sa.select(sa.func.coalesce(sa.func.max(e.seq), 0)).where(its, e.kind == RETIRED).scalar_subquery()
    entered = sa.select(sa.func.min(e.at)).where(its, e.kind == REGISTERED, e.seq > out)
    at: datetime | None = tx.execute(entered).scalar()
    return at


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
