"""The queue as people read it: which cases wait, and everything known about one. Reads only.

Counts come from the rows they count, so that they are right. The commands and the web pages show what these
functions return.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.audit import Entry
from modbot.errors import StaleCase
from modbot.evidence import Judged, judged
from modbot.queue import WAITING
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import Action, AuditEvent, Case, CaseComment, Comment, Decision, Presence

cases, case_comments, comments = table(Case), table(CaseComment), table(Comment)
presences = table(Presence)
decisions, actions, events = table(Decision), table(Action), table(AuditEvent)

Row: TypeAlias = "sa.Row[*tuple[Any, ...]]"
PRIORITIES = ("urgent", "for a lead", "ordinary", "not scored")
"""Names of the priorities 0 to 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One case as a line of a list."""

    id: int
    state: str
    priority: str
    reason: str
    clauses: tuple[str, ...]
    opened_at: datetime
    version: int
    claimed_by: str | None
    """Who is deciding it at this moment."""
    copies: int
    """How many near-identical comments it holds, the first included."""
    page: str
    author: str
    text: str | None
    """Of its first comment, as it reads now; None once lawfully disposed of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One archived revision; `id` is its record number."""

    id: int
    page: str
    native_id: str
    number: int
    kind: str
    post: str
    post_title: str
    author: str
    permalink: str
    created_at: datetime
    archived_at: datetime
    text: str | None
    present: bool
    """False once the comment is no longer on the platform."""
    judged: Judged | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    id: int
    comment_id: int
    at: datetime
    by: str
    choice: str
    clause: str
    quote: str
    reason: str
    referral: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    id: int
    decision_id: int
    comment_id: int
    kind: str
    state: str
    attempts: int
    due_at: datetime
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything about one case."""

    line: Line
    revisions: tuple[Seen, ...]
    """Every archived revision in the case, oldest first."""
    decisions: tuple[Decided, ...]
    actions: tuple[Acted, ...]
    history: tuple[Entry, ...]

    @property
    def items(self) -> tuple[Seen, ...]:
        """The newest revision of each comment: what a decision is about."""
        return tuple({(each.page, each.native_id): each for each in self.revisions}.values())


def waiting(store: Store, limit: int = 100) -> list[Line]:
    """Cases that nobody has decided, in the order of the queue."""
    order = (cases.c.priority, cases.c.id)
    return _list(store, sa.select(cases).where(cases.c.state.in_(WAITING)).order_by(*order).limit(limit))


def settled(store: Store, limit: int = 100) -> list[Line]:
    """Decided and closed cases, the newest decision first."""
    found = sa.select(cases).where(cases.c.state.not_in(WAITING))
    return _list(store, found.order_by(cases.c.decided_at.desc(), cases.c.id.desc()).limit(limit))


def case(store: Store, case_id: int) -> View:
    """One case with its comments, evidence, decisions, actions and log entries. Raises StaleCase."""
    with store.read() as connection:
        row = connection.execute(sa.select(cases).where(cases.c.id == case_id)).first()
        if row is None:
            raise StaleCase(f"There is no case {case_id}.", remedy="See the queue with: modbot case list")
        revisions = _revisions(connection, case_id)
        made = _decisions(connection, case_id)
        return View(
            line=_lines(connection, [row])[0],
            revisions=revisions,
            decisions=made,
            actions=_actions(connection, [each.id for each in made]),
            history=_history(connection, case_id, revisions),
        )


def _list(store: Store, statement: sa.Select[Any]) -> list[Line]:
    with store.read() as connection:
        return _lines(connection, connection.execute(statement).all())


def _lines(connection: Connection, rows: Sequence[Row]) -> list[Line]:
    c = comments.c
    joined = connection.execute(
        sa.select(case_comments.c.case_id, c.id, c.page, c.native_id)
        .join_from(case_comments, comments, c.id == case_comments.c.comment_id)
        .where(case_comments.c.case_id.in_([row.id for row in rows]))
        .order_by(c.id)
    )
    items: dict[int, dict[tuple[str, str], Row]] = {}
    for each in joined:
        # A later revision takes the place of the one before it, and keeps its rank.
        items.setdefault(each.case_id, {})[each.page, each.native_id] = each
    first = {case_id: next(iter(found.values())) for case_id, found in items.items()}
    bodies = bodies_of(connection, [each.id for each in first.values()])
    return [_line(row, first[row.id], len(items[row.id]), bodies) for row in rows]


def _line(row: Row, first: Row, copies: int, bodies: Mapping[int, Any]) -> Line:
    held = row.state == "claimed" and row.claimed_until is not None and row.claimed_until > utcnow()
    body = bodies.get(first.id, {})
    return Line(
        id=row.id,
        state="open" if row.state == "claimed" and not held else row.state,
        priority=PRIORITIES[row.priority],
        reason=row.reason,
        clauses=tuple(row.clauses.split()),
        opened_at=row.opened_at,
        version=row.version,
        claimed_by=row.claimed_by if held else None,
        copies=copies,
        page=first.page,
        author=body.get("author", ""),
        text=body.get("text"),
    )


def _revisions(connection: Connection, case_id: int) -> tuple[Seen, ...]:
    rows = connection.execute(
        sa.select(comments)
        .join(case_comments, case_comments.c.comment_id == comments.c.id)
        .where(case_comments.c.case_id == case_id)
        .order_by(comments.c.id)
    ).all()
    ids = [row.id for row in rows]
    bodies, opinions = bodies_of(connection, ids), judged(connection, ids)
    last = sa.select(presences.c.comment_id, presences.c.present).where(presences.c.comment_id.in_(ids))
    present = {row.comment_id: row.present for row in connection.execute(last.order_by(presences.c.id))}
    return tuple(
        _seen(row, bodies.get(row.id, {}), opinions.get(row.id), present.get(row.id, True)) for row in rows
    )


def _seen(row: Row, body: Mapping[str, Any], opinion: Judged | None, present: bool) -> Seen:
    return Seen(
        id=row.id,
        page=row.page,
        native_id=row.native_id,
        number=row.number,
        kind=row.kind,
        post=row.post,
        post_title=body.get("post_title", ""),
        author=body.get("author", ""),
        permalink=body.get("permalink", ""),
        created_at=row.created_at,
        archived_at=row.archived_at,
        text=body.get("text"),
        present=present,
        judged=opinion,
    )


def _decisions(connection: Connection, case_id: int) -> tuple[Decided, ...]:
    rows = connection.execute(
        sa.select(decisions).where(decisions.c.case_id == case_id).order_by(decisions.c.id)
    ).all()
    bodies = bodies_of(connection, [row.id for row in rows])
    return tuple(_decided(row, bodies.get(row.id, {})) for row in rows)


def _decided(row: Row, body: Mapping[str, Any]) -> Decided:
    return Decided(
        id=row.id,
        comment_id=row.comment_id,
        at=row.at,
        by=row.decided_by,
        choice=row.choice,
        clause=row.clause,
        quote=body.get("quote", ""),
        reason=body.get("reason", ""),
        referral=body.get("referral", ""),
    )


def _actions(connection: Connection, made: Sequence[int]) -> tuple[Acted, ...]:
    columns = [actions.c[name] for name in Acted.__dataclass_fields__]
    rows = connection.execute(
        sa.select(*columns).where(actions.c.decision_id.in_(made)).order_by(actions.c.id)
    )
    return tuple(Acted(**row._mapping) for row in rows)


def _history(connection: Connection, case_id: int, revisions: Sequence[Seen]) -> tuple[Entry, ...]:
    subjects = {f"case:{case_id}", *(f"comment:{each.page}/{each.native_id}" for each in revisions)}
    columns = [events.c[name] for name in Entry.__dataclass_fields__]
    rows = connection.execute(
        sa.select(*columns).where(events.c.subject.in_(sorted(subjects))).order_by(events.c.seq)
    )
    return tuple(Entry(*row) for row in rows)
