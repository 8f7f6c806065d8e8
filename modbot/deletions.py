"""Final deletion: of what a decision already hides, released by the records officer, and by nobody alone.

No other way leads to a platform's delete: the database refuses such an action without a release, and whoever
carries actions out looks for the release once more.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

import platforms
from modbot import case_rows, outbox, rulings, standing
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.roles import Permission, allows
from modbot.store import Store, Transaction, table
from modbot.tables import Comment, Decision, Page, Release
from platforms.base import ActionKind

comments, decisions = table(Comment), table(Decision)
pages, releases = table(Page), table(Release)


def release(store: Store, record: int, by: str, reason: str) -> int:
    """Have the hidden comment that is archived as `record` deleted from its platform; returns the release.

    Raises NotAllowed (not the records officer, or the one who hid it), DecisionRefused or StaleCase.
    """
    with store.write() as tx:
        if not allows(case_rows.active(tx, by), Permission.RELEASE):
            raise NotAllowed(
                "Only the records officer may release a comment for deletion.",
                remedy="Ask the public-records officer. Hidden, nobody sees it anyway.",
            )
        if not reason.strip():
            raise DecisionRefused("A release needs a reason.", remedy="Say why hiding is not enough.")
        row = _comment(tx, record)
        hide = _hide(tx, row)
        decision = tx.execute(sa.select(decisions).where(decisions.c.id == hide.decision_id)).one()
        if decision.decided_by == by:
            raise NotAllowed(
                "Whoever hid a comment cannot release it for deletion.", remedy="A second person has to."
            )
        return _release(tx, row, decision.id, by, reason.strip())


def _release(tx: Transaction, row: sa.Row[Any], decision: int, by: str, reason: str) -> int:
    if tx.execute(sa.select(releases.c.id).where(releases.c.decision_id == decision)).first() is not None:
        raise StaleCase("It was released before.", remedy="See what became of it with: modbot case show")
    body = {"comment": row.id, "decision": decision, "reason": reason}
    number = tx.record("deletion.released", f"comment:{row.page}/{row.native_id}", body, actor=by)
    tx.add(Release, id=number, decision_id=decision, released_by=by, at=tx.now)
    outbox.request_deletion(tx, decision, row.id, row.page, row.native_id, number)
    return number


def _comment(tx: Transaction, record: int) -> sa.Row[Any]:
    found = tx.execute(
        sa.select(comments, pages.c.platform)
        .join(pages, pages.c.key == comments.c.page)
        .where(comments.c.id == record)
    ).first()
    if found is None:
        raise StaleCase(f"No comment is archived as record {record}.", remedy="See: modbot case show")
    if ActionKind.DELETE not in platforms.load(found.platform).capabilities.actions:
        raise DecisionRefused(
            f"{found.platform} lets nobody delete a comment for good.", remedy="Leave it hidden."
        )
    return found


def _hide(tx: Transaction, row: sa.Row[Any]) -> sa.Row[Any]:
    last = standing.last_change(tx, row.page, row.native_id)
    if last is None or last.kind != ActionKind.HIDE or last.state != "done":
        raise DecisionRefused(
            f"Record {row.id} is not hidden by a decision.",
            remedy="Only what a person has decided to hide, and what is hidden now, can be released.",
        )
    if rulings.newest(tx.connection, row.page, row.native_id) != last.comment_id or row.id != last.comment_id:
        raise StaleCase("Its author has edited it since it was hidden.", remedy="Decide the new words first.")
    return last
