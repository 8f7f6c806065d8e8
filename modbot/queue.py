"""How flagged comments become cases: one case per campaign, per item and its later revisions.

Runs inside the transaction that stores the verdicts, so that a flagged comment without a case cannot exist.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modbot import standing
from modbot.near import bands, shingles
from modbot.neighbours import Ground, Neighbours, Waiting, load, waiting
from modbot.policy import Level, Verdict
from modbot.store import Transaction, table
from modbot.tables import Case, CaseBand, CaseComment, Comment, Unscored

cases = table(Case)
case_comments = table(CaseComment)
case_bands = table(CaseBand)
comments = table(Comment)
unscored = table(Unscored)

URGENT, TO_LEAD, ORDINARY = range(3)
"""Priorities, in the order of the queue. What no classifier could score is ordinary: there may be a threat in
it, so nothing ordinary that came later goes before it."""
WAITING = ("open", "claimed")
"""States of a case that nobody has decided yet."""


@dataclass(frozen=True, slots=True)
class Flagged:
    """A comment that may need a person. `verdict` is None when no classifier could score it."""

    comment_id: int
    page: str
    native_id: str
    number: int
    text: str
    verdict: Verdict | None

    @property
    def priority(self) -> int:
        urgent = self.verdict is not None and self.verdict.level is Level.URGENT
        return URGENT if urgent else ORDINARY

    @property
    def reason(self) -> str:
        return "not_scored" if self.verdict is None else "flagged"

    @property
    def ground(self) -> Ground:
        """One decision covers only comments that wait for the same reason, clauses and urgency."""
        return self.priority, frozenset(self.clauses), self.reason

    @property
    def clauses(self) -> tuple[str, ...]:
        return () if self.verdict is None else self.verdict.clauses


def enqueue(tx: Transaction, flagged: Sequence[Flagged]) -> None:
    """Open or join a case for each comment, in order."""
    prepared = [(each, shingles(each.text)) for each in flagged]
    keys = [bands(parts) for _, parts in prepared]
    near = Neighbours(tx, sorted({key for each in keys for key in each}))
    opened: dict[int, int] = {}
    for (each, parts), key in zip(prepared, keys, strict=True):
        case_id = _place(tx, each, parts, key, near)
        if case_id is not None:
            opened[each.comment_id] = case_id
    for comment_id in _with_later_revisions(tx, opened):
        catch_up(tx, opened[comment_id])


def follow_up(tx: Transaction, edited: Sequence[Flagged]) -> None:
    """Later revisions whose verdict is CLEAR: a person who decides, or who hid the item, must see them."""
    for each in edited:
        case = waiting_case(tx, each.page, each.native_id)
        if case is not None:
            catch_up(tx, case.id)
        elif standing.hidden_by(tx, each.page, each.native_id) is not None:
            _open(tx, each, bands(shingles(each.text)), reason="edited")


def catch_up(tx: Transaction, case_id: int) -> None:
    """Join every later revision of the case's items that has been scored, whoever scored it when."""
    later, joined = comments.alias(), case_comments.alias()
    missing = (
        sa.select(later.c.id)
        .distinct()
        .select_from(case_comments)
        .join(comments, comments.c.id == case_comments.c.comment_id)
        .join(
            later,
            sa.and_(
                later.c.page == comments.c.page,
                later.c.native_id == comments.c.native_id,
                # not by id, for which SQLite would read every later comment of the page
                later.c.number > comments.c.number,
            ),
        )
        .outerjoin(joined, sa.and_(joined.c.case_id == case_id, joined.c.comment_id == later.c.id))
        .outerjoin(unscored, unscored.c.comment_id == later.c.id)
        .where(
            case_comments.c.case_id == case_id,
            joined.c.comment_id.is_(None),
            unscored.c.comment_id.is_(None),
        )
        .order_by(later.c.id)
    )
    for comment_id in tx.execute(missing).scalars().all():
        _join(tx, case_id, comment_id, "edited")
        _touch(tx, case_id)


def settle(tx: Transaction, comment_id: int, verdict: Verdict) -> bool:
    """A comment that waited as "not scored" now has a verdict: its case takes it over, or closes.

    Returns False when the comment must be queued like any other: it has no case, or a person left it up
    before anybody knew what the classifiers would say.
    """
    row = tx.execute(
        sa.select(cases)
        .join(case_comments, case_comments.c.case_id == cases.c.id)
        .where(case_comments.c.comment_id == comment_id)
        .order_by(cases.c.id.desc())
    ).first()
    if row is None or (row.state not in WAITING and row.reason == "not_scored"):
        return False
    if row.state not in WAITING:
        return True
    if verdict.level is not Level.CLEAR:
        _change(tx, row.id, Flagged(comment_id, "", "", 0, "", verdict))
    elif row.reason == "not_scored" and row.state == "open" and not _unscored_in(tx, row.id):
        tx.record("case.closed", f"case:{row.id}", {"reason": "scored, and no clause may apply"})
        _update(tx, row.id, state="closed", closed_at=tx.now, version=cases.c.version + 1)
        forget(tx, row.id)
    return True


def remember(tx: Transaction, case_id: int, text: str) -> None:
    """Near-identical comments may join this case again."""
    forget(tx, case_id)
    for key in bands(shingles(text)):
        tx.add(CaseBand, band=key, case_id=case_id)


def forget(tx: Transaction, case_id: int) -> None:
    """Near-identical comments no longer join this case."""
    tx.execute(sa.delete(case_bands).where(case_bands.c.case_id == case_id))


def _place(
    tx: Transaction, flagged: Flagged, parts: frozenset[str], keys: list[int], near: Neighbours
) -> int | None:
    """The number of the case if a new one was opened."""
    earlier = waiting_case(tx, flagged.page, flagged.native_id) if flagged.number != 1 else None
    case = earlier or near.find(keys, parts, flagged.ground)
    if case is None:
        case_id = _open(tx, flagged, keys)
        near.add(case_id, keys, parts)
        return case_id
    _join(tx, case.id, flagged.comment_id, "edited" if earlier else "near-identical")
    _spread(tx, case.id, flagged.page)
    _change(tx, case.id, flagged)
    return None


def _open(tx: Transaction, flagged: Flagged, keys: list[int], reason: str = "") -> int:
    reason = reason or flagged.reason
    body = {"comment": flagged.comment_id, "reason": reason, "clauses": list(flagged.clauses)}
    case_id = tx.record("case.opened", "case:{seq}", body)
    tx.add(
        Case,
        id=case_id,
        state="open",
        reason=reason,
        priority=flagged.priority,
        clauses=" ".join(flagged.clauses),
        pages=flagged.page,
        escalated=False,
        opened_at=tx.now,
        version=1,
    )
    tx.add(CaseComment, case_id=case_id, comment_id=flagged.comment_id, joined=case_id)
    for key in keys:
        tx.add(CaseBand, band=key, case_id=case_id)
    return case_id


def _join(tx: Transaction, case_id: int, comment_id: int, why: str) -> None:
    seq = tx.record("case.joined", f"case:{case_id}", {"comment": comment_id, "why": why})
    tx.add(CaseComment, case_id=case_id, comment_id=comment_id, joined=seq)


def _spread(tx: Transaction, case_id: int, page: str) -> None:
    """The case has a comment on this page as well."""
    known = tx.execute(sa.select(cases.c.pages).where(cases.c.id == case_id)).scalar_one().split()
    if page not in known:
        _update(tx, case_id, pages=" ".join((*known, page)))


def _change(tx: Transaction, case_id: int, flagged: Flagged) -> None:
    """Take over what a new verdict adds. The case is read anew, since an earlier one may have changed it."""
    case = load(tx, case_id)
    clauses = tuple(dict.fromkeys((*case.clauses, *flagged.clauses)))
    priority = min(case.priority, flagged.priority)
    reason = "flagged" if "flagged" in (case.reason, flagged.reason) else case.reason
    if (clauses, priority, reason) != (case.clauses, case.priority, case.reason):
        body = {"clauses": list(clauses), "priority": priority, "reason": reason}
        tx.record("case.changed", f"case:{case_id}", body)
        _update(tx, case_id, clauses=" ".join(clauses), priority=priority, reason=reason)
    _touch(tx, case_id)


def _touch(tx: Transaction, case_id: int) -> None:
    """Any change makes earlier views of the case stale."""
    _update(tx, case_id, version=cases.c.version + 1)


def _update(tx: Transaction, case_id: int, **values: Any) -> None:
    tx.execute(sa.update(cases).where(cases.c.id == case_id).values(**values))


def waiting_case(tx: Transaction, page: str, native_id: str) -> Waiting | None:
    """The undecided case that holds any revision of the item."""
    row = tx.execute(
        sa.select(cases)
        .join(case_comments, case_comments.c.case_id == cases.c.id)
        .join(comments, comments.c.id == case_comments.c.comment_id)
        .where(
            comments.c.page == page,
            comments.c.native_id == native_id,
            cases.c.state.in_(WAITING),
        )
        .order_by(cases.c.id)
    ).first()
    return None if row is None else waiting(row)


def _with_later_revisions(tx: Transaction, comment_ids: Collection[int]) -> Sequence[int]:
    if not comment_ids:
        return ()
    later = comments.alias()
    found = (
        sa.select(comments.c.id)
        .distinct()
        .join(
            later,
            sa.and_(
                later.c.page == comments.c.page,
                later.c.native_id == comments.c.native_id,
                # not by id, for which SQLite would read every later comment of the page
                later.c.number > comments.c.number,
            ),
        )
        .where(comments.c.id.in_(comment_ids))
    )
    return tx.execute(found).scalars().all()


def _unscored_in(tx: Transaction, case_id: int) -> bool:
    waiting = (
        sa.select(unscored.c.comment_id)
        .join(case_comments, case_comments.c.comment_id == unscored.c.comment_id)
        .where(case_comments.c.case_id == case_id)
    )
    return tx.execute(waiting).first() is not None
