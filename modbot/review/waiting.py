"""The queue: cases that nobody has decided, filtered, in their order, a slice at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from modbot.queue import WAITING
from modbot.review.lines import Line, case_comments, cases, comments, lines
from modbot.store import Readable, table, utcnow
from modbot.tables import Page, SecondLook

pages, looks = table(Page), table(SecondLook)

HELD = ("claimed_by", "claimed_until")
"""Columns that a case and a second look have each for itself."""
OPEN_LOOKS = (looks.c.state == "waiting", looks.c.first_by != sa.bindparam("viewer"))
"""Second looks that the `viewer` may take, as a statement is given them."""
BLIND = sa.exists().where(looks.c.case_id == cases.c.id, *OPEN_LOOKS).correlate(cases).label("blind")
"""Whether the `viewer` may take one of the case, and so must not know the first decision."""
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


def queue(store: Readable, filters: Filters | None = None, *, after: str = "", limit: int = SLICE) -> Listing:
    """Waiting cases in the order of the queue. `after` is the `next` of the slice before."""
    wanted, start = filters or Filters(), _start(after)
    given = values(wanted)
    with store.read() as connection:
        rows = connection.execute(_firsts(wanted, bool(start), limit + 1), given | start).all()
        total = connection.execute(_total(wanted), given).scalar_one()
        shown = sorted(rows, key=lambda row: (row.priority, row.id))[:limit]
        return Listing(
            lines=tuple(lines(connection, shown)),
            total=total,
            next=f"{shown[-1].priority}.{shown[-1].id}" if len(rows) > limit else "",
        )


@lru_cache(maxsize=64)
def _firsts(filters: Filters, going_on: bool, limit: int) -> sa.CompoundSelect[Any]:
    beyond = _BEYOND if going_on else ()
    return in_order(
        (sa.select(cases).where(*conditions(filters, (state,)), *beyond) for state in WAITING), limit
    )


@lru_cache(maxsize=64)
def _total(filters: Filters) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(cases).where(*conditions(filters))


def in_order(by_state: Iterable[sa.Select[Any]], limit: int) -> sa.CompoundSelect[Any]:
    """The first `limit` of each state by itself, as its index has them sorted; to be sorted together."""
    firsts = (each.order_by(cases.c.priority, cases.c.id).limit(limit) for each in by_state)
    return sa.union_all(*(sa.select(each.subquery()) for each in firsts))


def second_looks(store: Readable, viewer: str, *, after: str = "", limit: int = SLICE) -> Listing:
    """Decided cases that wait for this person's opinion; nothing of the first decision is told."""
    start = int(after) if after.isdigit() else 0
    given = {"viewer": viewer}
    with store.read() as connection:
        rows = connection.execute(
            sa.select(*_blind_columns(), looks.c.id.label("look"))
            .join_from(looks, cases, cases.c.id == looks.c.case_id)
            .where(*OPEN_LOOKS, looks.c.id > start)
            .order_by(looks.c.id)
            .limit(limit + 1),
            given,
        ).all()
        total = connection.execute(
            sa.select(sa.func.count()).select_from(looks).where(*OPEN_LOOKS), given
        ).scalar_one()
        shown = rows[:limit]
        return Listing(
            lines=tuple(lines(connection, shown, second_look=True)),
            total=total,
            next=str(shown[-1].look) if len(rows) > limit else "",
        )


def waiting(store: Readable, limit: int = 100) -> list[Line]:
    """The first cases of the queue."""
    return list(queue(store, limit=limit).lines)


def conditions(filters: Filters, states: Sequence[str] = WAITING) -> list[sa.ColumnElement[bool]]:
    """What a row of `case` has to meet to wait in the queue with these filters; to be given `values`."""
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
        found.append(cases.c.opened_at < sa.bindparam("before"))
    if filters.held_by:
        found += [cases.c.claimed_by == filters.held_by, cases.c.claimed_until > sa.bindparam("now")]
    if filters.escalated:
        found.append(cases.c.escalated)
    return found


def values(filters: Filters) -> dict[str, Any]:
    """What `conditions` leave open: the time at which they are asked."""
    now = utcnow()
    given: dict[str, Any] = {"now": now} if filters.held_by else {}
    return given if filters.older_than is None else given | {"before": now - filters.older_than}


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


def _start(after: str) -> dict[str, int]:
    """The last case that was seen; empty for the beginning."""
    priority, _, number = after.partition(".")
    if not (priority.isdigit() and number.isdigit()):
        return {}
    return {"priority": int(priority), "number": int(number)}


_BEYOND = (
    sa.or_(
        cases.c.priority > sa.bindparam("priority"),
        sa.and_(cases.c.priority == sa.bindparam("priority"), cases.c.id > sa.bindparam("number")),
    ),
)


def _blind_columns() -> list[sa.ColumnElement[object]]:
    """A case's row with the second look's claim in place of its own."""
    return [looks.c[column.name] if column.name in HELD else column for column in cases.c]
