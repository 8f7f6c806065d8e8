"""Taking back an escalation or a referral, as long as nobody else has acted on it.

What was decided stays on record; that it was withdrawn is one more entry. Nothing on a platform changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from modbot import case_rows, queue
from modbot.errors import StaleCase
from modbot.store import Transaction, body_of, table
from modbot.tables import Decision, Note, Withdrawal

decisions, notes, withdrawals = table(Decision), table(Note), table(Withdrawal)

PASSED_ON = ("escalate", "refer")


def take_back(tx: Transaction, row: sa.Row[Any], by: str, reason: str = "") -> str:
    """Withdraw what this person passed on last of the case (`row`, locked); returns the choice.

    Raises StaleCase where there is nothing to take back, it is somebody else's, or others have acted.
    """
    last = _last(tx, row.id)
    if last is None or last.choice not in PASSED_ON or is_withdrawn(tx.connection, last.id):
        raise StaleCase(
            "Case %(case)s has no decision to take back.", remedy="Decide it instead.", case=row.id
        )
    if last.decided_by != by:
        raise StaleCase(
            "%(by)s passed case %(case)s on.",
            remedy="Only they can take that back. Decide it.",
            by=last.decided_by,
            case=row.id,
        )
    _refuse_if_acted_on(tx, row, last)
    together = _together(tx, last)
    body = {"decisions": [each.id for each in together], "choice": last.choice, "reason": reason}
    number = tx.record("decision.withdrawn", f"case:{row.id}", body, actor=by)
    for each in together:
        tx.add(Withdrawal, decision_id=each.id, withdrawn=number)
    before = _before(tx, row, last) if last.choice == "escalate" else {}
    case_rows.update(tx, row.id, version=row.version + 1, **before)
    return str(last.choice)


def is_withdrawn(connection: sa.Connection, decision: int) -> bool:
    found = sa.select(withdrawals.c.decision_id).where(withdrawals.c.decision_id == decision)
    return connection.execute(found).first() is not None


def _last(tx: Transaction, case_id: int) -> sa.Row[Any] | None:
    its = sa.select(decisions).where(decisions.c.case_id == case_id)
    return tx.execute(its.order_by(decisions.c.id.desc()).limit(1)).first()


def _together(tx: Transaction, last: sa.Row[Any]) -> Sequence[sa.Row[Any]]:
    """Near-identical comments were passed on in one go."""
    same = (decisions.c.case_id == last.case_id, decisions.c.at == last.at, decisions.c.choice == last.choice)
    return tx.execute(sa.select(decisions).where(*same).order_by(decisions.c.id)).all()


def _refuse_if_acted_on(tx: Transaction, row: sa.Row[Any], last: sa.Row[Any]) -> None:
    case_rows.refuse_if_held(row, row.id, last.decided_by, tx.now)
    written = (notes.c.case_id == row.id, notes.c.id > last.id, notes.c.written_by != last.decided_by)
    if tx.execute(sa.select(notes.c.id).where(*written).limit(1)).first() is not None:
        raise StaleCase(
            "Somebody has written about case %(case)s since.",
            remedy="Talk to them: they act on it already.",
            case=row.id,
        )


def _before(tx: Transaction, row: sa.Row[Any], last: sa.Row[Any]) -> dict[str, Any]:
    """How the case stood before it was escalated; what became urgent meanwhile stays urgent."""
    before = (body_of(tx.connection, last.id) or {}).get("before", {})
    priority = before.get("priority", queue.ORDINARY) if row.priority == queue.TO_LEAD else row.priority
    return {"escalated": before.get("escalated", False), "priority": priority}
