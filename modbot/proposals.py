"""What waits for the records officer: decisions that only a final deletion can carry out.

Where a platform can hide, somebody proposes to delete what is hidden already. Where it can only delete, the
decision to hide is the proposal, and the comment stays up until it is released.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

import platforms
from modbot.store import SYSTEM, Readable, Transaction, table
from modbot.tables import Proposal
from platforms.base import ActionKind

proposals = table(Proposal)

WAITING, RELEASED, REFUSED, WITHDRAWN = "waiting", "released", "refused", "withdrawn"
_OF_CASE = (
    sa.select(proposals)
    .where(proposals.c.case_id == sa.bindparam("case"), proposals.c.state == WAITING)
    .order_by(proposals.c.comment_id)
    .with_for_update()
)


def final_only(platform: str) -> bool:
    """Whether nothing can be hidden there so that it can be shown again, but deleted it can be."""
    known = platforms.load(platform).capabilities.possible
    hide = known.get(ActionKind.HIDE)
    return (hide is None or not hide.reversible) and ActionKind.DELETE in known


def deletable(platform: str) -> bool:
    return bool(ActionKind.DELETE in platforms.load(platform).capabilities.possible)


def propose(
    tx: Transaction, case_id: int, decision_id: int, comment_id: int, subject: str, by: str, reason: str
) -> int:
    """`subject`: the log's name of the comment."""
    body = {"case": case_id, "decision": decision_id, "comment": comment_id, "reason": reason}
    number = tx.record("deletion.proposed", subject, body, actor=by)
    tx.add(
        Proposal,
        id=number,
        case_id=case_id,
        decision_id=decision_id,
        comment_id=comment_id,
        proposed_by=by,
        at=tx.now,
        state=WAITING,
    )
    return number


def of_case(tx: Transaction, case_id: int) -> Sequence[sa.Row[Any]]:
    """The case's waiting proposals, by their comments."""
    return tx.execute(_OF_CASE, {"case": case_id}).all()


def of_comment(tx: Transaction, comment_id: int) -> sa.Row[Any] | None:
    its = (proposals.c.comment_id == comment_id, proposals.c.state == WAITING)
    return tx.execute(sa.select(proposals).where(*its).with_for_update()).first()


def settle(tx: Transaction, ids: Sequence[int], state: str) -> None:
    tx.execute(sa.update(proposals).where(proposals.c.id.in_(ids)).values(state=state))


def withdraw(tx: Transaction, case_id: int, why: str, actor: str = SYSTEM) -> None:
    """The decision behind them no longer stands."""
    found = of_case(tx, case_id)
    if found:
        ids = [row.id for row in found]
        tx.record("deletion.withdrawn", f"case:{case_id}", {"proposals": ids, "why": why}, actor=actor)
        settle(tx, ids, WITHDRAWN)


def waiting_cases(store: Readable) -> int:
    """How many cases wait for a release."""
    with store.read() as connection:
        return connection.execute(_WAITING_CASES).scalar_one()


_WAITING_CASES = sa.select(sa.func.count(proposals.c.case_id.distinct())).where(proposals.c.state == WAITING)
