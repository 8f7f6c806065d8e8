"""A second person judges a decided case without knowing how the first one decided it.

What the first person decided stands on the platform meanwhile. Where the two differ, the case returns to the
queue for a lead, whose decision stands. The two choices together measure agreement (`agreement.py`).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from modbot import case_rows, decision_record, openings, queue, rulings
from modbot.errors import NotAllowed, StaleCase
from modbot.policy import Policy
from modbot.rulings import Ruling
from modbot.sampling import Sampling
from modbot.store import SYSTEM, Store, Transaction, table
from modbot.tables import SecondLook, SecondOpinion

looks = table(SecondLook)

AGREED, DIFFERS = "agreed", "differs"
DIFFERING = "Two people decided differently, neither knowing of the other; a lead settles it"


def ask(tx: Transaction, row: sa.Row[Any], ruling: Ruling, sampling: Sampling) -> None:
    """After a first decision on `row` (of `case`): put it before a second person, if the draw says so."""
    why = sampling.reason(row.clauses.split())
    if not why or _any_look(tx, row.id):
        return
    body = {"case": row.id, "why": why, "first_by": ruling.by, "first_choice": ruling.choice.value}
    number = tx.record("second.asked", f"case:{row.id}", body)
    tx.add(
        SecondLook,
        id=number,
        case_id=row.id,
        why=why,
        clauses=row.clauses,
        first_by=ruling.by,
        first_choice=ruling.choice.value,
        first_clause=ruling.clause,
        state="waiting",
    )


def drop(tx: Transaction, case_id: int, why: str, actor: str = SYSTEM) -> None:
    """The first decision no longer stands, so nobody needs to judge it."""
    row = _waiting(tx, case_id)
    if row is not None:
        tx.record("second.dropped", f"case:{case_id}", {"look": row.id, "why": why}, actor=actor)
        tx.execute(sa.update(looks).where(looks.c.id == row.id).values(state="dropped"))


def claim(store: Store, case_id: int, by: str) -> int:
    """Keep a second look for one person for ten minutes; again to renew. Returns the case's version."""
    with store.write() as tx:
        case, look = _mine(tx, case_id, by)
        held = {"claimed_by": by, "claimed_until": tx.now + case_rows.LEASE}
        tx.execute(sa.update(looks).where(looks.c.id == look.id).values(**held))
        openings.note(tx, case_id, by, case.version)
        return int(case.version)


def release(store: Store, case_id: int, by: str) -> None:
    """Give a claimed second look back to the others."""
    with store.write(logged=False) as tx:
        let_go(tx, case_id, by)


def let_go(tx: Transaction, case_id: int, by: str) -> None:
    mine = (looks.c.case_id == case_id, looks.c.claimed_by == by)
    tx.execute(sa.update(looks).where(*mine).values(claimed_by=None, claimed_until=None))


def decide(store: Store, policy: Policy, case_id: int, ruling: Ruling) -> str:
    """Record the second person's LEAVE_UP, HIDE or ESCALATE; returns agreed or differs.

    Nothing changes on the platform. Raises NotAllowed, DecisionRefused or StaleCase; then nothing was stored.
    To REFER needs no second look: `cases.decide` takes it at any time.
    """
    with store.write() as tx:
        case, look = _mine(tx, case_id, ruling.by)
        items = case_rows.items(tx, case_id)
        quotes = rulings.check_opinion(tx, policy, ruling, case, items)
        outcome = AGREED if ruling.choice == look.first_choice else DIFFERS
        _record(tx, policy, look, ruling, quotes[0], outcome)
        if outcome == DIFFERS:
            priority = min(case.priority, queue.TO_LEAD)
            case_rows.reopen(tx, case_id, DIFFERING, SYSTEM, escalated=True, priority=priority)
    return outcome


def _record(
    tx: Transaction, policy: Policy, look: sa.Row[Any], ruling: Ruling, quote: str, outcome: str
) -> None:
    body = rulings.as_content(policy, ruling) | {
        "case": look.case_id,
        "look": look.id,
        "quote": quote,
        "outcome": outcome,
        **decision_record.of_person(tx, ruling.by),
    }
    number = tx.record("second.given", f"case:{look.case_id}", body, actor=ruling.by)
    tx.add(
        SecondOpinion,
        id=number,
        look_id=look.id,
        given_by=ruling.by,
        choice=ruling.choice.value,
        clause=ruling.clause,
        at=tx.now,
    )
    done = {"state": outcome, "claimed_by": None, "claimed_until": None}
    tx.execute(sa.update(looks).where(looks.c.id == look.id).values(**done))


def _mine(tx: Transaction, case_id: int, by: str) -> tuple[sa.Row[Any], sa.Row[Any]]:
    """The case and its waiting look, if this person may take it."""
    case_rows.decider(tx, by)
    case = case_rows.locked(tx, case_id)
    look = _waiting(tx, case_id)
    if look is None:
        raise StaleCase(
            "Case %(case)s no longer waits for a second opinion.",
            remedy="Somebody gave it, or the first decision was taken back. Go on with the next case.",
            case=case_id,
        )
    if look.first_by == by:
        raise NotAllowed(
            "You decided case %(case)s yourself.",
            remedy="Somebody else gives the second opinion.",
            case=case_id,
        )
    case_rows.refuse_if_held(look, case_id, by, tx.now)
    return case, look


def _waiting(tx: Transaction, case_id: int) -> sa.Row[Any] | None:
    return tx.execute(
        sa.select(looks).where(looks.c.case_id == case_id, looks.c.state == "waiting").with_for_update()
    ).first()


def _any_look(tx: Transaction, case_id: int) -> bool:
    """Given already; one that was dropped does not count."""
    given = sa.select(looks.c.id).where(looks.c.case_id == case_id, looks.c.state != "dropped")
    return tx.execute(given).first() is not None
