"""What a person does with a case: claim it, decide it, take the decision back.

Every choice is one transaction: the decision's record, the case's state and the action that it asks for. An
action cannot exist without a decision, and a decision cannot exist without a named, active person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot import outbox, queue, rulings, standing
from modbot.errors import NotAllowed, StaleCase
from modbot.policy import Policy
from modbot.roles import DECIDERS
from modbot.rulings import Choice, Item, Ruling
from modbot.store import SYSTEM, Store, Transaction, body_of, table
from modbot.tables import Case, CaseComment, Comment, Decision, Page, User
from platforms.base import ActionKind

cases = table(Case)
case_comments = table(CaseComment)
comments = table(Comment)
decisions = table(Decision)
pages = table(Page)
users = table(User)

LEASE = timedelta(minutes=10)
"""How long a claimed case is kept for its reviewer."""


def claim(store: Store, case_id: int, by: str) -> int:
    """Keep a case for one reviewer for ten minutes; claiming it again renews. Returns its version."""
    with store.write() as tx:
        _person(tx, by)
        row = _locked(tx, case_id)
        if row.state not in queue.WAITING:
            raise StaleCase(
                f"Case {case_id} is already {row.state}.", remedy="Look at it with: modbot case show"
            )
        _refuse_if_held(row, by, tx.now)
        if row.claimed_by != by or row.state != "claimed":
            tx.record("case.claimed", f"case:{case_id}", actor=by)
        _update(tx, case_id, state="claimed", claimed_by=by, claimed_until=tx.now + LEASE)
        return int(row.version)


def release(store: Store, case_id: int, by: str) -> None:
    """Give a claimed case back to the queue."""
    with store.write() as tx:
        row = _locked(tx, case_id)
        if row.state == "claimed" and row.claimed_by == by:
            tx.record("case.released", f"case:{case_id}", actor=by)
            _update(tx, case_id, state="open", claimed_by=None, claimed_until=None)


def decide(
    store: Store, policy: Policy, case_id: int, ruling: Ruling, *, delay: timedelta = timedelta(0)
) -> list[int]:
    """Record the ruling for every comment of the case; returns the decisions' numbers.

    What it asks of the platform leaves after `delay`, so that it can be taken back before anybody saw it.
    Raises NotAllowed, DecisionRefused or StaleCase; then nothing was stored.
    """
    with store.write() as tx:
        role = _person(tx, ruling.by)
        row = _locked(tx, case_id)
        _refuse_if_held(row, ruling.by, tx.now)
        items = _items(tx, case_id)
        quotes = rulings.check(tx, policy, ruling, rulings.View(row, items, role))
        made = [
            _record(tx, policy, case_id, replace(ruling, quote=quote), item, delay)
            for item, quote in zip(items, quotes, strict=True)
        ]
        _move(tx, row, ruling)
    return made


def undo(store: Store, policy: Policy, case_id: int, by: str, reason: str = "") -> None:
    """Take the last decision back: what was hidden is restored, and the case returns to the queue."""
    with store.write() as tx:
        _person(tx, by)
        row = _locked(tx, case_id)
        if row.state in queue.WAITING:
            raise StaleCase(f"Case {case_id} has no decision to take back.", remedy="Decide it instead.")
        ruling = Ruling(choice=Choice.LEAVE_UP, by=by, reason=reason or "The last decision was taken back")
        for item in _items(tx, case_id):
            hidden_by = standing.hidden_by(tx, item.page, item.native_id)
            if hidden_by == case_id:
                _record(tx, policy, case_id, ruling, item, timedelta(0))
            elif hidden_by is not None:
                raise StaleCase(
                    f"Comment {item.native_id} is hidden by case {hidden_by}, not by this one.",
                    remedy=f"Take that decision back instead: modbot case undo {hidden_by}",
                )
        _reopen(tx, case_id, ruling.reason, by)


def withdraw_if_edited(store: Store, action: outbox.Due) -> bool:
    """Nobody decided about words that the author wrote afterwards: such a hide goes back to the queue.

    Returns True when the action was withdrawn and must not be carried out.
    """
    if action.kind is not ActionKind.HIDE:
        return False
    with store.read() as connection:
        if rulings.newest(connection, action.page, action.native_id) == action.comment_id:
            return False
    with store.write() as tx:
        why = "the author edited the comment before it was hidden"
        if not outbox.withdraw(tx, action.id, why):
            return True
        if queue.waiting_case(tx, action.page, action.native_id) is None:
            _reopen(tx, standing.case_of(tx, action.id), why, SYSTEM)
        else:
            outbox.close_if_done(tx, standing.case_of(tx, action.id))
    return True


def _reopen(tx: Transaction, case_id: int, reason: str, actor: str) -> None:
    tx.record("case.reopened", f"case:{case_id}", {"reason": reason}, actor=actor)
    values = dict.fromkeys(("claimed_by", "claimed_until", "decided_at", "closed_at"))
    _update(tx, case_id, state="open", version=cases.c.version + 1, **values)
    queue.catch_up(tx, case_id)
    first = min(item.comment_id for item in _items(tx, case_id))
    body = body_of(tx.connection, first)
    if body is not None:
        queue.remember(tx, case_id, body["text"])


def _record(
    tx: Transaction, policy: Policy, case_id: int, ruling: Ruling, item: Item, delay: timedelta
) -> int:
    body: dict[str, Any] = {
        "case": case_id,
        "comment": item.comment_id,
        "choice": ruling.choice.value,
        "clause": ruling.clause,
        "clause_text": clause.text if (clause := policy.find(ruling.clause)) else "",
        "quote": ruling.quote,
        "reason": ruling.reason,
        "referral": ruling.referral,
        "policy": policy.sha256,
    }
    subject = f"comment:{item.page}/{item.native_id}"
    seq = tx.record("decision.made", subject, body, actor=ruling.by)
    tx.add(
        Decision,
        id=seq,
        case_id=case_id,
        comment_id=item.comment_id,
        choice=ruling.choice.value,
        clause=ruling.clause,
        decided_by=ruling.by,
        at=tx.now,
        policy=policy.sha256,
    )
    if ruling.choice is Choice.HIDE:
        outbox.request(tx, seq, item.comment_id, item.page, item.native_id, ActionKind.HIDE, delay)
    elif ruling.choice is Choice.LEAVE_UP:
        outbox.reverse(tx, seq, item.comment_id, item.page, item.native_id, delay)
    return seq


def _move(tx: Transaction, row: sa.Row[Any], ruling: Ruling) -> None:
    """ESCALATE and REFER leave the case open: somebody still has to say whether the comment stays."""
    values: dict[str, Any] = {"version": row.version + 1, "claimed_by": None, "claimed_until": None}
    if ruling.choice is Choice.ESCALATE:
        values |= {"state": "open", "escalated": True, "priority": min(row.priority, queue.TO_LEAD)}
    elif ruling.choice is Choice.REFER:
        values |= {"state": "open"}
    else:
        queue.forget(tx, row.id)
        values |= {"state": "decided", "decided_at": tx.now}
    _update(tx, row.id, **values)
    if values["state"] == "decided":
        outbox.close_if_done(tx, row.id)


def _person(tx: Transaction, name: str) -> str:
    """The person's role, if it may decide."""
    row = tx.execute(sa.select(users).where(users.c.name == name)).first()
    if row is None or not row.active:
        raise NotAllowed(
            f"{name or 'Nobody'} is not an active user.",
            remedy="Name a person with --as NAME; an administrator adds people with: modbot user add",
        )
    if row.role not in DECIDERS:
        raise NotAllowed(f"{name} may look at cases but not decide them.", remedy="Ask a moderator.")
    return str(row.role)


def _locked(tx: Transaction, case_id: int) -> sa.Row[Any]:
    row = tx.execute(sa.select(cases).where(cases.c.id == case_id).with_for_update()).first()
    if row is None:
        raise StaleCase(f"There is no case {case_id}.", remedy="See the queue with: modbot case list")
    return row


def _refuse_if_held(row: sa.Row[Any], by: str, now: datetime) -> None:
    held = row.state == "claimed" and row.claimed_by != by and row.claimed_until and row.claimed_until > now
    if held:
        raise StaleCase(
            f"Case {row.id} is being decided by {row.claimed_by}.",
            remedy="Take another one, or wait: it comes back to the queue after ten minutes.",
        )


def _items(tx: Transaction, case_id: int) -> list[Item]:
    """The newest revision, within the case, of each of its items."""
    rows = tx.execute(
        sa.select(comments.c.id, comments.c.page, comments.c.native_id, pages.c.platform)
        .join(case_comments, case_comments.c.comment_id == comments.c.id)
        .join(pages, pages.c.key == comments.c.page)
        .where(case_comments.c.case_id == case_id)
        .order_by(comments.c.id)
    )
    newest = {(row.page, row.native_id): row for row in rows}
    return [Item(row.id, row.page, row.platform, row.native_id) for row in newest.values()]


def _update(tx: Transaction, case_id: int, **values: Any) -> None:
    tx.execute(sa.update(cases).where(cases.c.id == case_id).values(**values))
