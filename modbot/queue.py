"""How flagged comments become cases: one case per campaign, per item and its later revisions.

Runs inside the transaction that stores the verdicts, so that a flagged comment without a case cannot exist.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from modbot.near import SIMILAR, bands, shingles, similarity
from modbot.policy import Level, Verdict
from modbot.store import Transaction, bodies_of, table
from modbot.tables import Case, CaseBand, CaseComment, Comment

cases = table(Case)
case_comments = table(CaseComment)
case_bands = table(CaseBand)
comments = table(Comment)

URGENT, TO_LEAD, ORDINARY, NOT_SCORED = range(4)
"""Priorities, in the order of the queue."""
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
        if self.verdict is None:
            return NOT_SCORED
        return URGENT if self.verdict.level is Level.URGENT else ORDINARY

    @property
    def reason(self) -> str:
        return "not_scored" if self.verdict is None else "flagged"

    @property
    def clauses(self) -> tuple[str, ...]:
        return () if self.verdict is None else self.verdict.clauses


@dataclass(slots=True)
class _Open:
    """An undecided case as this batch knows it."""

    id: int
    priority: int
    clauses: tuple[str, ...]
    reason: str


def enqueue(tx: Transaction, flagged: Sequence[Flagged]) -> list[int]:
    """Open or join a case for each comment, in order; returns their case numbers."""
    prepared = [(each, shingles(each.text)) for each in flagged]
    keys = [bands(parts) for _, parts in prepared]
    near = _Neighbours(tx, sorted({key for each in keys for key in each}))
    opened: dict[int, _Open] = {}
    return [
        _place(tx, each, parts, key, near, opened) for (each, parts), key in zip(prepared, keys, strict=True)
    ]


def follow_up(tx: Transaction, edited: Flagged) -> None:
    """A later revision whose verdict is CLEAR still joins the undecided case of an earlier one."""
    found = _case_of_item(tx, edited)
    if found is not None:
        _join(tx, found, edited, "edited")


def settle(tx: Transaction, comment_id: int, verdict: Verdict) -> bool:
    """A comment that waited as "not scored" now has a verdict: its case takes it over, or closes.

    Returns False when the comment has no case and must be queued like any other. What a person has
    decided meanwhile stands.
    """
    row = tx.execute(
        sa.select(cases)
        .join(case_comments, case_comments.c.case_id == cases.c.id)
        .where(case_comments.c.comment_id == comment_id)
        .order_by(cases.c.id.desc())
    ).first()
    if row is None:
        return False
    if row.state not in WAITING:
        return True
    if verdict.level is not Level.CLEAR:
        flagged = Flagged(comment_id, "", "", 0, "", verdict)
        _change(tx, _Open(row.id, row.priority, tuple(row.clauses.split()), row.reason), flagged)
    elif row.reason == "not_scored" and row.state == "open" and _alone(tx, row.id):
        tx.record("case.closed", f"case:{row.id}", {"reason": "scored, and no clause may apply"})
        tx.execute(
            sa.update(cases)
            .where(cases.c.id == row.id)
            .values(state="closed", closed_at=tx.now, version=cases.c.version + 1)
        )
        forget(tx, row.id)
    return True


def forget(tx: Transaction, case_id: int) -> None:
    """Near-identical comments no longer join this case."""
    tx.execute(sa.delete(case_bands).where(case_bands.c.case_id == case_id))


def _place(
    tx: Transaction,
    flagged: Flagged,
    parts: frozenset[str],
    keys: list[int],
    near: _Neighbours,
    opened: dict[int, _Open],
) -> int:
    earlier = _case_of_item(tx, flagged) if flagged.number > 1 else None
    if earlier is not None:
        return _join(tx, earlier, flagged, "edited")
    similar = near.find(keys, parts)
    if similar is not None:
        return _join(tx, opened.get(similar) or _load(tx, similar), flagged, "near-identical")
    case_id = _open(tx, flagged, keys)
    opened[case_id] = _Open(case_id, flagged.priority, flagged.clauses, flagged.reason)
    near.add(case_id, keys, parts)
    return case_id


def _open(tx: Transaction, flagged: Flagged, keys: list[int]) -> int:
    body = {"comment": flagged.comment_id, "reason": flagged.reason, "clauses": list(flagged.clauses)}
    case_id = tx.record("case.opened", "case:{seq}", body)
    tx.add(
        Case,
        id=case_id,
        state="open",
        reason=flagged.reason,
        priority=flagged.priority,
        clauses=" ".join(flagged.clauses),
        opened_at=tx.now,
        version=1,
    )
    tx.add(CaseComment, case_id=case_id, comment_id=flagged.comment_id, joined=case_id)
    for key in keys:
        tx.add(CaseBand, band=key, case_id=case_id)
    return case_id


def _join(tx: Transaction, case: _Open, flagged: Flagged, why: str) -> int:
    seq = tx.record("case.joined", f"case:{case.id}", {"comment": flagged.comment_id, "why": why})
    tx.add(CaseComment, case_id=case.id, comment_id=flagged.comment_id, joined=seq)
    _change(tx, case, flagged)
    return case.id


def _change(tx: Transaction, case: _Open, flagged: Flagged) -> None:
    """Take over what the new verdict adds; any change makes earlier views of the case stale."""
    clauses = tuple(dict.fromkeys((*case.clauses, *flagged.clauses)))
    priority = min(case.priority, flagged.priority)
    reason = "flagged" if "flagged" in (case.reason, flagged.reason) else case.reason
    if (clauses, priority, reason) != (case.clauses, case.priority, case.reason):
        body = {"clauses": list(clauses), "priority": priority, "reason": reason}
        tx.record("case.changed", f"case:{case.id}", body)
        case.clauses, case.priority, case.reason = clauses, priority, reason
    tx.execute(
        sa.update(cases)
        .where(cases.c.id == case.id)
        .values(clauses=" ".join(clauses), priority=priority, reason=reason, version=cases.c.version + 1)
    )


def _case_of_item(tx: Transaction, flagged: Flagged) -> _Open | None:
    row = tx.execute(
        sa.select(cases)
        .join(case_comments, case_comments.c.case_id == cases.c.id)
        .join(comments, comments.c.id == case_comments.c.comment_id)
        .where(
            comments.c.page == flagged.page,
            comments.c.native_id == flagged.native_id,
            cases.c.state.in_(WAITING),
        )
        .order_by(cases.c.id)
    ).first()
    return None if row is None else _Open(row.id, row.priority, tuple(row.clauses.split()), row.reason)


def _load(tx: Transaction, case_id: int) -> _Open:
    row = tx.execute(sa.select(cases).where(cases.c.id == case_id)).one()
    return _Open(row.id, row.priority, tuple(row.clauses.split()), row.reason)


def _open_among(tx: Transaction, case_ids: Collection[int]) -> set[int]:
    if not case_ids:
        return set()
    found = sa.select(cases.c.id).where(cases.c.id.in_(case_ids), cases.c.state == "open")
    return set(tx.execute(found).scalars())


def _alone(tx: Transaction, case_id: int) -> bool:
    count = sa.select(sa.func.count()).where(case_comments.c.case_id == case_id)
    return bool(tx.execute(count).scalar() == 1)


class _Neighbours:
    """The open cases that share a band with the batch, and those that the batch itself opens."""

    def __init__(self, tx: Transaction, keys: Sequence[int]) -> None:
        self._tx = tx
        self._by_band: dict[int, set[int]] = {}
        self._parts: dict[int, frozenset[str]] = {}
        # Two look-ups by key: joined, SQLite walks through every open case instead.
        shared = tx.execute(
            sa.select(case_bands.c.band, case_bands.c.case_id).where(case_bands.c.band.in_(keys))
        ).all()
        still_open = _open_among(tx, {row.case_id for row in shared})
        for row in shared:
            if row.case_id in still_open:
                self._by_band.setdefault(row.band, set()).add(row.case_id)

    def add(self, case_id: int, keys: Sequence[int], parts: frozenset[str]) -> None:
        self._parts[case_id] = parts
        for key in keys:
            self._by_band.setdefault(key, set()).add(case_id)

    def find(self, keys: Sequence[int], parts: frozenset[str]) -> int | None:
        """The oldest open case whose first comment is near-identical."""
        candidates = sorted(set().union(*(self._by_band.get(key, set()) for key in keys)))
        self._read(candidates)
        return next((each for each in candidates if similarity(parts, self._parts[each]) >= SIMILAR), None)

    def _read(self, candidates: Sequence[int]) -> None:
        unread = [each for each in candidates if each not in self._parts]
        if not unread:
            return
        rows = self._tx.execute(
            sa.select(case_comments.c.case_id, sa.func.min(case_comments.c.comment_id).label("first"))
            .where(case_comments.c.case_id.in_(unread))
            .group_by(case_comments.c.case_id)
        ).all()
        texts = bodies_of(self._tx.connection, [row.first for row in rows])
        for row in rows:
            body = texts.get(row.first)
            self._parts[row.case_id] = shingles(body["text"]) if body else frozenset({""})
