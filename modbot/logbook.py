"""The log as people read it: page by page, newest first, filtered; and one entry with what it speaks of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import evidence
from modbot.audit import KINDS, NO_PAYLOAD, Entry
from modbot.queue import WAITING
from modbot.store import Store, table
from modbot.tables import AuditEvent, AuditHead, Case, CaseComment, Checkpoint, Content, User

events, contents, head = table(AuditEvent), table(Content), table(AuditHead)
checkpoints, users = table(Checkpoint), table(User)
cases, case_comments = table(Case), table(CaseComment)

PAGE = 50
REACH = 50_000
"""Entries that one look goes back at most where no index leads to them, so that it cannot read a million."""
REPEATING = ("comment.seen", "comment.edited", "decision.made", "second.given")
"""Kinds whose content repeats a comment's words."""
_COLUMNS = [events.c[name] for name in Entry.__dataclass_fields__]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Empty fields do not narrow the search. `since` is included, `until` is not."""

    kind: str = ""
    """A kind, or the part before the dot for all of its kinds."""
    actor: str = ""
    subject: str = ""
    """`case:12`, `comment:blog/34`, `user:ana`: all entries about it."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of the log. `older` is where the next one starts, None at the beginning of the log."""

    entries: tuple[Entry, ...]
    older: int | None
    looked_from: int
    looked_to: int
    """The entries that were looked at, both included, the newest first."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry with what it speaks of. `content` is None where it has none, or where it was disposed of."""

    entry: Entry
    content: Any
    disposed: bool
    newest: int
    """The last entry of the log."""
    signed_by: int | None
    """The first checkpoint that covers this entry."""
    severe: str
    """What makes the comment that it repeats hard to read, in words; empty when nothing does."""
    waiting: int | None
    """A case of that comment that waits for a decision."""


@dataclass(frozen=True, slots=True)
class Signature:
    seq: int
    hash: str
    at: datetime
    public_key: str
    signature: str


def leaf(store: Store, wanted: Wanted, before: int | None = None) -> Leaf:
    """Entries under number `before`, or from the newest on."""
    with store.read() as connection:
        last = connection.execute(sa.select(head.c.seq)).scalar_one()
        top = last if before is None else min(before - 1, last)
        bottom = 1
        if wanted.until is not None:
            top = min(top, _first_from(connection, wanted.until, last) - 1)
        if wanted.since is not None:
            bottom = _first_from(connection, wanted.since, last)
        indexed = wanted.subject or (wanted.kind in KINDS and not wanted.actor)
        reach = bottom if indexed else max(bottom, top - REACH + 1)
        found = _between(connection, wanted, reach, top)
    full = len(found) > PAGE
    entries = tuple(found[:PAGE])
    looked_to = entries[-1].seq if full else max(reach, 1)
    older = looked_to if full or reach > bottom else None
    return Leaf(entries, older, top, looked_to)


def _between(connection: Connection, wanted: Wanted, bottom: int, top: int) -> list[Entry]:
    statement = sa.select(*_COLUMNS).where(events.c.seq >= bottom, events.c.seq <= top)
    if wanted.kind in KINDS:
        statement = statement.where(events.c.kind == wanted.kind)
    elif wanted.kind:
        of_group = [kind for kind in KINDS if kind.startswith(f"{wanted.kind}.")]
        statement = statement.where(events.c.kind.in_(of_group))
    if wanted.actor:
        statement = statement.where(events.c.actor == wanted.actor)
    if wanted.subject:
        statement = statement.where(events.c.subject == wanted.subject)
    return [
        Entry(*row) for row in connection.execute(statement.order_by(events.c.seq.desc()).limit(PAGE + 1))
    ]


def _first_from(connection: Connection, moment: datetime, last: int) -> int:
    """The first entry at or after the moment, found by halving: entries' times follow their numbers."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        # The next one that is there: a log that lost an entry must still be readable.
        there = sa.select(events.c.at).where(events.c.seq >= middle).order_by(events.c.seq).limit(1)
        at = connection.execute(there).scalar()
        low, high = (middle + 1, high) if at is not None and at < moment else (low, middle)
    return low


def record(store: Store, seq: int) -> Record | None:
    """None for a number that no entry has."""
    with store.read() as connection:
        row = connection.execute(
            sa.select(*_COLUMNS, contents.c.body)
            .select_from(events.outerjoin(contents, contents.c.seq == events.c.seq))
            .where(events.c.seq == seq)
        ).first()
        if row is None:
            return None
        entry = Entry(*row[: len(_COLUMNS)])
        newest = connection.execute(sa.select(head.c.seq)).scalar_one()
        covering = sa.select(sa.func.min(checkpoints.c.seq)).where(checkpoints.c.seq >= seq)
        signed_by = connection.execute(covering).scalar()
        content = None if row.body is None else json.loads(row.body)
        repeated = _repeated(connection, entry, content)
        opinions = evidence.judged(connection, repeated)
        severe = next(filter(None, map(evidence.severity, opinions.values())), "")
        waiting = connection.execute(_waiting(repeated)).scalar()
    disposed = row.body is None and entry.payload_hash != NO_PAYLOAD
    return Record(entry, content, disposed, newest, signed_by, severe, waiting)


def _repeated(connection: Connection, entry: Entry, content: Any) -> Sequence[int]:
    """The comments whose words the entry repeats."""
    if entry.kind not in REPEATING or content is None:
        return ()
    if "comment" in content:
        return (content["comment"],)
    if "case" not in content:
        return (entry.seq,)
    of_case = sa.select(case_comments.c.comment_id).where(case_comments.c.case_id == content["case"])
    return connection.execute(of_case).scalars().all()


def _waiting(comment_ids: Sequence[int]) -> sa.Select[Any]:
    return (
        sa.select(cases.c.id)
        .join(case_comments, case_comments.c.case_id == cases.c.id)
        .where(case_comments.c.comment_id.in_(comment_ids), cases.c.state.in_(WAITING))
        .limit(1)
    )


def signatures(store: Store, limit: int = 100) -> list[Signature]:
    """The newest checkpoints, the newest first."""
    columns = [checkpoints.c[name] for name in Signature.__dataclass_fields__]
    newest = sa.select(*columns).order_by(checkpoints.c.seq.desc()).limit(limit)
    with store.read() as connection:
        return [Signature(*row) for row in connection.execute(newest)]


def names(store: Store) -> dict[str, str]:
    """Every person's name → full name, those who left included."""
    with store.read() as connection:
        rows = connection.execute(sa.select(users.c.name, users.c.full_name).order_by(users.c.full_name))
        return {row.name: row.full_name for row in rows}


def length(store: Store) -> int:
    """The number of the last entry."""
    with store.read() as connection:
        found: int = connection.execute(sa.select(head.c.seq)).scalar_one()
        return found


def kinds_of(kinds: Sequence[str]) -> list[str]:
    """The parts before the dot, each once."""
    return list(dict.fromkeys(kind.partition(".")[0] for kind in kinds))
