"""When items were told to be gone or back, for deliveries that come in any order.

A poll shows what is there now. A delivery speaks of a moment that may be over: the deletion of a comment may
come before the comment, and an edit after the deletion. So each delivered change is held against the moments
that were told before; those stand in the log, and the newest counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from modbot.store import Transaction, bodies_of, storable, table
from modbot.tables import AuditEvent
from platforms.base import Event

events = table(AuditEvent)
GONE, BACK, MISSED = "comment.deleted", "comment.returned", "comment.missed"


class Departures:
    """Of the items that one batch of deliveries speaks of."""

    def __init__(self, tx: Transaction, page: str, ids: Iterable[str]) -> None:
        self._tx = tx
        self._page = page
        self._gone: dict[str, datetime] = {}
        self._back: dict[str, datetime] = {}
        subjects = sorted({storable(self._subject(each)) for each in ids})
        e = events.c
        rows = tx.execute(
            sa.select(e.seq, e.at, e.kind, e.subject)
            .where(e.subject.in_(subjects), e.kind.in_((GONE, BACK, MISSED)))
            .order_by(e.seq)
        ).all()
        bodies = bodies_of(tx.connection, [row.seq for row in rows])
        for row in rows:
            told = (bodies.get(row.seq) or {}).get("told")
            at = datetime.fromisoformat(told) if told else row.at
            moments = self._back if row.kind == BACK else self._gone
            moments[row.subject] = max(at, moments.get(row.subject, at))

    def is_over(self, event: Event) -> bool:
        """Whether the item was told to be gone at this moment or later."""
        gone = self._gone.get(self._key(event))
        return gone is not None and event.at <= gone

    def is_back_since(self, event: Event) -> bool:
        back = self._back.get(self._key(event))
        return back is not None and event.at < back

    def miss(self, event: Event) -> None:
        """Note the deletion of an item that is not archived; should it come after all, it is gone already."""
        if not self.is_over(event):
            body = {"told": self.note(event, present=False), "detail": event.detail}
            self._tx.record(MISSED, self._subject(event.id), body)

    def note(self, event: Event, *, present: bool) -> str:
        """The newest moment told of the item's going, or of its coming back; this event's may be older."""
        moments, key = self._back if present else self._gone, self._key(event)
        moments[key] = max(event.at, moments.get(key, event.at))
        return moments[key].astimezone(UTC).isoformat()

    def _key(self, event: Event) -> str:
        return storable(self._subject(event.id))

    def _subject(self, item: str) -> str:
        return f"comment:{self._page}/{item}"
