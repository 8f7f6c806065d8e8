"""What a person does with a case: claim it, decide it, take the decision back.

Every choice is one transaction: the decision's record, the case's state and the action that it asks for. An
action cannot exist without a decision, and a decision cannot exist without a named, active person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

import platforms
from modbot import outbox, queue
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.policy import Mode, Policy
from modbot.store import Store, Transaction, body_of, table
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
DECIDERS = ("moderator", "lead", "records_officer", "administrator")
ROLES = (*DECIDERS, "viewer")


class Choice(StrEnum):
    LEAVE_UP = "leave_up"
    HIDE = "hide"
    ESCALATE = "escalate"
    REFER = "refer"


REFERRALS = ("threat", "privacy", "civil_rights")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A person's choice with its grounds, before it is checked and stored."""

    choice: Choice
    by: str
    clause: str = ""
    quote: str = ""
    """The words that break the clause, exactly as they stand in the comment."""
    reason: str = ""
    referral: str = ""
    version: int | None = None
    """The case's version as the person saw it; None decides on whatever is there now."""


@dataclass(frozen=True, slots=True)
class Item:
    """A case's comment in its newest revision of the case."""

    comment_id: int
    page: str
    platform: str
    native_id: str


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
        _person(tx, ruling.by)
        row = _locked(tx, case_id)
        _refuse_if_stale(row, ruling)
        _refuse_if_held(row, ruling.by, tx.now)
        items = _items(tx, case_id)
        _check(tx, policy, ruling, items)
        made = [_record(tx, policy, case_id, ruling, item, delay) for item in items]
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
            if outbox.is_hidden(tx, item.page, item.native_id):
                _record(tx, policy, case_id, ruling, item, timedelta(0))
        tx.record("case.reopened", f"case:{case_id}", {"reason": ruling.reason}, actor=by)
        _update(
            tx,
            case_id,
            state="open",
            claimed_by=None,
            claimed_until=None,
            decided_at=None,
            closed_at=None,
            version=row.version + 1,
        )


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
        outbox.restore(tx, seq, item.comment_id, item.page, item.native_id, delay)
    return seq


def _move(tx: Transaction, row: sa.Row[Any], ruling: Ruling) -> None:
    """ESCALATE and REFER leave the case open: somebody still has to say whether the comment stays."""
    values: dict[str, Any] = {"version": row.version + 1, "claimed_by": None, "claimed_until": None}
    if ruling.choice is Choice.ESCALATE:
        values |= {"state": "open", "priority": min(row.priority, queue.TO_LEAD)}
    elif ruling.choice is Choice.REFER:
        values |= {"state": "open"}
    else:
        queue.forget(tx, row.id)
        values |= {"state": "decided", "decided_at": tx.now}
    _update(tx, row.id, **values)
    if values["state"] == "decided":
        outbox.close_if_done(tx, row.id)


def _person(tx: Transaction, name: str) -> None:
    row = tx.execute(sa.select(users).where(users.c.name == name)).first()
    if row is None or not row.active:
        raise NotAllowed(
            f"{name or 'Nobody'} is not an active user.",
            remedy="Name a person with --as NAME; an administrator adds people with: modbot user add",
        )
    if row.role not in DECIDERS:
        raise NotAllowed(f"{name} may look at cases but not decide them.", remedy="Ask a moderator.")


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


def _refuse_if_stale(row: sa.Row[Any], ruling: Ruling) -> None:
    if ruling.version is not None and ruling.version != row.version:
        raise StaleCase(
            f"Case {row.id} changed since you looked at it (it is {row.state} now).",
            remedy=f"Look again with: modbot case show {row.id}",
        )
    if row.state not in queue.WAITING and ruling.choice is not Choice.LEAVE_UP:
        raise StaleCase(
            f"Case {row.id} is already {row.state}.",
            remedy=f"Take the decision back first: modbot case undo {row.id}",
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


def _check(tx: Transaction, policy: Policy, ruling: Ruling, items: Sequence[Item]) -> None:
    _refuse_if_edited(tx, items)
    if ruling.choice is Choice.REFER and ruling.referral not in REFERRALS:
        raise DecisionRefused(
            "A referral needs to say to whom.", remedy=f"Give one of: {', '.join(REFERRALS)}."
        )
    if ruling.choice is Choice.HIDE:
        _check_hide(tx, policy, ruling, items)


def _check_hide(tx: Transaction, policy: Policy, ruling: Ruling, items: Sequence[Item]) -> None:
    clause = policy.find(ruling.clause)
    if clause is None:
        known = ", ".join(each.id for each in policy.clause)
        raise DecisionRefused(
            f"Hiding needs a clause of the policy; '{ruling.clause}' is none.",
            remedy=f"Give one of: {known}.",
        )
    if clause.mode is not Mode.ENFORCE:
        raise DecisionRefused(
            f"Clause {clause.id} is in mode '{clause.mode}': nothing may be hidden under it.",
            remedy="Leave it up, or escalate it. Counsel's sign-off in the policy file turns 'enforce' on.",
        )
    _check_quote(tx, ruling, items[0])
    for item in items:
        effect = platforms.load(item.platform).capabilities.actions.get(ActionKind.HIDE)
        if effect is None or not effect.reversible:
            raise DecisionRefused(
                f"{item.platform} has no reversible way to hide a comment.",
                remedy="Escalate it: what is final there needs the records officer's release.",
            )


def _check_quote(tx: Transaction, ruling: Ruling, item: Item) -> None:
    body = body_of(tx.connection, item.comment_id)
    if not ruling.quote.strip() or ruling.quote not in (body or {}).get("text", ""):
        raise DecisionRefused(
            "Hiding needs the words that break the clause, exactly as they stand in the comment.",
            remedy="Copy them from the comment. If no words can be quoted, leave it up.",
        )


def _refuse_if_edited(tx: Transaction, items: Sequence[Item]) -> None:
    for item in items:
        newest = sa.select(sa.func.max(comments.c.id)).where(
            comments.c.page == item.page, comments.c.native_id == item.native_id
        )
        if tx.execute(newest).scalar() != item.comment_id:
            raise StaleCase(
                f"The author edited comment {item.native_id} a moment ago.",
                remedy="Wait until the new text is in the case, then look again.",
            )


def _update(tx: Transaction, case_id: int, **values: Any) -> None:
    tx.execute(sa.update(cases).where(cases.c.id == case_id).values(**values))
