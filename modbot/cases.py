"""What a person does with a case: claim it, decide it, take the decision back.

Every choice is one transaction: the decision's record, the case's state and the action that it asks for. An
action cannot exist without a decision, and a decision cannot exist without a named, active person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from modbot import (
    case_rows,
    decision_record,
    openings,
    outbox,
    proposals,
    queue,
    revisions,
    rulings,
    second_looks,
    standing,
    withdrawals,
)
from modbot.case_rows import LEASE, Item
from modbot.errors import StaleCase
from modbot.policy import Policy
from modbot.roles import LEADS
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import SYSTEM, Store, Transaction
from modbot.tables import Decision
from platforms.base import ActionKind

NO_SAMPLE = Sampling()
SETTLING = (Choice.HIDE, Choice.LEAVE_UP)


def claim(store: Store, case_id: int, by: str) -> int:
    """Keep a case for one reviewer for ten minutes; claiming it again renews. Returns its version."""
    with store.write() as tx:
        role = case_rows.decider(tx, by)
        row = case_rows.locked(tx, case_id)
        if row.state not in queue.WAITING:
            raise rulings.already_decided(tx, row)
        _refuse_if_held(tx, row, by, role)
        case_rows.update(tx, case_id, state="claimed", claimed_by=by, claimed_until=tx.now + LEASE)
        openings.note(tx, case_id, by, row.version)
        return int(row.version)


def release(store: Store, case_id: int, by: str) -> None:
    """Give a claimed case back to the queue."""
    with store.write(logged=False) as tx:
        row = case_rows.locked(tx, case_id)
        if row.state == "claimed" and row.claimed_by == by:
            case_rows.update(tx, case_id, state="open", claimed_by=None, claimed_until=None)


def decide(
    store: Store,
    policy: Policy,
    case_id: int,
    ruling: Ruling,
    *,
    delay: timedelta = timedelta(0),
    sampling: Sampling = NO_SAMPLE,
) -> list[int]:
    """Record the ruling for every comment of the case; returns the decisions' numbers.

    What it asks of the platform leaves after `delay`, so that it can be taken back before anybody saw it.
    `sampling` says which settled cases go to a second person as well.
    Raises NotAllowed, DecisionRefused or StaleCase; then nothing was stored.
    """
    with store.write() as tx:
        role = case_rows.decider(tx, ruling.by)
        row = case_rows.locked(tx, case_id)
        _refuse_if_held(tx, row, ruling.by, role)
        items = case_rows.items(tx, case_id)
        quotes = rulings.check(tx, policy, ruling, rulings.View(row, items, role))
        facts = _facts(tx, items, ruling.by)
        by: dict[str, Any] = {"opened_at": _opened_at(tx, case_id, ruling.by)}
        if ruling.choice is Choice.ESCALATE:
            by["before"] = {"escalated": row.escalated, "priority": row.priority}
        made = [
            _record(
                tx, policy, case_id, replace(ruling, quote=quote), item, delay, by | facts[item.comment_id]
            )
            for item, quote in zip(items, quotes, strict=True)
        ]
        _move(tx, row, ruling, sampling)
    return made


def undo(store: Store, policy: Policy, case_id: int, by: str, reason: str = "") -> None:
    """Take the last decision back: what was hidden is restored, and the case returns to the queue.

    Of a case that waits, an escalation or a referral is taken back.
    """
    with store.write() as tx:
        case_rows.decider(tx, by)
        row = case_rows.locked(tx, case_id)
        if row.state in queue.WAITING:
            withdrawals.take_back(tx, row, by, reason)
            return
        ruling = Ruling(choice=Choice.LEAVE_UP, by=by, reason=reason or "The last decision was taken back")
        proposed = {each.comment_id for each in proposals.of_case(tx, case_id)}
        items = case_rows.items(tx, case_id)
        facts = _facts(tx, items, by)
        for item in items:
            hidden_by = standing.hidden_by(tx, item.page, item.native_id)
            if standing.deleted(tx, item.page, item.native_id):
                raise StaleCase(
                    "Comment %(comment)s was deleted for good and cannot come back.",
                    remedy="The record keeps its words; ask the records officer.",
                    comment=item.native_id,
                )
            if hidden_by == case_id or item.comment_id in proposed:
                _record(tx, policy, case_id, ruling, item, timedelta(0), facts[item.comment_id])
            elif hidden_by is not None:
                raise StaleCase(
                    "Comment %(comment)s is hidden by case %(case)s, not by this one.",
                    remedy="Take that decision back instead: modbot case undo %(case)s",
                    comment=item.native_id,
                    case=hidden_by,
                )
            elif standing.left_to_people(tx, item.page, item.native_id):
                _record(tx, policy, case_id, ruling, item, timedelta(0), facts[item.comment_id])
        second_looks.drop(tx, case_id, ruling.reason, by)
        case_rows.reopen(tx, case_id, ruling.reason, by)


def take_back(store: Store, case_id: int, by: str) -> str:
    """Take back what this person escalated or referred last, even of a case that is decided."""
    with store.write() as tx:
        case_rows.decider(tx, by)
        return withdrawals.take_back(tx, case_rows.locked(tx, case_id), by)


def withdraw_if_edited(store: Store, action: outbox.Due) -> bool:
    """Nobody decided about words that the author wrote afterwards: such a hide goes back to the queue.

    Returns True when the action was withdrawn and must not be carried out.
    """
    if action.kind is ActionKind.UNHIDE:
        return False
    with store.read() as connection:
        if revisions.newest_of(connection, action.page, action.native_id) == action.comment_id:
            return False
    with store.write() as tx:
        why = "the author edited the comment before it was hidden"
        if not outbox.withdraw(tx, action.id, why):
            return True
        if queue.waiting_case(tx, action.page, action.native_id) is None:
            second_looks.drop(tx, standing.case_of(tx, action.id), why)
            case_rows.reopen(tx, standing.case_of(tx, action.id), why, SYSTEM)
        else:
            outbox.close_if_done(tx, standing.case_of(tx, action.id))
    return True


def _refuse_if_held(tx: Transaction, row: sa.Row[Any], by: str, role: str) -> None:
    """What was escalated is for leads: one who only looks at it does not keep them from it."""
    if row.escalated and role in LEADS and case_rows.role_of(tx, row.claimed_by) not in LEADS:
        return
    case_rows.refuse_if_held(row, row.id, by, tx.now)


def _facts(tx: Transaction, items: Sequence[Item], by: str) -> dict[int, dict[str, Any]]:
    """What the record of each comment's decision says beside the ruling."""
    person = decision_record.of_person(tx, by)
    return {each: facts | person for each, facts in decision_record.of_items(tx, items).items()}


def _opened_at(tx: Transaction, case_id: int, by: str) -> str | None:
    moment = openings.first_opened(tx.connection, case_id, by)
    return None if moment is None else moment.isoformat()


def _record(
    tx: Transaction,
    policy: Policy,
    case_id: int,
    ruling: Ruling,
    item: Item,
    delay: timedelta,
    facts: Mapping[str, Any],
) -> int:
    ids = {"case": case_id, "comment": item.comment_id}
    body = rulings.as_content(policy, ruling) | {**ids, "quote": ruling.quote, **facts}
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
    if ruling.choice is Choice.HIDE and proposals.final_only(item.platform):
        proposals.propose(tx, case_id, seq, item.comment_id, subject, ruling.by, ruling.reason)
    elif ruling.choice is Choice.HIDE:
        outbox.request(tx, seq, item.comment_id, item.page, item.native_id, ActionKind.HIDE, delay)
    elif ruling.choice is Choice.LEAVE_UP:
        outbox.reverse(tx, seq, item.comment_id, item.page, item.native_id, delay)
    return seq


def _move(tx: Transaction, row: sa.Row[Any], ruling: Ruling, sampling: Sampling) -> None:
    """ESCALATE and REFER leave a case as open as it is: somebody still has to say whether it stays."""
    values: dict[str, Any] = {"version": row.version + 1, "claimed_by": None, "claimed_until": None}
    waits = row.state in queue.WAITING
    if ruling.choice is Choice.ESCALATE:
        values |= {"state": "open", "escalated": True, "priority": min(row.priority, queue.TO_LEAD)}
    elif ruling.choice is Choice.REFER:
        values |= {"state": "open"} if waits else {}
    else:
        queue.forget(tx, row.id)
        values |= {"state": "decided", "decided_at": tx.now}
    case_rows.update(tx, row.id, **values)
    if ruling.choice in SETTLING:
        _settle(tx, row, ruling, sampling if waits else None)


def _settle(tx: Transaction, row: sa.Row[Any], ruling: Ruling, sampling: Sampling | None) -> None:
    """`sampling` is None where the ruling replaces an earlier one, whose second look nobody needs now."""
    if sampling is None:
        second_looks.drop(tx, row.id, "the decision was changed", ruling.by)
    else:
        second_looks.ask(tx, row, ruling, sampling)
    outbox.close_if_done(tx, row.id)
