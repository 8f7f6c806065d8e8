"""How an item stands on its page by our doing: read by the queue too, which cannot ask for a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from modbot.store import Transaction, many, storable, table
from modbot.tables import Action, Decision

actions, decisions = table(Action), table(Decision)
_ON_ITEM = (
    sa.select(actions)
    .where(
        actions.c.page == sa.bindparam("page"),
        actions.c.native_id == sa.bindparam("native_id"),
        actions.c.state.in_(many("states")),
    )
    .order_by(actions.c.id.desc())
)
HIDE, DELETE = "hide", "delete"


def hidden_by(tx: Transaction, page: str, native_id: str) -> int | None:
    """The case whose decision hides the item, or is about to; None if it is up."""
    last = last_change(tx, page, native_id)
    return case_of(tx, last.id) if last is not None and last.kind in (HIDE, DELETE) else None


def deleted(tx: Transaction, page: str, native_id: str) -> bool:
    """Whether we deleted the item for good, or have begun to."""
    return deletion_of(tx, page, native_id) is not None


def deletion_of(tx: Transaction, page: str, native_id: str) -> int | None:
    """Our action that deleted the item, or has begun to."""
    last = last_change(tx, page, native_id)
    if last is None or last.kind != DELETE or not (last.state == "done" or last.attempts > 0):
        return None
    return int(last.id)


def left_to_people(tx: Transaction, page: str, native_id: str) -> bool:
    """Whether a change of the item waits to be made by hand, since the platform offers it to no program."""
    return bool(actions_on(tx, page, native_id, ("failed",)))


def last_change(tx: Transaction, page: str, native_id: str) -> sa.Row[Any] | None:
    """The newest action that changed the item, or is about to."""
    return next(iter(actions_on(tx, page, native_id, ("pending", "done"))), None)


def actions_on(tx: Transaction, page: str, native_id: str, states: Sequence[str]) -> Sequence[sa.Row[Any]]:
    """The item's actions in these states, newest first."""
    given = {"page": page, "native_id": storable(native_id), "states": states}
    return tx.execute(_ON_ITEM, given).all()


def case_of(tx: Transaction, action_id: int) -> int:
    """The case whose decision asked for the action."""
    case_id: int = tx.execute(
        sa.select(decisions.c.case_id)
        .join(actions, actions.c.decision_id == decisions.c.id)
        .where(actions.c.id == action_id)
    ).scalar_one()
    return case_id
