"""Taking one comment out of a case of near-identical ones, to decide it by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from modbot import case_rows, queue, rulings
from modbot.case_rows import case_comments, comments
from modbot.errors import DecisionRefused
from modbot.store import Store, Transaction, body_of
from modbot.tables import Case, CaseComment


def split(store: Store, case_id: int, record: int, by: str) -> int:
    """The comment archived as `record`, with its revisions, becomes a case of its own; returns its number.

    Raises NotAllowed, StaleCase, or DecisionRefused where nothing would be left.
    """
    with store.write() as tx:
        case_rows.decider(tx, by)
        row = case_rows.locked(tx, case_id)
        if row.state not in queue.WAITING:
            raise rulings.already_decided(tx, row)
        case_rows.refuse_if_held(row, case_id, by, tx.now)
        moved = _revisions(tx, case_id, record)
        if not moved or len(case_rows.items(tx, case_id)) == 1:
            raise DecisionRefused(
                "Record %(record)s cannot be taken out of case %(case)s.",
                remedy="Name one of several comments of the case; modbot case show lists them.",
                record=record,
                case=case_id,
            )
        new = _open(tx, row, moved, by)
        _take_out(tx, row, moved, new, by)
    return new


def _revisions(tx: Transaction, case_id: int, record: int) -> Sequence[int]:
    """All revisions of the item that are in the case, oldest first; none if the record is not in it."""
    own = comments.alias()
    same_item = sa.and_(own.c.page == comments.c.page, own.c.native_id == comments.c.native_id)
    held = sa.select(case_comments.c.comment_id).where(case_comments.c.case_id == case_id)
    return (
        tx.execute(
            sa.select(comments.c.id)
            .join(own, same_item)
            .where(own.c.id == record, own.c.id.in_(held), comments.c.id.in_(held))
            .order_by(comments.c.id)
        )
        .scalars()
        .all()
    )


def _open(tx: Transaction, row: sa.Row[Any], moved: Sequence[int], by: str) -> int:
    body = {"comment": moved[0], "reason": row.reason, "clauses": row.clauses.split(), "out_of": row.id}
    number = tx.record("case.opened", "case:{seq}", body, actor=by)
    same = {name: row._mapping[name] for name in ("reason", "priority", "clauses", "escalated", "opened_at")}
    page = tx.execute(sa.select(comments.c.page).where(comments.c.id == moved[0])).scalar_one()
    tx.add(Case, id=number, state="open", version=1, pages=page, **same)
    return number


def _take_out(tx: Transaction, row: sa.Row[Any], moved: Sequence[int], new: int, by: str) -> None:
    number = tx.record("case.split", f"case:{row.id}", {"comment": moved[0], "into": new}, actor=by)
    gone = sa.delete(case_comments).where(
        case_comments.c.case_id == row.id, case_comments.c.comment_id.in_(moved)
    )
    tx.execute(gone)
    for comment_id in moved:
        tx.add(CaseComment, case_id=new, comment_id=comment_id, joined=number)
    left = case_rows.items(tx, row.id)
    pages = " ".join(dict.fromkeys(item.page for item in left))
    case_rows.update(tx, row.id, version=row.version + 1, pages=pages)
    body = body_of(tx.connection, min(item.comment_id for item in left))
    if body is not None:
        queue.remember(tx, row.id, body["text"])
