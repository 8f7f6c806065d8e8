"""Who opened which case when, and how much of what a person read today was hard to read."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import evidence
from modbot.store import Readable, Transaction, table
from modbot.tables import CaseComment, Opened

openings, case_comments = table(Opened), table(CaseComment)
_ITS = (openings.c.case_id == sa.bindparam("case"), openings.c.person == sa.bindparam("person"))
_VERSION, _FIRST_OPENED = (
    sa.select(openings.c.version).where(*_ITS),
    sa.select(openings.c.first_at).where(*_ITS),
)
_SEVERE = (
    sa.select(sa.func.count())
    .select_from(openings)
    .where(
        openings.c.person == sa.bindparam("person"),
        openings.c.last_at >= sa.bindparam("since"),
        openings.c.severe,
    )
)


def note(tx: Transaction, case_id: int, person: str, version: int) -> None:
    """The person has the case before them now.

    The log tells who saw a case as it was then, once. That somebody keeps a case, or lets go of it, changes
    nothing about it and is not logged.
    """
    seen = tx.execute(_VERSION, {"case": case_id, "person": person}).scalar()
    if seen != version:
        tx.record("case.claimed", f"case:{case_id}", {"version": version}, actor=person)
    if seen is not None:
        its = (openings.c.case_id == case_id, openings.c.person == person)
        tx.execute(sa.update(openings).where(*its).values(last_at=tx.now, version=version))
        return
    values = {"case_id": case_id, "person": person, "first_at": tx.now, "last_at": tx.now}
    tx.add(Opened, **values, version=version, severe=_is_severe(tx.connection, case_id))


def first_opened(connection: Connection, case_id: int, person: str) -> datetime | None:
    its = {"case": case_id, "person": person}
    found: datetime | None = connection.execute(_FIRST_OPENED, its).scalar()
    return found


def severe_since(store: Readable, person: str, since: datetime) -> int:
    """Cases with threats or slurs that the person has opened since then."""
    with store.read() as connection:
        return connection.execute(_SEVERE, {"person": person, "since": since}).scalar_one()


def _is_severe(connection: Connection, case_id: int) -> bool:
    first = sa.select(sa.func.min(case_comments.c.comment_id)).where(case_comments.c.case_id == case_id)
    comment_id = connection.execute(first).scalar_one()
    return bool(evidence.severity(evidence.judged(connection, [comment_id]).get(comment_id)))
