"""What a person should look at next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.queue import ORDINARY, WAITING
from modbot.review.lines import cases
from modbot.review.waiting import OPEN_LOOKS, in_order, looks
from modbot.roles import LEADS
from modbot.store import Readable, table, utcnow
from modbot.tables import SecondOpinion, Skip, User

skips, opinions, users = table(Skip), table(SecondOpinion), table(User)


@dataclass(frozen=True, slots=True)
class Next:
    case_id: int
    second_look: bool = False


def next_for(store: Readable, person: str) -> Next | None:
    """The first case of the queue that this person may take and has not passed over; None when none waits.

    Second looks stand among the ordinary cases, by age. What the person passed over comes again when nothing
    else is left.
    """
    with store.read() as connection:
        role = connection.execute(_ROLE, {"viewer": person}).scalar()
        return _next(connection, person, role in LEADS, passed_over=False) or _next(
            connection, person, role in LEADS, passed_over=True
        )


def _next(connection: Connection, person: str, leads: bool, *, passed_over: bool) -> Next | None:
    given = {"viewer": person, "now": utcnow()}
    firsts = connection.execute(_first_cases(leads, passed_over), given)
    case = min(firsts, key=lambda row: (row.priority, row.id), default=None)
    look = connection.execute(_first_look(passed_over), given).first()
    if look is not None and (case is None or (ORDINARY, look.id) < (case.priority, case.id)):
        return Next(look.case_id, second_look=True)
    return None if case is None else Next(case.id)


@cache
def _first_cases(leads: bool, passed_over: bool) -> sa.CompoundSelect[Any]:
    return in_order((_free_cases(leads, passed_over, state) for state in WAITING), 1)


def _free_cases(leads: bool, passed_over: bool, state: str) -> sa.Select[Any]:
    free = _is_free(cases.c)
    if leads:
        # As in `cases.claim`: one who only looks at it does not keep it from a lead.
        by_a_lead = sa.exists().where(users.c.name == cases.c.claimed_by, users.c.role.in_(LEADS))
        free = sa.or_(free, sa.and_(cases.c.escalated, ~by_a_lead.correlate(cases)))
    found = sa.select(cases.c.id, cases.c.priority).where(cases.c.state == state, free)
    if not leads:
        found = found.where(~cases.c.escalated)
    return found if passed_over else found.where(~_SKIPPED, ~_WAS_PARTY)


@cache
def _first_look(passed_over: bool) -> sa.Select[tuple[int, int]]:
    found = sa.select(looks.c.id, looks.c.case_id).where(*OPEN_LOOKS, _is_free(looks.c))
    if not passed_over:
        found = found.join(cases, cases.c.id == looks.c.case_id).where(~_SKIPPED)
    return found.order_by(looks.c.id).limit(1)


def _is_free(c: sa.ColumnCollection[str, Any]) -> sa.ColumnElement[bool]:
    mine, ran_out = c.claimed_by == sa.bindparam("viewer"), c.claimed_until <= sa.bindparam("now")
    return sa.or_(c.claimed_by.is_(None), mine, ran_out)


_ROLE = sa.select(users.c.role).where(users.c.name == sa.bindparam("viewer"))
_SKIPPED = (
    sa.exists()
    .where(
        skips.c.case_id == cases.c.id,
        skips.c.person == sa.bindparam("viewer"),
        skips.c.version == cases.c.version,
    )
    .correlate(cases)
)
"""Passed over, and not changed since."""
_GAVE = sa.exists().where(opinions.c.look_id == looks.c.id, opinions.c.given_by == sa.bindparam("viewer"))
_WAS_PARTY = (
    sa.exists()
    .where(
        looks.c.case_id == cases.c.id,
        looks.c.state == "differs",
        sa.or_(looks.c.first_by == sa.bindparam("viewer"), _GAVE),
    )
    .correlate(cases)
)
"""One of the two whose choices differ: somebody else should settle it."""
