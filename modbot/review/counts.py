"""How much waits, by everything that the queue can be filtered by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from modbot.queue import URGENT, WAITING
from modbot.review.lines import Row, cases
from modbot.review.waiting import OPEN_LOOKS, pages
from modbot.store import Readable, utcnow

# The columns of ix_case_counts in their order, so that nothing has to be sorted.
_COLUMNS = [cases.c[name] for name in ("state", "priority", "reason", "escalated", "clauses", "pages")]
_GROUPS = (
    sa.select(*_COLUMNS, sa.func.count().label("many")).where(cases.c.state.in_(WAITING)).group_by(*_COLUMNS)
)
_PAGES = sa.select(pages.c.key, pages.c.platform, pages.c.school)
_HELD = sa.select(sa.func.count()).where(
    cases.c.state == "claimed",
    cases.c.claimed_by == sa.bindparam("viewer"),
    cases.c.claimed_until > sa.bindparam("now"),
)
_OWN = sa.select(
    _HELD.scalar_subquery().label("mine"),
    sa.select(sa.func.count()).where(*OPEN_LOOKS).scalar_subquery().label("second_looks"),
)


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


def count(store: Readable, viewer: str = "") -> Counts:
    """Exact counts of waiting cases; a case on two pages counts once for each page, school and platform."""
    with store.read() as connection:
        groups = connection.execute(_GROUPS).all()
        known = {row.key: row for row in connection.execute(_PAGES)}
        own = connection.execute(_OWN, {"viewer": viewer, "now": utcnow()}).one()
        return Counts(
            waiting=_sum(groups),
            urgent=_sum([row for row in groups if row.priority == URGENT]),
            escalated=_sum([row for row in groups if row.escalated]),
            not_scored=_sum([row for row in groups if row.reason == "not_scored"]),
            edited=_sum([row for row in groups if row.reason == "edited"]),
            mine=own.mine,
            second_looks=own.second_looks,
            clauses=_tally((row.clauses.split(), row.many) for row in groups),
            pages=_tally((row.pages.split(), row.many) for row in groups),
            platforms=_tally((_of(known, row.pages, "platform"), row.many) for row in groups),
            schools=_tally((_of(known, row.pages, "school"), row.many) for row in groups),
        )


def _sum(rows: Sequence[Row]) -> int:
    return sum(row.many for row in rows)


def _tally(found: Iterable[tuple[Iterable[str], int]]) -> dict[str, int]:
    """Each name with the sum of its numbers, by name; nameless ones are left out."""
    total: Counter[str] = Counter()
    for names, many in found:
        for name in names:
            total[name] += many
    return {name: many for name, many in sorted(total.items()) if name}


def _of(known: Mapping[str, Row], keys: str, what: str) -> set[str]:
    """The platforms, or the schools, of these pages."""
    return {known[key]._mapping[what] for key in keys.split()}
