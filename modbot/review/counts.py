"""How much waits, by everything that the queue can be filtered by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.queue import URGENT, WAITING
from modbot.review.lines import Row, cases
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
    """Exact counts of waiting cases; a case on two pages counts once for each page, school and platform."""
    with store.read() as connection:
        groups = _groups(connection)
        known = {row.key: row for row in connection.execute(sa.select(pages))}
        seconds = sa.select(sa.func.count()).select_from(looks).where(*open_looks(viewer))
        return Counts(
            waiting=_sum(groups),
            urgent=_sum([row for row in groups if row.priority == URGENT]),
            escalated=_sum([row for row in groups if row.escalated]),
            not_scored=_sum([row for row in groups if row.reason == "not_scored"]),
            edited=_sum([row for row in groups if row.reason == "edited"]),
            mine=connection.execute(_mine(viewer)).scalar_one(),
            second_looks=connection.execute(seconds).scalar_one(),
            clauses=_tally((row.clauses.split(), row.many) for row in groups),
            pages=_tally((row.pages.split(), row.many) for row in groups),
            platforms=_tally((_of(known, row.pages, "platform"), row.many) for row in groups),
            schools=_tally((_of(known, row.pages, "school"), row.many) for row in groups),
        )


def _groups(connection: Connection) -> Sequence[Row]:
    # The columns of ix_case_counts in their order, so that nothing has to be sorted.
    columns = [cases.c[name] for name in ("state", "priority", "reason", "escalated", "clauses", "pages")]
    grouped = sa.select(*columns, sa.func.count().label("many")).where(cases.c.state.in_(WAITING))
    return connection.execute(grouped.group_by(*columns)).all()


def _mine(viewer: str) -> sa.Select[Any]:
    held = (cases.c.claimed_by == viewer, cases.c.claimed_until > utcnow())
    return sa.select(sa.func.count()).select_from(cases).where(cases.c.state == "claimed", *held)


def _sum(rows: Sequence[Row]) -> int:
    return sum(row.many for row in rows)


def _tally(found: Iterable[tuple[Iterable[str], int]]) -> dict[str, int]:
    """Each name with the sum of its numbers, by name; nameless ones are left out."""
    total: Counter[str] = Counter()
    for names, many in found:
        for name in names:
            total[name] += many
    return {name: many for name, many in sorted(total.items()) if name}


def _of(known: Mapping[str, sa.Row[Any]], keys: str, what: str) -> set[str]:
    """The platforms, or the schools, of these pages."""
    return {known[key]._mapping[what] for key in keys.split()}
