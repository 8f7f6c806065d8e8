"""The queue: cases that nobody has decided, filtered, in their order, a slice at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.queue import WAITING
from modbot.review.lines import Line, case_comments, cases, comments, lines
from modbot.store import Store, table, utcnow
from modbot.tables import Page, SecondLook

pages, looks = table(Page), table(SecondLook)

SLICE = 25
"""Cases shown at once: two screens of them, and what a busy morning can draw in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Empty or False: not filtered by."""

    clause: str = ""
    page: str = ""
    platform: str = ""
    school: str = ""
    kind: str = ""
    """One of its comments came so: comment, reply, mention, visitor_post or direct_message."""
    reason: str = ""
    """flagged, not_scored or edited"""
    older_than: timedelta | None = None
    """Waiting for longer than this."""
    held_by: str = ""
    """The cases that this person has claimed."""
    escalated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    lines: tuple[Line, ...]
    total: int
    """How many there are with these filters."""
    next: str = ""
    """What to ask for to go on; empty at the end."""


def queue(store: Store, filters: Filters | None = None, *, after: str = "", limit: int = SLICE) -> Listing:
    """Waiting cases in the order of the queue. `after` is the `next` of the slice before."""
    wanted = conditions(filters or Filters())
    with store.read() as connection:
        rows = _first(connection, filters or Filters(), after, limit + 1)
        total = connection.execute(sa.select(sa.func.count()).select_from(cases).where(*wanted)).scalar_one()
        shown = rows[:limit]
        return Listing(
            lines=tuple(lines(connection, shown)),
            total=total,
            next=f"{shown[-1].priority}.{shown[-1].id}" if len(rows) > limit else "",
        )


def _first(connection: Connection, filters: Filters, after: str, limit: int) -> list[sa.Row[Any]]:
    """The first rows in the queue's order: of each state by itself, as its index has them sorted."""
    found: list[sa.Row[Any]] = []
    for state in WAITING:
        wanted = sa.select(cases).where(*conditions(filters, (state,)), *_beyond(after))
        found += connection.execute(wanted.order_by(cases.c.priority, cases.c.id).limit(limit))
    return sorted(found, key=lambda row: (row.priority, row.id))[:limit]


def second_looks(store: Store, viewer: str, *, after: str = "", limit: int = SLICE) -> Listing:
    """Decided cases that wait for this person's opinion; nothing of the first decision is told."""
    start = int(after) if after.isdigit() else 0
    wanted = open_looks(viewer)
    with store.read() as connection:
        rows = connection.execute(
            sa.select(*_blind_columns(), looks.c.id.label("look"))
            .join_from(looks, cases, cases.c.id == looks.c.case_id)
            .where(*wanted, looks.c.id > start)
            .order_by(looks.c.id)
            .limit(limit + 1)
        ).all()
        total = connection.execute(sa.select(sa.func.count()).select_from(looks).where(*wanted)).scalar_one()
        shown = rows[:limit]
        return Listing(
            lines=tuple(lines(connection, shown, second_look=True)),
            total=total,
            next=str(shown[-1].look) if len(rows) > limit else "",
        )


def waiting(store: Store, limit: int = 100) -> list[Line]:
    """The first cases of the queue."""
    return list(queue(store, limit=limit).lines)


def open_looks(viewer: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Second looks that this person may take."""
    return looks.c.state == "waiting", looks.c.first_by != viewer


def conditions(filters: Filters, states: Sequence[str] = WAITING) -> list[sa.ColumnElement[bool]]:
    """What a row of `case` has to meet to wait in the queue with these filters."""
    found: list[sa.ColumnElement[bool]] = [among(states)]
    if filters.clause:
        found.append(under(filters.clause))
    if filters.page or filters.platform or filters.school:
        found.append(_on_a_page(filters))
    if filters.kind:
        found.append(_came_as(filters.kind))
    if filters.reason:
        found.append(cases.c.reason == filters.reason)
    if filters.older_than is not None:
        found.append(cases.c.opened_at < utcnow() - filters.older_than)
    if filters.held_by:
        found += [cases.c.claimed_by == filters.held_by, cases.c.claimed_until > utcnow()]
    if filters.escalated:
        found.append(cases.c.escalated)
    return found


def among(states: Sequence[str]) -> sa.ColumnElement[bool]:
    """One alone by =, with which its index gives the cases in the queue's order."""
    return cases.c.state == states[0] if len(states) == 1 else cases.c.state.in_(states)


def under(clause: str) -> sa.ColumnElement[bool]:
    """The case may break this clause."""
    return _holds(cases.c.clauses, clause)


def _holds(column: sa.ColumnElement[str], word: str) -> sa.ColumnElement[bool]:
    """One of the column's words, which are joined by a space."""
    padded: sa.ColumnElement[str] = " " + column + " "
    return padded.contains(f" {word} ", autoescape=True)


def _on_a_page(filters: Filters) -> sa.ColumnElement[bool]:
    """One of its comments stands on such a page."""
    given = {"key": filters.page, "platform": filters.platform, "school": filters.school}
    such = [pages.c[name] == value for name, value in given.items() if value]
    padded: sa.ColumnElement[str] = " " + cases.c.pages + " "
    # Not LIKE, to which an underscore in a key would be any character.
    without = sa.func.replace(padded, " " + pages.c.key + " ", "")
    among = sa.exists().where(*such, without != padded).correlate(cases)
    # Nearly every case stands on one page, which is quicker to compare.
    alone = cases.c.pages.in_(sa.select(pages.c.key).where(*such))
    return sa.or_(alone, sa.and_(cases.c.pages.contains(" "), among))


def _came_as(kind: str) -> sa.ColumnElement[bool]:
    joined = (case_comments.c.case_id == cases.c.id, comments.c.id == case_comments.c.comment_id)
    return sa.exists().where(*joined, comments.c.kind == kind).correlate(cases)


def _beyond(after: str) -> list[sa.ColumnElement[bool]]:
    priority, _, number = after.partition(".")
    if not (priority.isdigit() and number.isdigit()):
        return []
    same = sa.and_(cases.c.priority == int(priority), cases.c.id > int(number))
    return [sa.or_(cases.c.priority > int(priority), same)]


def _blind_columns() -> list[sa.ColumnElement[object]]:
    """A case's row with the second look's claim in place of its own."""
    own = ("claimed_by", "claimed_until")
    return [looks.c[column.name] if column.name in own else column for column in cases.c]
