"""Deletions for good: which decisions ask for one, and what waits for the records officer's release."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.proposals import WAITING
from modbot.review.lines import Line, cases, lines
from modbot.store import Store, bodies_of, many, table
from modbot.tables import Action, Decision, Proposal
from platforms.base import ActionKind

asked, decisions, actions = table(Proposal), table(Decision), table(Action)

ASKED_TO_HIDE = sa.exists().where(
    actions.c.decision_id == decisions.c.id, actions.c.kind == ActionKind.HIDE.value
)
"""Every decision to hide asks the platform for it; where nothing can be hidden, it proposes a deletion."""
_DELETING = sa.select(decisions.c.id).where(
    decisions.c.id.in_(many("decisions")),
    decisions.c.choice == "hide",
    ~ASKED_TO_HIDE.correlate(decisions),
)


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


def deleting(connection: Connection, decision_ids: Collection[int]) -> set[int]:
    """Those of the decisions that propose a deletion, because nothing can be hidden there."""
    if not decision_ids:
        return set()
    return set(connection.execute(_DELETING, {"decisions": list(decision_ids)}).scalars())


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
