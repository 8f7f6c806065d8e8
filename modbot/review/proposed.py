"""What waits for the records officer's release: of one case, and the cases altogether."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.proposals import WAITING
from modbot.review.lines import Line, cases, lines
from modbot.store import Store, bodies_of, table
from modbot.tables import Proposal

asked = table(Proposal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    id: int
    decision_id: int
    comment_id: int
    proposed_by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ToRelease:
    """A case with proposals that wait."""

    line: Line
    proposed_by: str
    at: datetime
    comments: int


def proposed(connection: Connection, case_id: int) -> tuple[Proposed, ...]:
    rows = connection.execute(
        sa.select(asked)
        .where(asked.c.case_id == case_id, asked.c.state == WAITING)
        .order_by(asked.c.comment_id)
    ).all()
    bodies = bodies_of(connection, [row.id for row in rows])
    return tuple(
        Proposed(
            id=row.id,
            decision_id=row.decision_id,
            comment_id=row.comment_id,
            proposed_by=row.proposed_by,
            at=row.at,
            reason=bodies.get(row.id, {}).get("reason", ""),
        )
        for row in rows
    )


def to_release(store: Store, limit: int = 200) -> list[ToRelease]:
    """Cases that wait for a release, oldest first."""
    first = (
        sa.select(
            asked.c.case_id,
            sa.func.min(asked.c.proposed_by).label("by"),
            sa.func.min(asked.c.at).label("at"),
            sa.func.count().label("many"),
        )
        .where(asked.c.state == WAITING)
        .group_by(asked.c.case_id)
        .subquery()
    )
    with store.read() as connection:
        rows = connection.execute(
            sa.select(cases, first.c.by, first.c.at, first.c.many)
            .join(first, first.c.case_id == cases.c.id)
            .order_by(first.c.at, cases.c.id)
            .limit(limit)
        ).all()
        found = lines(connection, rows)
    return [ToRelease(line, row.by, row.at, row.many) for line, row in zip(found, rows, strict=True)]
