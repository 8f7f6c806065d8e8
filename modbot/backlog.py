"""What is held up: decided changes that have not reached their platform, and the gaps in the capture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from modbot.actions import STUCK_AFTER
from modbot.records.page_state import GAP, PARTIAL
from modbot.store import Store, bodies_of, table
from modbot.tables import Action, AuditEvent, Comment, Decision, Page

actions, decisions, pages, events = table(Action), table(Decision), table(Page), table(AuditEvent)
comments = table(Comment)


@dataclass(frozen=True, slots=True)
class HeldUp:
    """An action that the platform cannot do ("failed"), or that was tried often and still waits."""

    id: int
    case_id: int
    page: str
    kind: str
    state: str
    attempts: int
    due_at: datetime
    failure: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a page, or a part of it, could not be read."""

    since: datetime
    until: datetime
    failure: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A page of the register, with its last gaps, the newest first."""

    key: str
    title: str
    platform: str
    url: str
    polled_at: datetime | None
    next_poll_at: datetime | None
    failing_since: datetime | None
    failure: str
    unreadable_since: datetime | None
    unreadable: str
    unchecked_since: datetime | None
    unchecked: str
    newest_at: datetime | None
    """When the comment that was archived last came in; None before the first."""
    gaps: tuple[Gap, ...]


def held_up(store: Store, limit: int = 50) -> list[HeldUp]:
    """The oldest first."""
    often = sa.and_(actions.c.state == "pending", actions.c.attempts >= STUCK_AFTER)
    columns = [actions.c[name] for name in HeldUp.__dataclass_fields__ if name != "case_id"]
    found = (
        sa.select(*columns, decisions.c.case_id)
        .join(decisions, decisions.c.id == actions.c.decision_id)
        .where((actions.c.state == "failed") | often)
        .order_by(actions.c.id)
        .limit(limit)
    )
    with store.read() as connection:
        return [HeldUp(**row._mapping) for row in connection.execute(found)]


def watched(store: Store, gaps: int = 3) -> list[Watched]:
    """Every page that was ever registered, in the order of their keys."""
    columns = [pages.c[name] for name in Watched.__dataclass_fields__ if name not in ("newest_at", "gaps")]
    newest = (
        sa.select(comments.c.archived_at)
        .where(comments.c.page == pages.c.key)
        .order_by(comments.c.id.desc())
        .limit(1)
        .correlate(pages)
        .scalar_subquery()
        .label("newest_at")
    )
    with store.read() as connection:
        rows = connection.execute(sa.select(*columns, newest).order_by(pages.c.key)).all()
        return [Watched(**row._mapping, gaps=_gaps(connection, row.key, gaps)) for row in rows]


def _gaps(connection: sa.Connection, page: str, count: int) -> tuple[Gap, ...]:
    found = (
        sa.select(events.c.seq)
        .where(events.c.subject == f"page:{page}", events.c.kind.in_((GAP, PARTIAL)))
        .order_by(events.c.seq.desc())
        .limit(count)
    )
    numbers = list(connection.execute(found).scalars())
    bodies = bodies_of(connection, numbers)
    return tuple(
        Gap(
            datetime.fromisoformat(bodies[seq]["from"]),
            datetime.fromisoformat(bodies[seq]["to"]),
            bodies[seq]["failure"],
        )
        for seq in numbers
        if seq in bodies
    )
