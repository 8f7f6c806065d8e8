"""Final deletion: of what a person decided to take down, released by the records officer, by nobody alone.

No other way leads to a platform's delete: the database refuses such an action without a release, and whoever
carries actions out looks for the release once more. Where a platform can hide, only what is hidden can be
released; where it cannot, the decision to hide is a proposal (`proposals.py`) and changes nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modbot import case_rows, outbox, proposals, queue, revisions, second_looks, standing
from modbot.case_rows import Item
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.roles import Permission, allows
from modbot.store import SYSTEM, Store, Transaction, table
from modbot.tables import Comment, Decision, Page, Release
from platforms.base import ActionKind

comments, decisions = table(Comment), table(Decision)
pages, releases = table(Page), table(Release)

EDITED = "the author edited the comment before it was deleted"
REFUSED = "the records officer refused to delete it"


@dataclass(frozen=True, slots=True)
class Grounds:
    """On what a release rests: the decision, and who decided or proposed it."""

    decision: int
    people: frozenset[str]


def propose(store: Store, case_id: int, by: str, reason: str) -> list[int]:
    """Ask the records officer to delete what the case hides; returns the proposals.

    Raises NotAllowed, DecisionRefused (no reason, nothing of it is hidden) or StaleCase.
    """
    with store.write() as tx:
        case_rows.decider(tx, by)
        case_rows.locked(tx, case_id)
        if not reason.strip():
            raise DecisionRefused("A proposal needs a reason.", remedy="Say why hiding is not enough.")
        if proposals.of_case(tx, case_id):
            raise StaleCase("Case %(case)s is proposed for deletion already.", case=case_id)
        hidden = [each for item in case_rows.items(tx, case_id) if (each := _hidden_by(tx, item, case_id))]
        if not hidden:
            raise DecisionRefused(
                "Nothing of case %(case)s is hidden where it could be deleted.",
                remedy="Hide it first.",
                case=case_id,
            )
        return [
            proposals.propose(
                tx, case_id, hide.decision_id, hide.comment_id, _subject(hide), by, reason.strip()
            )
            for hide in hidden
        ]


def release(store: Store, record: int, by: str, reason: str) -> int:
    """Have the comment that is archived as `record` deleted from its platform; returns the release.

    Raises NotAllowed (not the records officer, or a party to the decision), DecisionRefused or StaleCase.
    """
    with store.write() as tx:
        _check_officer(tx, by, reason)
        return _release(tx, _comment(tx, record), by, reason.strip())


def release_case(store: Store, case_id: int, version: int, by: str, reason: str) -> list[int]:
    """Release all of the case's proposals, as the officer saw them; returns the releases.

    Raises like `release`. What its author edited meanwhile goes back to the queue, and nothing is released.
    """
    with store.write() as tx:
        _check_officer(tx, by, reason)
        row = case_rows.locked(tx, case_id)
        waiting = proposals.of_case(tx, case_id)
        _refuse_if_changed(row, version, waiting)
        found = [_comment(tx, each.comment_id) for each in waiting]
        if all(_is_newest(tx, each) for each in found):
            return [_release(tx, each, by, reason.strip()) for each in found]
        _send_back(tx, case_id, found)
    raise StaleCase("Its author has edited it since.", remedy="People decide about the new words first.")


def refuse(store: Store, case_id: int, version: int, by: str, reason: str) -> None:
    """Delete nothing. What is hidden stays hidden; what only a deletion could take down goes to a lead.

    Raises NotAllowed, DecisionRefused (no reason) or StaleCase.
    """
    with store.write() as tx:
        _check_officer(tx, by, reason)
        row = case_rows.locked(tx, case_id)
        waiting = proposals.of_case(tx, case_id)
        _refuse_if_changed(row, version, waiting)
        ids = [each.id for each in waiting]
        body = {"proposals": ids, "reason": reason.strip()}
        tx.record("deletion.refused", f"case:{case_id}", body, actor=by)
        proposals.settle(tx, ids, proposals.REFUSED)
        if any(_is_up(tx, _comment(tx, each.comment_id)) for each in waiting):
            priority = min(row.priority, queue.TO_LEAD)
            second_looks.drop(tx, case_id, REFUSED, by)
            case_rows.reopen(tx, case_id, REFUSED, by, escalated=True, priority=priority)


def _check_officer(tx: Transaction, by: str, reason: str) -> None:
    if not allows(case_rows.active(tx, by), Permission.RELEASE):
        raise NotAllowed(
            "Only the records officer may release a comment for deletion.",
            remedy="Ask the public-records officer. Until then nothing is deleted.",
        )
    if not reason.strip():
        raise DecisionRefused("A reason is needed.", remedy="Say in a few words why; it goes on record.")


def _refuse_if_changed(row: sa.Row[Any], version: int, waiting: Any) -> None:
    if not waiting:
        raise StaleCase(
            "Nothing of case %(case)s waits for a release any more.", remedy="See the list.", case=row.id
        )
    if row.version != version:
        raise StaleCase(
            "Case %(case)s changed since you looked at it.", remedy="Look at it again.", case=row.id
        )


def _release(tx: Transaction, row: sa.Row[Any], by: str, reason: str) -> int:
    proposal = proposals.of_comment(tx, row.id)
    grounds = _hide(tx, row) if proposal is None else _proposed(tx, row, proposal)
    if by in grounds.people:
        raise NotAllowed(
            "Whoever decided or proposed it cannot release it for deletion.",
            remedy="A second person has to: another records officer.",
        )
    if tx.execute(sa.select(releases.c.id).where(releases.c.decision_id == grounds.decision)).first():
        raise StaleCase("It was released before.", remedy="See what became of it with: modbot case show")
    body = {"comment": row.id, "decision": grounds.decision, "reason": reason}
    number = tx.record("deletion.released", _subject(row), body, actor=by)
    tx.add(Release, id=number, decision_id=grounds.decision, released_by=by, at=tx.now)
    if proposal is not None:
        proposals.settle(tx, [proposal.id], proposals.RELEASED)
    outbox.request_deletion(tx, grounds.decision, row.id, row.page, row.native_id, number)
    return number


def _comment(tx: Transaction, record: int) -> sa.Row[Any]:
    found = tx.execute(
        sa.select(comments, pages.c.platform)
        .join(pages, pages.c.key == comments.c.page)
        .where(comments.c.id == record)
    ).first()
    if found is None:
        raise StaleCase(
            "No comment is archived as record %(record)s.", remedy="See: modbot case show", record=record
        )
    if not proposals.deletable(found.platform):
        raise DecisionRefused(
            "%(platform)s lets nobody delete a comment for good.",
            remedy="Leave it hidden.",
            platform=found.platform,
        )
    return found


def _proposed(tx: Transaction, row: sa.Row[Any], proposal: sa.Row[Any]) -> Grounds:
    _refuse_if_edited(tx, row)
    return Grounds(
        proposal.decision_id, frozenset({proposal.proposed_by, _decider(tx, proposal.decision_id)})
    )


def _hide(tx: Transaction, row: sa.Row[Any]) -> Grounds:
    last = standing.last_change(tx, row.page, row.native_id)
    if last is None or last.kind != ActionKind.HIDE or last.state != "done":
        raise DecisionRefused(
            "Record %(record)s is not hidden by a decision, and nobody proposed to delete it.",
            remedy="Only what a person has decided to hide can be released.",
            record=row.id,
        )
    _refuse_if_edited(tx, row)
    if row.id != last.comment_id:
        raise _edited()
    return Grounds(last.decision_id, frozenset({_decider(tx, last.decision_id)}))


def _hidden_by(tx: Transaction, item: Item, case_id: int) -> sa.Row[Any] | None:
    """The action by which this case hides the item, where it could be deleted as well."""
    last = standing.last_change(tx, item.page, item.native_id)
    if last is None or (last.kind, last.state) != (ActionKind.HIDE, "done"):
        return None
    same = standing.case_of(tx, last.id) == case_id and last.comment_id == item.comment_id
    return last if same and proposals.deletable(item.platform) else None


def _send_back(tx: Transaction, case_id: int, found: list[sa.Row[Any]]) -> None:
    """Nobody decided about the new words. Where they wait in a case already, they are decided there."""
    waiting = any(queue.waiting_case(tx, each.page, each.native_id) for each in found)
    if waiting or not any(_is_up(tx, each) for each in found):
        proposals.withdraw(tx, case_id, EDITED)
        outbox.close_if_done(tx, case_id)
    else:
        second_looks.drop(tx, case_id, EDITED)
        case_rows.reopen(tx, case_id, EDITED, SYSTEM)


def _is_up(tx: Transaction, row: sa.Row[Any]) -> bool:
    return standing.hidden_by(tx, row.page, row.native_id) is None


def _is_newest(tx: Transaction, row: sa.Row[Any]) -> bool:
    newest = revisions.newest_of(tx.connection, row.page, row.native_id)
    return bool(newest == row.id)


def _refuse_if_edited(tx: Transaction, row: sa.Row[Any]) -> None:
    if not _is_newest(tx, row):
        raise _edited()


def _edited() -> StaleCase:
    return StaleCase("Its author has edited it since it was decided.", remedy="Decide the new words first.")


def _decider(tx: Transaction, decision: int) -> str:
    by: str = tx.execute(sa.select(decisions.c.decided_by).where(decisions.c.id == decision)).scalar_one()
    return by


def _subject(row: sa.Row[Any]) -> str:
    return f"comment:{row.page}/{row.native_id}"
