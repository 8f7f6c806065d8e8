"""Passing a case over: one reviewer is not offered it again, unless it changes; the others are."""

from __future__ import annotations

import sqlalchemy as sa

from modbot import case_rows, second_looks
from modbot.store import Store, Transaction, table
from modbot.tables import Skip

skips = table(Skip)


def skip(store: Store, case_id: int, by: str) -> None:
    """Raises NotAllowed or StaleCase. What the person held of the case is free for others."""
    with store.write() as tx:
        case_rows.decider(tx, by)
        row = case_rows.locked(tx, case_id)
        number = tx.record("case.skipped", f"case:{case_id}", actor=by)
        _remember(tx, case_id, by, number, row.version)
        free = {"claimed_by": None, "claimed_until": None}
        if row.state == "claimed" and row.claimed_by == by:
            case_rows.update(tx, case_id, state="open", **free)
        second_looks.let_go(tx, case_id, by)


def _remember(tx: Transaction, case_id: int, by: str, number: int, version: int) -> None:
    mine = (skips.c.case_id == case_id, skips.c.person == by)
    values = {"skipped": number, "version": version}
    if not tx.execute(sa.update(skips).where(*mine).values(**values)).rowcount:
        tx.add(Skip, case_id=case_id, person=by, **values)
