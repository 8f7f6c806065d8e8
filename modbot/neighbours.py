"""Finding the undecided case that a near-identical comment belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

from modbot.near import SIMILAR, shingles, similarity
from modbot.store import Transaction, bodies_of, table
from modbot.tables import Case, CaseBand, CaseComment

cases = table(Case)
case_comments = table(CaseComment)
case_bands = table(CaseBand)

Ground: TypeAlias = tuple[int, frozenset[str], str]
"""Priority, clauses and reason: why a comment waits."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An undecided case."""

    id: int
    priority: int
    clauses: tuple[str, ...]
    reason: str

    @property
    def ground(self) -> Ground:
        return self.priority, frozenset(self.clauses), self.reason


def load(tx: Transaction, case_id: int) -> Waiting:
    return waiting(tx.execute(sa.select(cases).where(cases.c.id == case_id)).one())


def waiting(row: sa.Row[Any]) -> Waiting:
    return Waiting(row.id, row.priority, tuple(row.clauses.split()), row.reason)


def joinable(now: datetime) -> sa.ColumnElement[bool]:
    """Cases that nobody is deciding at this moment; a claim that ran out counts as given back."""
    return sa.or_(cases.c.state == "open", sa.and_(cases.c.state == "claimed", cases.c.claimed_until <= now))


class Neighbours:
    """The open cases that share a band with the batch, and those that the batch itself opens."""

    def __init__(self, tx: Transaction, keys: Sequence[int]) -> None:
        self._tx = tx
        self._by_band: dict[int, set[int]] = {}
        self._parts: dict[int, frozenset[str]] = {}
        # Two look-ups by key: joined, SQLite walks through every open case instead.
        shared = tx.execute(
            sa.select(case_bands.c.band, case_bands.c.case_id).where(case_bands.c.band.in_(keys))
        ).all()
        still_open = self._joinable_among({row.case_id for row in shared})
        for row in shared:
            if row.case_id in still_open:
                self._by_band.setdefault(row.band, set()).add(row.case_id)

    def add(self, case_id: int, keys: Sequence[int], parts: frozenset[str]) -> None:
        self._parts[case_id] = parts
        for key in keys:
            self._by_band.setdefault(key, set()).add(case_id)

    def find(self, keys: Sequence[int], parts: frozenset[str], ground: Ground) -> Waiting | None:
        """The oldest case that one decision could cover as well: near-identical, on the same ground."""
        candidates = sorted(set().union(*(self._by_band.get(key, set()) for key in keys)))
        self._read(candidates)
        for case_id in candidates:
            if similarity(parts, self._parts[case_id]) >= SIMILAR:
                case = load(self._tx, case_id)
                if case.ground == ground:
                    return case
        return None

    def _joinable_among(self, case_ids: Collection[int]) -> set[int]:
        if not case_ids:
            return set()
        found = sa.select(cases.c.id).where(cases.c.id.in_(case_ids), joinable(self._tx.now))
        return set(self._tx.execute(found).scalars())

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
