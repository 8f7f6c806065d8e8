"""Appeals as people see them: which wait, until when, and how the others were decided. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot.errors import StaleCase
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import Appeal

rows = table(Appeal)

WAITING = "waiting"
"""The state of one that nobody has decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appealed:
    """An appeal. `words` and `contact` are None once they were disposed of."""

    id: int
    case_id: int
    entered_by: str
    received_at: datetime
    due_at: datetime
    state: str
    words: str | None
    contact: str | None
    decided_by: str
    reason: str

    @property
    def waits(self) -> bool:
        return self.state == WAITING

    @property
    def is_late(self) -> bool:
        return self.waits and self.due_at < utcnow()


def appeals(store: Store, days: int, *, waiting: bool = False, limit: int = 200) -> Sequence[Appealed]:
    """Those that wait, oldest first, then the decided ones, newest first. `days`: in which one is due."""
    conditions = [rows.c.state == WAITING] if waiting else []
    first = sa.case((rows.c.state == WAITING, rows.c.id), else_=None)
    ordered = sa.select(rows).where(*conditions).order_by(first.is_(None), first, rows.c.id.desc())
    return _seen(store, ordered.limit(limit), days)


def appeal(store: Store, number: int, days: int) -> Appealed:
    """Raises StaleCase for a number that is none."""
    found = _seen(store, sa.select(rows).where(rows.c.id == number), days)
    if not found:
        raise StaleCase(
            "There is no appeal %(number)s.", remedy="See them with: modbot appeal list", number=number
        )
    return found[0]


def _seen(store: Store, wanted: sa.Select[Any], days: int) -> Sequence[Appealed]:
    with store.read() as connection:
        found = connection.execute(wanted).all()
        said = bodies_of(connection, sorted(row.id for row in found))
        reasons = bodies_of(connection, sorted(row.decided for row in found if row.decided is not None))
    return [
        Appealed(
            id=row.id,
            case_id=row.case_id,
            entered_by=row.entered_by,
            received_at=row.received_at,
            due_at=row.received_at + timedelta(days=days),
            state=row.state,
            words=said.get(row.id, {}).get("words"),
            contact=said.get(row.id, {}).get("contact"),
            decided_by=row.decided_by or "",
            reason=reasons.get(row.decided, {}).get("reason", ""),
        )
        for row in found
    ]
