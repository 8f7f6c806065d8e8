"""What became of comments, in one word each: what search and lists tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.queue import WAITING
from modbot.review.lines import Row, case_comments, cases
from modbot.review.proposed import actions, decisions, deleting
from modbot.review.waiting import BLIND, OPEN_LOOKS, looks
from modbot.store import many, table
from modbot.tables import Withdrawal
from platforms.base import ActionKind

withdrawals = table(Withdrawal)

SETTLING = ("hide", "leave_up")
UNKNOWN = sa.exists().where(looks.c.case_id == decisions.c.case_id, *OPEN_LOOKS).correlate(decisions)
"""The decision's case waits for the second opinion of the `viewer`, as a statement is given them."""
_CASES = (
    sa.select(case_comments.c.comment_id, case_comments.c.case_id, cases.c.state, cases.c.escalated, BLIND)
    .join_from(case_comments, cases, cases.c.id == case_comments.c.case_id)
    .where(case_comments.c.comment_id.in_(many("comments")))
    .order_by(case_comments.c.case_id)
)
_MADE = (
    sa.select(*(decisions.c[name] for name in ("id", "comment_id", "choice", "clause")))
    .outerjoin(withdrawals, withdrawals.c.decision_id == decisions.c.id)
    .where(decisions.c.comment_id.in_(many("comments")), withdrawals.c.decision_id.is_(None), ~UNKNOWN)
    .order_by(decisions.c.id)
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What people decided about one archived revision, as it stands now.

    `word`: waiting, escalated, referred (and waiting), left_up, hidden, proposed (for deletion, still up),
    deleting, deleted, or replaced (a later wording was decided); empty where nobody was asked.
    """

    case: int | None = None
    """Its newest case."""
    word: str = ""
    clause: str = ""


def outcomes(connection: Connection, ids: Sequence[int], viewer: str) -> dict[int, Outcome]:
    """By the comments' record numbers. What the viewer may be asked about once more is told as waiting."""
    standing = _newest_cases(connection, ids, viewer)
    made = _decisions(connection, ids, viewer)
    hides = [row.id for rows in made.values() for row in rows if row.choice == "hide"]
    final, deleted = deleting(connection, hides), _deletions(connection, hides)
    return {
        each: _outcome(standing[each], made.get(each, []), final, deleted) for each in ids if each in standing
    }


def _outcome(case: Row, made: Sequence[Row], final: set[int], deleted: dict[int, str]) -> Outcome:
    if case.state in WAITING or case.blind:
        return Outcome(case.case_id, _waiting(case, made))
    settling = [row for row in made if row.choice in SETTLING]
    if not settling:
        return Outcome(case.case_id, "replaced")
    last = settling[-1]
    if last.choice == "leave_up":
        return Outcome(case.case_id, "left_up")
    if last.id in deleted:
        return Outcome(case.case_id, deleted[last.id], last.clause)
    return Outcome(case.case_id, "proposed" if last.id in final else "hidden", last.clause)


def _waiting(case: Row, made: Sequence[Row]) -> str:
    if case.escalated:
        return "escalated"
    return "referred" if made and made[-1].choice == "refer" else "waiting"


def _newest_cases(connection: Connection, ids: Sequence[int], viewer: str) -> dict[int, Row]:
    rows = connection.execute(_CASES, {"comments": ids, "viewer": viewer})
    return {row.comment_id: row for row in rows}


def _decisions(connection: Connection, ids: Sequence[int], viewer: str) -> dict[int, list[Row]]:
    """Comment → what was decided of it and not withdrawn, oldest first."""
    rows = connection.execute(_MADE, {"comments": ids, "viewer": viewer})
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.comment_id, []).append(row)
    return found


def _deletions(connection: Connection, decision_ids: Sequence[int]) -> dict[int, str]:
    """Decision → how far the deletion is that was released for it: deleting or deleted."""
    a = actions.c
    if not decision_ids:
        return {}
    asked = (a.decision_id.in_(decision_ids), a.kind == ActionKind.DELETE.value, a.state != "cancelled")
    rows = connection.execute(sa.select(a.decision_id, a.state).where(*asked))
    return {row.decision_id: "deleted" if row.state in ("done", "gone") else "deleting" for row in rows}
