"""What a person just decided, for the bar that offers to take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from modbot import proposals as proposed
from modbot.queue import WAITING
from modbot.store import Readable, table, utcnow
from modbot.tables import Action, Case, Decision, Proposal
from modbot.withdrawals import PASSED_ON, is_withdrawn

cases, decisions, actions, proposals = table(Case), table(Decision), table(Action), table(Proposal)


@dataclass(frozen=True, slots=True)
class Aftermath:
    case: int
    choice: str
    clause: str
    comments: int
    seconds: int
    """Until the platform is told; 0 when it was told, or when there is nothing to tell."""
    proposed: bool
    """For deletion: it is still up, until the records officer releases it."""
    undoable: bool
    passed_on: bool
    """Escalated or referred."""


def aftermath(store: Readable, case_id: int | None, by: str) -> Aftermath | None:
    """Of this person's own decision on this case, if it was the case's last."""
    if case_id is None:
        return None
    with store.read() as connection:
        made = connection.execute(
            sa.select(decisions, cases.c.state)
            .join(cases, cases.c.id == decisions.c.case_id)
            .where(decisions.c.case_id == case_id)
            .order_by(decisions.c.id.desc())
            .limit(1)
        ).first()
        if made is None or made.decided_by != by or is_withdrawn(connection, made.id):
            return None
        # Of an action that somebody has begun, the time is that of the next attempt.
        begins = (actions.c.decision_id == decisions.c.id, actions.c.attempts == 0)
        many, due = connection.execute(
            sa.select(sa.func.count(decisions.c.id.distinct()), sa.func.max(actions.c.due_at))
            .select_from(decisions.outerjoin(actions, sa.and_(*begins)))
            .where(decisions.c.case_id == case_id, decisions.c.at == made.at)
        ).one()
        waits = (proposals.c.decision_id == made.id, proposals.c.state == proposed.WAITING)
        asked = connection.execute(sa.select(proposals.c.id).where(*waits)).first() is not None
    left = due - utcnow() if due is not None else timedelta(0)
    seconds = max(0, round(left.total_seconds()))
    passed_on = made.choice in PASSED_ON
    undoable = passed_on or made.state not in WAITING
    return Aftermath(case_id, made.choice, made.clause, many, seconds, asked, undoable, passed_on)
