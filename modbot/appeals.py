"""Appeals: the author of a hidden comment asks that it be looked at again.

Somebody of the office enters what the author wrote; an appeals officer, who cannot decide cases, decides it.
An appeal is about everything that the case hides: the same words are judged alike, whoever wrote them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot import case_rows, decision_record, outbox, proposals, rulings, second_looks, standing
from modbot.case_rows import Item
from modbot.errors import DecisionRefused, NotAllowed, StaleCase, Words
from modbot.policy import Policy
from modbot.review.appealed import WAITING
from modbot.roles import Permission, allows
from modbot.rulings import Choice, Ruling
from modbot.store import Store, Transaction, storable, table
from modbot.tables import Appeal, Decision

appeals, decisions = table(Appeal), table(Decision)

FILED, DECIDED = "appeal.filed", "appeal.decided"
UPHELD, OVERTURNED = "upheld", "overturned"
OUTCOMES = {UPHELD: Words("upheld"), OVERTURNED: Words("overturned")}
LIST = "See them with: modbot appeal list"


def file(
    store: Store, case_id: int, by: str, words: str, contact: str = "", received_at: datetime | None = None
) -> int:
    """Put an appeal on record; returns its number.

    Raises NotAllowed, DecisionRefused, or StaleCase where the case hides nothing or has an appeal that waits.
    """
    with store.write() as tx:
        role = case_rows.active(tx, by)
        if not (allows(role, Permission.APPEAL) or allows(role, Permission.DECIDE)):
            raise NotAllowed(
                "%(by)s may not enter appeals.", remedy="Ask a moderator or an appeals officer.", by=by
            )
        if not words.strip():
            raise DecisionRefused("An appeal needs the author's words.", remedy="Enter what they wrote.")
        if received_at is not None and received_at > tx.now:
            raise DecisionRefused("An appeal cannot come in later than now.", remedy="Give an earlier day.")
        case_rows.locked(tx, case_id)
        decision = _refuse_if_idle(tx, case_id)
        body = {"case": case_id, "words": storable(words), "contact": storable(contact.strip())}
        seq = tx.record(FILED, "appeal:{seq}", body, actor=by)
        about: dict[str, Any] = {"case_id": case_id, "decision_id": decision, "entered_by": by}
        tx.add(Appeal, id=seq, received_at=received_at or tx.now, state=WAITING, **about)
    return seq


def _refuse_if_idle(tx: Transaction, case_id: int) -> int:
    """The decision to hide that the appeal is against."""
    same = sa.select(appeals.c.id).where(appeals.c.case_id == case_id, appeals.c.state == WAITING)
    waiting = tx.execute(same).scalar()
    if waiting is not None:
        raise StaleCase(
            "Appeal %(number)s about case %(case)s waits already.", remedy=LIST, number=waiting, case=case_id
        )
    newest: int | None = tx.execute(
        sa.select(sa.func.max(decisions.c.id)).where(
            decisions.c.case_id == case_id, decisions.c.choice == Choice.HIDE.value
        )
    ).scalar()
    if newest is None or not _hidden(tx, case_id):
        raise StaleCase(
            "Case %(case)s hides nothing: there is nothing to appeal against.",
            remedy="The case's number is on the record of the decision; look it up under Decided.",
            case=case_id,
        )
    return newest


def _hidden(tx: Transaction, case_id: int) -> list[Item]:
    """What the case hides, or has deleted, or is about to."""
    return [
        item
        for item in case_rows.items(tx, case_id)
        if standing.hidden_by(tx, item.page, item.native_id) == case_id
    ]


def decide(store: Store, policy: Policy, number: int, by: str, reason: str, *, overturn: bool) -> list[Item]:
    """Decide an appeal; returns what cannot be shown again because it was deleted for good.

    Overturned, everything that the case hides is shown again, by a decision of the officer's own. Raises
    NotAllowed, DecisionRefused or StaleCase.
    """
    with store.write() as tx:
        row = tx.execute(sa.select(appeals).where(appeals.c.id == number).with_for_update()).first()
        if row is None:
            raise StaleCase("There is no appeal %(number)s.", remedy=LIST, number=number)
        if row.state != WAITING:
            raise StaleCase(
                "Appeal %(number)s is decided: %(by)s, %(state)s.",
                remedy=LIST,
                number=number,
                by=row.decided_by,
                state=OUTCOMES.get(row.state, row.state),
            )
        _refuse_unless_other(tx, row.case_id, by)
        if not reason.strip():
            raise DecisionRefused(
                "The author is owed a reason.", remedy="Say why it stays hidden, or why it is shown again."
            )
        gone = _show_again(tx, policy, row, by, reason) if overturn else []
        state = OVERTURNED if overturn else UPHELD
        body = {"case": row.case_id, "outcome": state, "reason": storable(reason)}
        seq = tx.record(DECIDED, f"appeal:{number}", body, actor=by)
        changed = sa.update(appeals).where(appeals.c.id == number)
        tx.execute(changed.values(state=state, decided=seq, decided_by=by))
    return gone


def _refuse_unless_other(tx: Transaction, case_id: int, by: str) -> None:
    if not allows(case_rows.active(tx, by), Permission.APPEAL):
        raise NotAllowed("%(by)s may not decide appeals.", remedy="Ask the appeals officer.", by=by)
    own = sa.select(decisions.c.id).where(decisions.c.case_id == case_id, decisions.c.decided_by == by)
    if tx.execute(own).first() is not None:
        raise NotAllowed(
            "%(by)s took part in deciding case %(case)s.",
            remedy="Another appeals officer has to decide this.",
            by=by,
            case=case_id,
        )


def _show_again(tx: Transaction, policy: Policy, row: sa.Row[Any], by: str, reason: str) -> list[Item]:
    ruling = Ruling(choice=Choice.LEAVE_UP, by=by, reason=storable(reason))
    case_rows.locked(tx, row.case_id)
    gone = []
    hidden = _hidden(tx, row.case_id)
    person, facts = decision_record.of_person(tx, by), decision_record.of_items(tx, hidden)
    for item in hidden:
        if standing.deleted(tx, item.page, item.native_id):
            gone.append(item)
            continue
        ids = {"case": row.case_id, "comment": item.comment_id, "appeal": row.id, "quote": ""}
        body = rulings.as_content(policy, ruling) | ids | facts[item.comment_id] | person
        seq = tx.record("decision.made", f"comment:{item.page}/{item.native_id}", body, actor=by)
        about: dict[str, Any] = {"case_id": row.case_id, "comment_id": item.comment_id, "decided_by": by}
        made = {"choice": Choice.LEAVE_UP.value, "clause": "", "policy": policy.sha256}
        tx.add(Decision, id=seq, at=tx.now, **about, **made)
        outbox.reverse(tx, seq, item.comment_id, item.page, item.native_id, timedelta(0))
    why = f"appeal {row.id} was granted"
    proposals.withdraw(tx, row.case_id, why, by)
    second_looks.drop(tx, row.case_id, why, by)
    outbox.close_if_done(tx, row.case_id)
    return gone
