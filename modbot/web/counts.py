"""How much waits, counted from the rows themselves, for the head of every screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from modbot.queue import URGENT, WAITING
from modbot.store import Readable, table
from modbot.tables import Case

cases = table(Case)
_BY_PRIORITY = (
    sa.select(cases.c.state, cases.c.priority, sa.func.count().label("many"))
    .where(cases.c.state.in_(WAITING))
    .group_by(cases.c.state, cases.c.priority)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    cases: int
    urgent: int


NOTHING = Waiting(0, 0)


class Later:
    """The same, counted when a template first asks: a part of a page may show no counts."""

    def __init__(self, store: Readable) -> None:
        self._store = store

    @cached_property
    def _found(self) -> Waiting:
        return waiting(self._store)

    @property
    def cases(self) -> int:
        return self._found.cases

    @property
    def urgent(self) -> int:
        return self._found.urgent


def waiting(store: Readable) -> Waiting:
    """Cases that nobody has decided yet."""
    with store.read() as connection:
        found = connection.execute(_BY_PRIORITY).all()
    return Waiting(sum(row.many for row in found), sum(row.many for row in found if row.priority == URGENT))
