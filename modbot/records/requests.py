"""Public-records requests that touch moderation: what came in, and how it was answered.

Entries of the log alone; an entry's number is the request's. What was asked for and what was answered is
their content, apart from the log as other words are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from modbot import case_rows
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.roles import Permission, allows
from modbot.store import Store, Transaction, bodies_of, storable, table
from modbot.tables import AuditEvent

events = table(AuditEvent)
RECEIVED, ANSWERED = "request.received", "request.answered"
LIST = "See them with: modbot request list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`words` and `answer` are None once they were disposed of; `answered_at` is None while it waits."""

    id: int
    entered_by: str
    received_at: datetime
    words: str | None
    answered_at: datetime | None
    answered_by: str
    answer: str | None


def receive(store: Store, by: str, words: str, received_at: datetime | None = None) -> int:
    """Put a request on record; returns its number. Raises NotAllowed or DecisionRefused."""
    with store.write() as tx:
        if not allows(case_rows.active(tx, by), Permission.DECIDE):
            raise NotAllowed(f"{by} may not enter records requests.", remedy="Ask a moderator.")
        if not words.strip():
            raise DecisionRefused("A request needs words.", remedy="Enter what was asked for.")
        at = received_at or tx.now
        if at > tx.now:
            raise DecisionRefused("A request cannot come in later than now.", remedy="Give an earlier day.")
        body = {"words": storable(words), "received_at": at.isoformat()}
        return tx.record(RECEIVED, "request:{seq}", body, actor=by)


def answer(store: Store, number: int, by: str, words: str) -> None:
    """Note how a request was answered, by a records officer.

    Raises NotAllowed, DecisionRefused, or StaleCase for a number that is none or was answered.
    """
    with store.write() as tx:
        if not allows(case_rows.active(tx, by), Permission.RELEASE):
            raise NotAllowed(f"{by} may not answer records requests.", remedy="Ask the records officer.")
        if not words.strip():
            raise DecisionRefused(
                "Say how it was answered.", remedy="Such as: sent 40 records on November 20."
            )
        _refuse_unless_waiting(tx, number)
        tx.record(ANSWERED, f"request:{number}", {"words": storable(words)}, actor=by)


def _refuse_unless_waiting(tx: Transaction, number: int) -> None:
    kinds = (
        tx.execute(sa.select(events.c.kind).where(events.c.subject == f"request:{number}")).scalars().all()
    )
    if not kinds:
        raise StaleCase(f"There is no request {number}.", remedy=LIST)
    if ANSWERED in kinds:
        raise StaleCase(f"Request {number} was answered already.", remedy=LIST)


def listed(store: Store) -> Sequence[Request]:
    """Those that wait, oldest first, then the answered ones, newest first."""
    columns = (events.c.seq, events.c.at, events.c.actor, events.c.kind, events.c.subject)
    with store.read() as connection:
        found = sa.select(*columns).where(events.c.kind.in_((RECEIVED, ANSWERED))).order_by(events.c.seq)
        rows = connection.execute(found).all()
        bodies = bodies_of(connection, [row.seq for row in rows])
    answers = {row.subject: row for row in rows if row.kind == ANSWERED}
    requests = [_request(row, answers.get(row.subject), bodies) for row in rows if row.kind == RECEIVED]
    waiting = [each for each in requests if each.answered_at is None]
    done = [each for each in requests if each.answered_at is not None]
    return [*waiting, *reversed(done)]


def _request(row: Any, answered: Any, bodies: dict[int, Any]) -> Request:
    body = bodies.get(row.seq) or {}
    said = {} if answered is None else bodies.get(answered.seq) or {}
    came_in = body.get("received_at")
    return Request(
        id=row.seq,
        entered_by=row.actor,
        received_at=row.at if came_in is None else datetime.fromisoformat(came_in),
        words=body.get("words"),
        answered_at=None if answered is None else answered.at,
        answered_by="" if answered is None else answered.actor,
        answer=said.get("words"),
    )
