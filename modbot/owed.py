"""Who is owed the fixed answer to a private message, and what became of tries to send it: read from the log.

A try leaves `reply.requested` before it, and `reply.sent` or `reply.failed` after it. One that left neither
was cut off, and nobody here knows whether it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot.config import AutoReply
from modbot.store import Transaction, bodies_of, table
from modbot.tables import AuditEvent, Authored, Comment
from platforms.base import Kind

comments, authored, events = table(Comment), table(Authored), table(AuditEvent)
REQUESTED, SENT, FAILED = "reply.requested", "reply.sent", "reply.failed"

FRESH = timedelta(hours=23)
"""Older messages are not answered: Meta takes an answer for 24 hours."""
CUT_OFF = timedelta(minutes=2)
"""A try that has no outcome for so long is over."""
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The newest message of somebody who is to be answered now."""

    comment_id: int
    subject: str
    page: str
    author: str
    author_id: str
    ends_at: datetime
    """Later it is not answered any more."""
    last: int = 0
    """The newest entry about an answer to this person; 0: there is none."""
    failures: int = 0
    doubted: str = ""
    """The words of an earlier try of which nobody here knows whether it was sent; empty: there is none."""
    since: datetime | None = None
    """When the first try began."""


@dataclass(frozen=True, slots=True)
class Entry:
    """About an answer to one person."""

    seq: int
    at: datetime
    kind: str
    body: dict[str, Any]

    @property
    def again_at(self) -> datetime:
        """From when on the next try may begin."""
        if self.kind == REQUESTED:
            return self.at + CUT_OFF
        named = self.body.get("again_at") if self.kind == FAILED else None
        return datetime.fromisoformat(named) if named else NEVER

    def lets_answer(self, comment_id: int, now: datetime) -> bool:
        """Whether this message may be answered after it; a newer one also where an older was refused."""
        if self.again_at <= now:
            return True
        refused = self.kind == FAILED and self.body.get("sent") == "no" and self.again_at == NEVER
        return refused and int(self.body.get("comment", comment_id)) < comment_id


def owed(
    connection: sa.Connection,
    page: str,
    may_answer: Callable[[str], bool],
    settings: AutoReply,
    now: datetime,
) -> Sequence[Owed]:
    """Those first who were not tried yet; nobody while the platform wants to be left alone."""
    if _rests(connection, page, now):
        return ()
    rows = list(_fresh(connection, page, now))
    bodies = bodies_of(connection, [row.id for row in rows])
    found = []
    for row in rows:
        author_id = str((bodies.get(row.id) or {}).get("author_id", ""))
        if not may_answer(author_id):
            continue
        entries = entries_about(connection, page, row.author, settings, now)
        if not entries or entries[-1].lets_answer(row.id, now):
            found.append(_of(row, page, author_id, entries))
    return sorted(found, key=lambda each: (each.failures, each.comment_id))


def _of(row: Any, page: str, author_id: str, entries: Sequence[Entry]) -> Owed:
    requested = [each for each in entries if each.kind == REQUESTED]
    last = entries[-1] if entries else None
    in_doubt = last is not None and (last.kind == REQUESTED or last.body.get("sent") == "unknown")
    return Owed(
        comment_id=row.id,
        subject=f"comment:{page}/{row.native_id}",
        page=page,
        author=row.author,
        author_id=author_id,
        ends_at=row.created_at + FRESH,
        last=last.seq if last else 0,
        failures=sum(each.kind == FAILED for each in entries),
        doubted=str(requested[-1].body.get("text", "")) if in_doubt and requested else "",
        since=requested[0].at if requested else None,
    )


def is_still_owed(tx: Transaction, each: Owed, settings: AutoReply) -> bool:
    """Whether nobody else has begun meanwhile."""
    entries = entries_about(tx.connection, each.page, each.author, settings, tx.now)
    return (entries[-1].seq if entries else 0) == each.last


def entries_about(
    connection: sa.Connection, page: str, author: str, settings: AutoReply, now: datetime
) -> Sequence[Entry]:
    """Of answers to any message of theirs within the period, oldest first."""
    subject = sa.literal(f"comment:{page}/").concat(comments.c.native_id)
    since = now - timedelta(days=settings.again_after_days)
    rows = connection.execute(
        sa.select(events.c.seq, events.c.at, events.c.kind)
        .distinct()
        .select_from(authored)
        .join(comments, comments.c.id == authored.c.comment_id)
        .join(events, events.c.subject == subject)
        .where(authored.c.page == page, authored.c.author == author)
        .where(events.c.kind.in_((REQUESTED, SENT, FAILED)), events.c.at >= since)
        .order_by(events.c.seq)
    ).all()
    return _entries(connection, rows)


def given_up(connection: sa.Connection, now: datetime) -> int:
    """How many people of the last day were not answered, or may not have been, and are not tried again."""
    rows = connection.execute(
        sa.select(events.c.seq, events.c.at, events.c.kind).where(
            events.c.kind == FAILED, events.c.at >= now - timedelta(days=1)
        )
    ).all()
    return sum(each.again_at == NEVER for each in _entries(connection, rows))


def _entries(connection: sa.Connection, rows: Sequence[Any]) -> list[Entry]:
    bodies = bodies_of(connection, [row.seq for row in rows])
    return [Entry(row.seq, row.at, row.kind, bodies.get(row.seq) or {}) for row in rows]


def _rests(connection: sa.Connection, page: str, now: datetime) -> bool:
    """Whether the last try met what is true of the whole page, and its time has not come."""
    newest = connection.execute(
        sa.select(events.c.seq, events.c.at, events.c.kind)
        .where(
            events.c.kind.in_((SENT, FAILED)),
            events.c.subject.startswith(f"comment:{page}/", autoescape=True),
        )
        .where(events.c.at >= now - FRESH)
        .order_by(events.c.seq.desc())
        .limit(1)
    ).all()
    return any(
        entry.body.get("whole_page") and now < entry.again_at < NEVER
        for entry in _entries(connection, newest)
    )


def _fresh(connection: sa.Connection, page: str, now: datetime) -> Iterator[Any]:
    """Of each author the newest message."""
    c, since = comments.c, now - FRESH
    rows = connection.execute(
        sa.select(c.id, c.native_id, c.created_at, authored.c.author)
        .join(authored, authored.c.comment_id == c.id)
        .where(c.page == page, c.kind == Kind.DIRECT_MESSAGE.value, c.number == 1)
        .where(c.archived_at >= since, c.created_at >= since)
        .order_by(c.id.desc())
    )
    seen: set[str] = set()
    for row in rows:
        if row.author not in seen:
            seen.add(row.author)
            yield row
