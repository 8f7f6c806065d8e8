"""Decided cases, the newest decision first, with what can still be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.proposals import RELEASED
from modbot.proposals import WAITING as WAITS
from modbot.queue import WAITING
from modbot.review.lines import Line, Row, cases, lines
from modbot.review.proposed import ASKED_TO_HIDE, actions, asked, decisions, deleting
from modbot.review.waiting import BLIND
from modbot.store import Readable, bodies_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Empty: not sought by."""

    by: str = ""
    choice: str = ""
    """leave_up, hide, or "proposed" for what was proposed to be deleted for good"""
    clause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A decided case with its last decision. While `blind`, nothing of the decision is told."""

    line: Line
    at: datetime
    by: str
    choice: str
    clause: str
    reason: str
    action: str
    """The last change asked of the platform: hide, unhide or delete; empty when there was none."""
    action_state: str
    """pending, done, gone, failed or cancelled"""
    deletes: bool
    """The decision proposes a deletion, because nothing can be hidden there."""
    proposed: bool
    """A deletion waits for the records officer's release."""
    blind: bool
    """The viewer may still be asked for a second opinion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    lines: tuple[Settled, ...]
    next: str = ""
    """What to ask for to go on; empty at the end."""


def decided(
    store: Readable, viewer: str = "", sought: Sought | None = None, *, after: str = "", limit: int = 50
) -> Decisions:
    """`after` is the `next` of the slice before."""
    with store.read() as connection:
        rows = connection.execute(
            _newest(sought or Sought(), after).limit(limit + 1), {"viewer": viewer}
        ).all()
        shown = rows[:limit]
        found = lines(connection, shown)
        bodies = bodies_of(connection, [row.decision for row in shown])
        changes = _changes(connection, [row.id for row in shown])
        proposed = _proposed(connection, [row.id for row in shown])
        final = deleting(connection, [row.decision for row in shown])
    return Decisions(
        lines=tuple(
            _blind(line, row)
            if row.blind
            else _settled(line, row, bodies, changes.get(row.id), (row.decision in final, row.id in proposed))
            for line, row in zip(found, shown, strict=True)
        ),
        next=str(shown[-1].decision) if len(rows) > limit else "",
    )


def settled(store: Readable, limit: int = 100) -> list[Line]:
    """Decided and closed cases, the newest decision first."""
    found = sa.select(cases).where(cases.c.state.not_in(WAITING))
    with store.read() as connection:
        newest = found.order_by(cases.c.decided_at.desc(), cases.c.id.desc()).limit(limit)
        return lines(connection, connection.execute(newest).all())


def _newest(sought: Sought, after: str) -> sa.Select[Any]:
    """Settled cases by their last decision, from the decisions' side: people's own lists are short."""
    later = decisions.alias()
    # A referral says nothing of whether it stays.
    last = sa.select(sa.func.max(later.c.id)).where(
        later.c.case_id == decisions.c.case_id, later.c.choice.in_(("hide", "leave_up"))
    )
    made = (decisions.c.decided_by, decisions.c.choice, decisions.c.clause, decisions.c.at)
    found = (
        sa.select(cases, decisions.c.id.label("decision"), *made, BLIND)
        .join_from(decisions, cases, cases.c.id == decisions.c.case_id)
        .where(
            decisions.c.id == last.correlate(decisions).scalar_subquery(),
            cases.c.state.not_in(WAITING),
        )
        .order_by(decisions.c.id.desc())
    )
    given = {"decided_by": sought.by, "clause": sought.clause}
    wanted = [decisions.c[name] == value for name, value in given.items() if value] + _chosen(sought.choice)
    if wanted:
        # What is sought by would tell the decision.
        wanted.append(~BLIND.element)
    if after.isdigit():
        wanted.append(decisions.c.id < int(after))
    return found.where(*wanted)


def _chosen(choice: str) -> list[sa.ColumnElement[bool]]:
    if choice == "proposed":
        its = (asked.c.decision_id == decisions.c.id, asked.c.state.in_((WAITS, RELEASED)))
        return [sa.exists().where(*its).correlate(decisions)]
    chosen = decisions.c.choice == choice
    return [chosen, ASKED_TO_HIDE.correlate(decisions)] if choice == "hide" else [chosen] if choice else []


def _changes(connection: Connection, case_ids: Sequence[int]) -> dict[int, Row]:
    """Case → the newest action that it asked for."""
    rows = connection.execute(
        sa.select(decisions.c.case_id, actions.c.kind, actions.c.state)
        .join_from(decisions, actions, actions.c.decision_id == decisions.c.id)
        .where(decisions.c.case_id.in_(case_ids))
        .order_by(actions.c.id)
    )
    return {row.case_id: row for row in rows}


def _proposed(connection: Connection, case_ids: Sequence[int]) -> set[int]:
    its = (asked.c.case_id.in_(case_ids), asked.c.state == WAITS)
    return set(connection.execute(sa.select(asked.c.case_id).where(*its)).scalars())


def _settled(
    line: Line, row: Row, bodies: Mapping[int, Any], change: Row | None, deletion: tuple[bool, bool]
) -> Settled:
    deletes, proposed = deletion
    return Settled(
        line=line,
        at=row.at,
        by=row.decided_by,
        choice=row.choice,
        clause=row.clause,
        reason=bodies.get(row.decision, {}).get("reason", ""),
        action="" if change is None else change.kind,
        action_state="" if change is None else change.state,
        deletes=deletes,
        proposed=proposed,
        blind=False,
    )


def _blind(line: Line, row: Row) -> Settled:
    nothing = dict.fromkeys(("by", "choice", "clause", "reason", "action", "action_state"), "")
    return Settled(line=line, at=row.at, deletes=False, proposed=False, blind=True, **nothing)
