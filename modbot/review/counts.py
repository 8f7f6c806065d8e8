"""How much waits, by everything that the queue can be filtered by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.queue import URGENT, WAITING
from modbot.review.lines import case_comments, cases, comments
from modbot.review.waiting import looks, open_looks, pages
from modbot.store import Store, utcnow


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    waiting: int
    urgent: int
    escalated: int
    not_scored: int
    edited: int
    mine: int
    """What the viewer has claimed."""
    second_looks: int
    """What waits for the viewer's second opinion."""
    clauses: Mapping[str, int]
    pages: Mapping[str, int]
    platforms: Mapping[str, int]
    schools: Mapping[str, int]


def count(store: Store, viewer: str = "") -> Counts:
    """Exact counts of waiting cases; a case on two pages counts once for each."""
    with store.read() as connection:
        groups = _groups(connection, viewer)
        by_page = _by_page(connection)
        seconds = sa.select(sa.func.count()).select_from(looks).where(*open_looks(viewer))
        return Counts(
            waiting=_sum(groups),
            urgent=_sum([row for row in groups if row.priority == URGENT]),
            escalated=_sum([row for row in groups if row.escalated]),
            not_scored=_sum([row for row in groups if row.reason == "not_scored"]),
            edited=_sum([row for row in groups if row.reason == "edited"]),
            mine=_sum([row for row in groups if row.mine]),
            second_looks=connection.execute(seconds).scalar_one(),
            clauses=_by_clause(groups),
            pages=_pages(by_page, "key"),
            platforms=_pages(by_page, "platform"),
            schools=_pages(by_page, "school"),
        )


def _groups(connection: Connection, viewer: str) -> Sequence[sa.Row[Any]]:
    mine = sa.and_(cases.c.claimed_by == viewer, cases.c.claimed_until > utcnow())
    columns = (
        cases.c.priority,
        cases.c.reason,
        cases.c.clauses,
        cases.c.escalated,
        sa.case((mine, 1), else_=0).label("mine"),
    )
    grouped = sa.select(*columns, sa.func.count().label("many")).where(cases.c.state.in_(WAITING))
    return connection.execute(grouped.group_by(*(sa.literal_column(str(n + 1)) for n in range(5)))).all()


def _by_page(connection: Connection) -> Sequence[sa.Row[Any]]:
    """Each case once for each page on which it has a comment."""
    standing = (
        sa.select(cases.c.id, comments.c.page)
        .distinct()
        .join_from(cases, case_comments, case_comments.c.case_id == cases.c.id)
        .join(comments, comments.c.id == case_comments.c.comment_id)
        .where(cases.c.state.in_(WAITING))
        .subquery()
    )
    return connection.execute(
        sa.select(pages.c.key, pages.c.platform, pages.c.school, sa.func.count().label("many"))
        .join_from(standing, pages, pages.c.key == standing.c.page)
        .group_by(pages.c.key, pages.c.platform, pages.c.school)
    ).all()


def _sum(rows: Sequence[sa.Row[Any]]) -> int:
    return sum(row.many for row in rows)


def _by_clause(groups: Sequence[sa.Row[Any]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in groups:
        for clause in row.clauses.split():
            found[clause] += row.many
    return dict(sorted(found.items()))


def _pages(rows: Sequence[sa.Row[Any]], by: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row._mapping[by]] += row.many
    return {name: many for name, many in sorted(found.items()) if name}
