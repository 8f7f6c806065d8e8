"""What became of comments, in one word each: what search and lists tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.queue import WAITING
from modbot.review.lines import Row, case_comments, cases
from modbot.review.proposed import actions, decisions, deleting
from modbot.review.waiting import looks, open_looks
from modbot.store import table
from modbot.tables import Withdrawal
from platforms.base import ActionKind

withdrawals = table(Withdrawal)

SETTLING = ("hide", "leave_up")


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
    c = case_comments.c
    blind = sa.exists().where(looks.c.case_id == cases.c.id, *open_looks(viewer)).correlate(cases)
    rows = connection.execute(
        sa.select(c.comment_id, c.case_id, cases.c.state, cases.c.escalated, blind.label("blind"))
        .join_from(case_comments, cases, cases.c.id == c.case_id)
        .where(c.comment_id.in_(ids))
        .order_by(c.case_id)
    )
    return {row.comment_id: row for row in rows}


def _decisions(connection: Connection, ids: Sequence[int], viewer: str) -> dict[int, list[Row]]:
    """Comment → what was decided of it and not withdrawn, oldest first."""
    d = decisions.c
    rows = connection.execute(
        sa.select(d.id, d.comment_id, d.choice, d.clause)
        .outerjoin(withdrawals, withdrawals.c.decision_id == d.id)
        .where(d.comment_id.in_(ids), withdrawals.c.decision_id.is_(None), ~unknown(viewer))
        .order_by(d.id)
    )
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.comment_id, []).append(row)
    return found


def _deletions(connection: Connection, decision_ids: Sequence[int]) -> dict[int, str]:
    """Decision → how far the deletion is that was released for it: deleting or deleted."""
    a = actions.c
    asked = (a.decision_id.in_(decision_ids), a.kind == ActionKind.DELETE.value, a.state != "cancelled")
    rows = connection.execute(sa.select(a.decision_id, a.state).where(*asked))
    return {row.decision_id: "deleted" if row.state in ("done", "gone") else "deleting" for row in rows}


def unknown(viewer: str) -> sa.ColumnElement[bool]:
    """The decision's case waits for the viewer's second opinion."""
    return sa.exists().where(looks.c.case_id == decisions.c.case_id, *open_looks(viewer)).correlate(decisions)
