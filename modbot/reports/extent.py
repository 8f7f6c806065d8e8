"""Which entries of the log belong to a span of time.

Entries are numbered without gaps and their times follow their numbers, so a moment is found by halving. What
was written after the week's last entry does not exist for that week's report, whenever it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.store import bodies_of, table
from modbot.tables import AuditEvent, AuditHead

events, head = table(AuditEvent), table(AuditHead)


@dataclass(frozen=True, slots=True)
class Extent:
    """A span of time with its entries: after number `after`, up to and with number `last`."""

    start: datetime
    end: datetime
    after: int
    last: int

    def holds(self, number: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
        """A condition on a column of entry numbers."""
        return sa.and_(number > self.after, number <= self.last)


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the log with its content, None where it has none or was disposed of."""

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str
    body: Any


def between(connection: Connection, start: datetime, end: datetime) -> Extent:
    return Extent(start, end, last_before(connection, start), last_before(connection, end))


def last_before(connection: Connection, moment: datetime) -> int:
    """The number of the last entry that was made before the moment; 0 if there is none."""
    low, high = 0, connection.execute(sa.select(head.c.seq)).scalar() or 0
    at = sa.select(events.c.at).where(events.c.seq == sa.bindparam("seq"))
    while low < high:
        middle = (low + high + 1) // 2
        if connection.execute(at, {"seq": middle}).scalar_one() < moment:
            low = middle
        else:
            high = middle - 1
    return low


def noted(connection: Connection, extent: Extent, *kinds: str) -> Iterator[Noted]:
    """The span's entries of these kinds, in order."""
    columns = (events.c.seq, events.c.at, events.c.actor, events.c.kind, events.c.subject)
    rows = connection.execute(
        sa.select(*columns).where(events.c.kind.in_(kinds), extent.holds(events.c.seq)).order_by(events.c.seq)
    ).all()
    bodies = bodies_of(connection, [row.seq for row in rows])
    return (Noted(*row, bodies.get(row.seq)) for row in rows)
