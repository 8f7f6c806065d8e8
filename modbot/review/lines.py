"""A case as one line of a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import evidence
from modbot.evidence import Judged
from modbot.queue import ORDINARY
from modbot.revisions import newest
from modbot.store import bodies_of, many, table, utcnow
from modbot.tables import Case, CaseComment, Comment

cases, case_comments, comments = table(Case), table(CaseComment), table(Comment)

Row: TypeAlias = "sa.Row[*tuple[Any, ...]]"
_ITEMS = (
    sa.select(case_comments.c.case_id, *(comments.c[name] for name in ("id", "page", "native_id", "number")))
    .join_from(case_comments, comments, comments.c.id == case_comments.c.comment_id)
    .where(case_comments.c.case_id.in_(many("cases")))
    .order_by(comments.c.id)
)
PRIORITIES = ("urgent", "for a lead", "ordinary")
"""Names of the priorities 0 to 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    id: int
    state: str
    priority: str
    reason: str
    clauses: tuple[str, ...]
    opened_at: datetime
    version: int
    claimed_by: str | None
    """Who is deciding it at this moment."""
    escalated: bool
    """A lead has to decide it."""
    copies: int
    """How many near-identical comments it holds, the first included."""
    page: str
    """Of its first comment."""
    pages: tuple[str, ...]
    author: str
    text: str | None
    """Of its first comment, as it reads now; None once lawfully disposed of."""
    about: tuple[str, ...]
    """What its first comment may be, in words, surest first: "a threat"."""
    severe: str
    """What makes it hard to read, in words; empty when nothing does. Such a text is shown on request."""
    second_look: bool = False
    """It is in this list for a second opinion: who decided it first, and how, is not told."""


@dataclass(frozen=True, slots=True)
class First:
    """A case's first comment as it reads now, and how many comments there are with it."""

    page: str
    author: str
    text: str | None
    judged: Judged | None
    copies: int


def lines(connection: Connection, rows: Sequence[Row], *, second_look: bool = False) -> list[Line]:
    """One line for each row of `case`, in their order."""
    items = _items(connection, [row.id for row in rows])
    first = {case_id: next(iter(found.values())) for case_id, found in items.items()}
    ids = [each.id for each in first.values()]
    bodies, opinions = bodies_of(connection, ids), evidence.judged(connection, ids)
    found: list[Line] = []
    for row in rows:
        here = first[row.id]
        body, opinion = bodies.get(here.id, {}), opinions.get(here.id)
        shown = First(here.page, body.get("author", ""), body.get("text"), opinion, len(items[row.id]))
        found.append(line(row, shown, second_look=second_look))
    return found


def _items(connection: Connection, case_ids: Sequence[int]) -> dict[int, dict[tuple[str, str], Row]]:
    """Case → its items in their newest revision of the case, the first one first."""
    by_case: dict[int, list[Row]] = defaultdict(list)
    for each in connection.execute(_ITEMS, {"cases": case_ids}):
        by_case[each.case_id].append(each)
    return {case: newest(revisions) for case, revisions in by_case.items()}


def line(row: Row, first: First, *, second_look: bool) -> Line:
    """`row`: of `case`; for a second look with that look's claim in place of its own."""
    holder = held_by(row)
    return Line(
        id=row.id,
        state="open" if second_look or (row.state == "claimed" and holder is None) else row.state,
        priority=_priority(row),
        reason=row.reason,
        clauses=tuple(row.clauses.split()),
        opened_at=row.opened_at,
        version=row.version,
        claimed_by=holder,
        escalated=row.escalated,
        copies=first.copies,
        page=first.page,
        pages=tuple(row.pages.split()),
        author=first.author,
        text=first.text,
        about=evidence.topics(first.judged),
        severe=evidence.severity(first.judged),
        second_look=second_look,
    )


def _priority(row: Row) -> str:
    """What nobody could score has its place among the ordinary cases, and a name of its own."""
    if row.reason == "not_scored" and row.priority >= ORDINARY:
        return "not scored"
    return PRIORITIES[row.priority]


def held_by(row: Row) -> str | None:
    """Who holds the case, or the second look, at this moment."""
    held = row.claimed_until is not None and row.claimed_until > utcnow()
    return row.claimed_by if held else None
