"""What a person should look at next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.queue import ORDINARY, WAITING
from modbot.review.lines import cases
from modbot.review.waiting import looks, open_looks
from modbot.roles import LEADS
from modbot.store import Store, table, utcnow
from modbot.tables import SecondOpinion, Skip, User

skips, opinions, users = table(Skip), table(SecondOpinion), table(User)


@dataclass(frozen=True, slots=True)
class Next:
    case_id: int
    second_look: bool = False


def next_for(store: Store, person: str) -> Next | None:
    """The first case of the queue that this person may take and has not passed over; None when none waits.

    Second looks stand among the ordinary cases, by age. What the person passed over comes again when nothing
    else is left.
    """
    with store.read() as connection:
        role = connection.execute(sa.select(users.c.role).where(users.c.name == person)).scalar()
        return _next(connection, person, role in LEADS, passed_over=False) or _next(
            connection, person, role in LEADS, passed_over=True
        )


def _next(connection: Connection, person: str, leads: bool, *, passed_over: bool) -> Next | None:
    # Of each state by itself, as its index has them sorted.
    firsts = (connection.execute(_first_case(person, leads, passed_over, state)).first() for state in WAITING)
    case = min(filter(None, firsts), key=lambda row: (row.priority, row.id), default=None)
    look = connection.execute(_first_look(person, passed_over)).first()
    if look is not None and (case is None or (ORDINARY, look.id) < (case.priority, case.id)):
        return Next(look.case_id, second_look=True)
    return None if case is None else Next(case.id)


def _first_case(person: str, leads: bool, passed_over: bool, state: str) -> sa.Select[Any]:
    free = sa.or_(
        cases.c.claimed_by.is_(None), cases.c.claimed_by == person, cases.c.claimed_until <= utcnow()
    )
    if leads:
        # As in `cases.claim`: one who only looks at it does not keep it from a lead.
        by_a_lead = sa.exists().where(users.c.name == cases.c.claimed_by, users.c.role.in_(LEADS))
        free = sa.or_(free, sa.and_(cases.c.escalated, ~by_a_lead.correlate(cases)))
    found = sa.select(cases.c.id, cases.c.priority).where(cases.c.state == state, free)
    if not leads:
        found = found.where(~cases.c.escalated)
    if not passed_over:
        found = found.where(~_skipped(person), ~_was_party(person))
    return found.order_by(cases.c.priority, cases.c.id).limit(1)


def _first_look(person: str, passed_over: bool) -> sa.Select[tuple[int, int]]:
    free = sa.or_(
        looks.c.claimed_by.is_(None), looks.c.claimed_by == person, looks.c.claimed_until <= utcnow()
    )
    found = sa.select(looks.c.id, looks.c.case_id).where(*open_looks(person), free)
    if not passed_over:
        found = found.join(cases, cases.c.id == looks.c.case_id).where(~_skipped(person))
    return found.order_by(looks.c.id).limit(1)


def _skipped(person: str) -> sa.ColumnElement[bool]:
    """Passed over, and not changed since."""
    same = (skips.c.case_id == cases.c.id, skips.c.person == person, skips.c.version == cases.c.version)
    return sa.exists().where(*same).correlate(cases)


def _was_party(person: str) -> sa.ColumnElement[bool]:
    """One of the two whose choices differ: somebody else should settle it."""
    given = opinions.c.look_id == looks.c.id
    theirs = sa.or_(looks.c.first_by == person, sa.exists().where(given, opinions.c.given_by == person))
    return (
        sa.exists().where(looks.c.case_id == cases.c.id, looks.c.state == "differs", theirs).correlate(cases)
    )
