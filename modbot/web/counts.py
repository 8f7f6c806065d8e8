"""How much waits, counted from the rows themselves, for the head of every screen."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from modbot.queue import URGENT, WAITING
from modbot.store import Store, table
from modbot.tables import Case

cases = table(Case)


@dataclass(frozen=True, slots=True)
class Waiting:
    cases: int
    urgent: int


NOTHING = Waiting(0, 0)


def waiting(store: Store) -> Waiting:
    """Cases that nobody has decided yet."""
    by_priority = (
        sa.select(cases.c.state, cases.c.priority, sa.func.count().label("many"))
        .where(cases.c.state.in_(WAITING))
        .group_by(cases.c.state, cases.c.priority)
    )
    with store.read() as connection:
        found = connection.execute(by_priority).all()
    return Waiting(sum(row.many for row in found), sum(row.many for row in found if row.priority == URGENT))
