"""The outbox: what decisions ask of the platforms, as rows that survive any stop.

A row is written with its decision. Whoever carries it out (`actions.py`) reports back here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from modbot import proposals
from modbot.observe import redact_text
from modbot.standing import actions_on, case_of, last_change
from modbot.store import Store, Transaction, storable, table
from modbot.tables import Action, AuditEvent, Case, Decision, Release
from platforms.base import ActionKind, Receipt

actions = table(Action)
cases = table(Case)
decisions = table(Decision)
events = table(AuditEvent)
releases = table(Release)

_STATE = sa.select(cases.c.state).where(cases.c.id == sa.bindparam("case"))
_OPEN_ACTIONS = (
    sa.select(sa.func.count())
    .select_from(actions.join(decisions, decisions.c.id == actions.c.decision_id))
    .where(decisions.c.case_id == sa.bindparam("case"), actions.c.state.in_(("pending", "failed")))
)


@dataclass(frozen=True, slots=True)
class Due:
    """One action that is to be carried out now."""

    id: int
    comment_id: int
    page: str
    native_id: str
    kind: ActionKind
    attempts: int
    failure: str
    """What the attempt before met; empty where there was none."""

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
    *,
    release_id: int | None = None,
) -> int:
    body = {"decision": decision_id, "kind": kind}
    if release_id is not None:
        body["release"] = release_id
    seq = tx.record("action.requested", f"comment:{page}/{native_id}", body)
    tx.add(
        Action,
        id=seq,
        decision_id=decision_id,
        release_id=release_id,
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


def request_deletion(
    tx: Transaction, decision_id: int, comment_id: int, page: str, native_id: str, release_id: int
) -> int:
    """At once: the time to take it back was while it was hidden."""
    now = timedelta(0)
    kind = ActionKind.DELETE
    return request(tx, decision_id, comment_id, page, native_id, kind, now, release_id=release_id)


def reverse(
    tx: Transaction, decision_id: int, comment_id: int, page: str, native_id: str, delay: timedelta
) -> None:
    """Reverse an earlier hide: withdraw it if nobody tried it yet, else ask for an unhide.

    So also after one that was withdrawn while its answer was awaited: the comment may be hidden. A deletion
    that nobody began is withdrawn as well; after one that somebody began nothing can be done.
    """
    for row in actions_on(tx, page, native_id, ("failed",)):
        _cancel(tx, row, {"action": row.id, "decision": decision_id})
    last = last_change(tx, page, native_id)
    if last is not None and last.kind == ActionKind.DELETE:
        if not _cancel(tx, last, {"action": last.id, "decision": decision_id}):
            return
        last = last_change(tx, page, native_id)
    if last is None or last.kind != ActionKind.HIDE:
        wanted = _may_be_hidden(tx, page, native_id)
    else:
        wanted = not _cancel(tx, last, {"action": last.id, "decision": decision_id})
    if wanted:
        request(tx, decision_id, comment_id, page, native_id, ActionKind.UNHIDE, delay)


def _may_be_hidden(tx: Transaction, page: str, native_id: str) -> bool:
    """Whether the last thing tried was a hide that never got its answer and was withdrawn then."""
    for row in actions_on(tx, page, native_id, ("pending", "done", "cancelled")):
        if row.state != "cancelled":
            return False
        # To be taken up counts as an attempt, and it was withdrawn when it was taken up anew.
        if row.kind == ActionKind.HIDE and row.attempts > 1 and row.receipt is None:
            return True
    return False


def withdraw(tx: Transaction, action_id: int, why: str) -> bool:
    """Cancel a pending action, tried or not; False if somebody settled it meanwhile."""
    row = tx.execute(
        sa.select(actions).where(actions.c.id == action_id, actions.c.state == "pending").with_for_update()
    ).first()
    if row is None:
        return False
    tx.record("action.cancelled", f"comment:{row.page}/{row.native_id}", {"action": action_id, "why": why})
    tx.execute(sa.update(actions).where(actions.c.id == action_id).values(state="cancelled"))
    return True


def _cancel(tx: Transaction, row: sa.Row[Any], body: dict[str, Any]) -> bool:
    """Cancel what has failed, or what nobody has begun; the row itself decides a race with the worker."""
    never_begun = sa.and_(actions.c.state == "pending", actions.c.attempts == 0)
    cancelled = tx.execute(
        sa.update(actions)
        .where(actions.c.id == row.id, sa.or_(actions.c.state == "failed", never_begun))
        .values(state="cancelled")
    ).rowcount
    if cancelled:
        tx.record("action.cancelled", f"comment:{row.page}/{row.native_id}", body)
    return bool(cancelled)


def due(store: Store, page: str, limit: int = 10) -> list[Due]:
    """The page's actions whose time has come, oldest first, marked as tried.

    One action per item at a time: an unhide never overtakes the hide before it. Only what the decision
    asked for: a row that somebody wrote by hand is not carried out.
    """
    with store.write(logged=False) as tx:
        rows = tx.execute(
            sa.select(actions)
            .join(decisions, decisions.c.id == actions.c.decision_id)
            .join(events, events.c.seq == actions.c.id)
            .where(
                actions.c.page == page,
                actions.c.state == "pending",
                actions.c.due_at <= tx.now,
                ~_has_an_earlier_one(),
                _asked_for(),
                events.c.kind == "action.requested",
            )
            .order_by(actions.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=actions)
        ).all()
        ids = [row.id for row in rows]
        tx.execute(
            sa.update(actions)
            .where(actions.c.id.in_(ids))
            .values(attempts=actions.c.attempts + 1, due_at=tx.now + timedelta(minutes=1))
        )
    return [
        Due(
            row.id,
            row.comment_id,
            row.page,
            row.native_id,
            ActionKind(row.kind),
            row.attempts + 1,
            row.failure,
        )
        for row in rows
    ]


def _has_an_earlier_one() -> sa.ColumnElement[bool]:
    """Another action on the same item has to be done first."""
    waiting = actions.alias()
    return (
        sa.select(waiting.c.id)
        .where(
            waiting.c.page == actions.c.page,
            waiting.c.native_id == actions.c.native_id,
            waiting.c.state == "pending",
            waiting.c.id < actions.c.id,
        )
        .exists()
    )


def _asked_for() -> sa.ColumnElement[bool]:
    """The decision, and for a deletion the release, of which this action follows."""
    released = sa.exists().where(
        releases.c.id == actions.c.release_id, releases.c.decision_id == actions.c.decision_id
    )
    return sa.or_(
        sa.and_(actions.c.kind == "hide", decisions.c.choice == "hide"),
        sa.and_(actions.c.kind == "unhide", decisions.c.choice == "leave_up"),
        sa.and_(actions.c.kind == "delete", decisions.c.choice == "hide", released),
    )


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
    _finish(
        store,
        action,
        "gone",
        "action.gone",
        {"action": action.id, "kind": action.kind, "why": redact_text(why)},
    )


def failed(store: Store, action: Due, why: str) -> None:
    """The platform will never do it; the case stays decided, and health shows it until a person acts."""
    _finish(
        store,
        action,
        "failed",
        "action.failed",
        {"action": action.id, "kind": action.kind, "why": redact_text(why)},
    )


def again(store: Store, action: Due, why: str, wait: timedelta) -> None:
    """Try later. Nothing is logged: the page has not changed."""
    with store.write(logged=False) as tx:
        tx.execute(
            sa.update(actions)
            .where(actions.c.id == action.id, actions.c.state == "pending")
            .values(due_at=tx.now + wait, failure=storable(redact_text(why)))
        )


def close_if_done(tx: Transaction, case_id: int) -> None:
    """Close a decided case once nothing of it waits, for the records officer either, or has failed."""
    case = {"case": case_id}
    state = tx.execute(_STATE, case).scalar()
    if (
        state == "decided"
        and not tx.execute(_OPEN_ACTIONS, case).scalar()
        and not proposals.of_case(tx, case_id)
    ):
        tx.record("case.closed", f"case:{case_id}", {"reason": "everything decided has been carried out"})
        tx.execute(sa.update(cases).where(cases.c.id == case_id).values(state="closed", closed_at=tx.now))


def _finish(store: Store, action: Due, state: str, kind: str, body: dict[str, Any]) -> None:
    with store.write() as tx:
        still = tx.execute(
            sa.select(actions.c.id)
            .where(actions.c.id == action.id, actions.c.state == "pending")
            .with_for_update()
        ).first()
        if still is None:
            return
        seq = tx.record(kind, action.subject, body)
        tx.execute(
            sa.update(actions)
            .where(actions.c.id == action.id)
            .values(state=state, receipt=seq, failure=storable(body.get("why", "")))
        )
        close_if_done(tx, case_of(tx, action.id))
