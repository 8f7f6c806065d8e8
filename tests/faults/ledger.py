"""What must be true after any fault: the checks that every fault test ends with."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import sqlalchemy as sa

from modbot import checkpoints
from modbot.store import Store, bodies_of, table
from modbot.tables import Action, Case, CaseComment, Comment, Decision, Score, Verdict
from tests.faults.page import Wall


def check(store: Store, wall: Wall) -> None:
    """Everything archived exactly once, scored once, every decided action done exactly once, log whole."""
    _archived_exactly_once(store, wall)
    _scored_exactly_once(store)
    _acted_exactly_once(store, wall)
    checkpoints.verify(store)


def _archived_exactly_once(store: Store, wall: Wall) -> None:
    found = table(Comment)
    with store.read() as connection:
        rows = connection.execute(sa.select(found).order_by(found.c.id)).all()
        bodies = {row.id: bodies_of(connection, [row.id])[row.id] for row in rows}
    archived: dict[str, list[str]] = {}
    for row in rows:
        archived.setdefault(row.native_id, []).append(bodies[row.id]["text"])
    assert archived == wall.texts


def _scored_exactly_once(store: Store) -> None:
    with store.read() as connection:
        comments = set(connection.execute(sa.select(table(Comment).c.id)).scalars())
        scored = Counter(connection.execute(sa.select(table(Score).c.comment_id)).scalars())
        flagged = set(
            connection.execute(
                sa.select(table(Verdict).c.comment_id).where(table(Verdict).c.level != "clear")
            ).scalars()
        )
        queued = set(connection.execute(sa.select(table(CaseComment).c.comment_id)).scalars())
        case_ids = set(connection.execute(sa.select(table(Case).c.id)).scalars())
        with_comments = set(connection.execute(sa.select(table(CaseComment).c.case_id)).scalars())
    assert scored == Counter(comments)
    assert flagged <= queued
    assert case_ids == with_comments


def _acted_exactly_once(store: Store, wall: Wall) -> None:
    """The page changed exactly where the decided state changed, in the order in which people decided.

    Hiding an edited comment that is hidden already is a second action and no second change.
    """
    actions, decisions = table(Action), table(Decision)
    with store.read() as connection:
        rows = connection.execute(sa.select(actions).order_by(actions.c.id)).all()
        last = connection.execute(
            sa.select(actions.c.native_id, decisions.c.choice)
            .join(decisions, decisions.c.id == actions.c.decision_id)
            .order_by(decisions.c.id)
        ).all()
    assert {row.state for row in rows} <= {"done", "cancelled"}
    assert {changed for _, changed in wall.changes} <= {row.native_id for row in rows}
    for comment_id in {row.native_id for row in rows}:
        decided = [row.kind for row in rows if row.native_id == comment_id and row.state == "done"]
        changes = [kind for kind, _ in groupby(decided)]
        assert changes == [kind for kind, changed in wall.changes if changed == comment_id]
        assert (comment_id in wall.hidden) == (decided[-1:] == ["hide"])
    assert {row.choice for row in last} <= {"hide", "leave_up"}
