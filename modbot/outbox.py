"""The outbox: what decisions ask of the platforms, as rows that survive any stop.

A row is written with its decision. Whoever carries it out (`actions.py`) reports back here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from modbot.store import Store, Transaction, storable, table
from modbot.tables import Action, Case, CaseComment, Decision
from platforms.base import ActionKind, Receipt

actions = table(Action)
cases = table(Case)
case_comments = table(CaseComment)
decisions = table(Decision)


@dataclass(frozen=True, slots=True)
class Due:
    """One action that is to be carried out now."""

    id: int
    comment_id: int
    page: str
    native_id: str
    kind: ActionKind
    attempts: int

    @property
    def subject(self) -> str:
        return f"comment:{self.page}/{self.native_id}"


def request(
    tx: Transaction,
    decision_id: int,
    comment_id: int,
    page: str,
    native_id: str,
    kind: ActionKind,
    delay: timedelta,
) -> int:
    seq = tx.record(
        "action.requested", f"comment:{page}/{native_id}", {"decision": decision_id, "kind": kind}
    )
    tx.add(
        Action,
        id=seq,
        decision_id=decision_id,
        comment_id=comment_id,
        page=page,
        native_id=native_id,
        kind=kind.value,
        state="pending",
        attempts=0,
        due_at=tx.now + delay,
        failure="",
    )
    return seq


def restore(
    tx: Transaction, decision_id: int, comment_id: int, page: str, native_id: str, delay: timedelta
) -> None:
    """Reverse an earlier hide: withdraw it if nobody tried it yet, else ask for an unhide."""
    last = _last(tx, page, native_id)
    if last is None or last.kind != ActionKind.HIDE or last.state not in ("pending", "done"):
        return
    untouched = last.state == "pending" and last.attempts == 0
    if untouched:
        tx.record(
            "action.cancelled", f"comment:{page}/{native_id}", {"action": last.id, "decision": decision_id}
        )
        tx.execute(sa.update(actions).where(actions.c.id == last.id).values(state="cancelled"))
    else:
        request(tx, decision_id, comment_id, page, native_id, ActionKind.UNHIDE, delay)


def is_hidden(tx: Transaction, page: str, native_id: str) -> bool:
    """Whether the last action on the item hides it, or is about to."""
    last = _last(tx, page, native_id)
    return last is not None and last.kind == ActionKind.HIDE and last.state in ("pending", "done")


def due(store: Store, page: str, limit: int = 50) -> list[Due]:
    """The page's actions whose time has come, oldest first, marked as tried.

    One action per item at a time: an unhide never overtakes the hide before it.
    """
    waiting = actions.alias()
    earlier = (
        sa.select(waiting.c.id)
        .where(
            waiting.c.page == actions.c.page,
            waiting.c.native_id == actions.c.native_id,
            waiting.c.state == "pending",
            waiting.c.id < actions.c.id,
        )
        .exists()
    )
    with store.write(logged=False) as tx:
        rows = tx.execute(
            sa.select(actions)
            .where(actions.c.page == page, actions.c.state == "pending", actions.c.due_at <= tx.now, ~earlier)
            .order_by(actions.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        ids = [row.id for row in rows]
        tx.execute(
            sa.update(actions)
            .where(actions.c.id.in_(ids))
            .values(attempts=actions.c.attempts + 1, due_at=tx.now + timedelta(minutes=1))
        )
    return [
        Due(row.id, row.comment_id, row.page, row.native_id, ActionKind(row.kind), row.attempts + 1)
        for row in rows
    ]


def done(store: Store, action: Due, receipt: Receipt) -> None:
    body = {
        "action": action.id,
        "kind": receipt.action,
        "visibility": receipt.visibility,
        "already": receipt.already,
        "at": receipt.at.isoformat(),
        "answer": receipt.answer,
    }
    _finish(store, action, "done", "action.done", body)


def gone(store: Store, action: Due, why: str) -> None:
    _finish(store, action, "gone", "action.gone", {"action": action.id, "kind": action.kind, "why": why})


def failed(store: Store, action: Due, why: str) -> None:
    """The platform will never do it; the case stays decided, and health shows it until a person acts."""
    _finish(store, action, "failed", "action.failed", {"action": action.id, "kind": action.kind, "why": why})


def again(store: Store, action: Due, why: str, wait: timedelta) -> None:
    """Try later. Nothing is logged: the page has not changed."""
    with store.write(logged=False) as tx:
        tx.execute(
            sa.update(actions)
            .where(actions.c.id == action.id, actions.c.state == "pending")
            .values(due_at=tx.now + wait, failure=storable(why))
        )


def close_if_done(tx: Transaction, case_id: int) -> None:
    """Close a decided case once nothing of it waits or has failed."""
    open_actions = (
        sa.select(sa.func.count())
        .select_from(actions.join(decisions, decisions.c.id == actions.c.decision_id))
        .where(decisions.c.case_id == case_id, actions.c.state.in_(("pending", "failed")))
    )
    state = tx.execute(sa.select(cases.c.state).where(cases.c.id == case_id)).scalar()
    if state == "decided" and not tx.execute(open_actions).scalar():
        tx.record("case.closed", f"case:{case_id}", {"reason": "everything decided has been carried out"})
        tx.execute(sa.update(cases).where(cases.c.id == case_id).values(state="closed", closed_at=tx.now))


def _finish(store: Store, action: Due, state: str, kind: str, body: dict[str, Any]) -> None:
    with store.write() as tx:
        still = tx.execute(
            sa.select(actions.c.decision_id)
            .where(actions.c.id == action.id, actions.c.state == "pending")
            .with_for_update()
        ).scalar()
        if still is None:
            return
        seq = tx.record(kind, action.subject, body)
        tx.execute(
            sa.update(actions)
            .where(actions.c.id == action.id)
            .values(state=state, receipt=seq, failure=storable(str(body.get("why", ""))))
        )
        for case_id in _cases_of(tx, still):
            close_if_done(tx, case_id)


def _cases_of(tx: Transaction, decision_id: int) -> Sequence[int]:
    return tx.execute(sa.select(decisions.c.case_id).where(decisions.c.id == decision_id)).scalars().all()


def _last(tx: Transaction, page: str, native_id: str) -> sa.Row[Any] | None:
    """The newest action on an item that was not withdrawn."""
    return tx.execute(
        sa.select(actions)
        .where(actions.c.page == page, actions.c.native_id == native_id, actions.c.state != "cancelled")
        .order_by(actions.c.id.desc())
    ).first()
