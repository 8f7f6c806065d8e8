"""What must be true after any fault: the checks that every fault test ends with."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from modbot import checkpoints
from modbot.store import Store, bodies_of, table
from modbot.tables import Action, Case, CaseComment, Comment, Content, Decision, Presence, Score, Verdict
from tests.faults.page import Wall
from tests.faults.public import Public


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
    """The page changed exactly where the decided state changed, in the order in which people decided."""
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
        tried = [row for row in rows if row.native_id == comment_id]
        changes = [kind for kind, changed in wall.changes if changed == comment_id]
        assert tuple(changes) in _possible_changes(tried), (comment_id, changes, tried)
        settled = [row.kind for row in tried if row.state == "done"]
        assert (comment_id in wall.hidden) == (settled[-1:] == ["hide"]), (comment_id, tried)
    assert {row.choice for row in last} <= {"hide", "leave_up"}


def _possible_changes(tried: Iterable[sa.Row[Any]]) -> set[tuple[str, ...]]:
    """Each order of changes on the page that these actions on one comment allow.

    Hiding what is hidden already is a second action and no second change. A hide that was withdrawn because
    its author wrote other words may have reached the page before, where the bot was killed before the answer
    came; the attempt in which it is withdrawn counts too.
    """
    possible: set[tuple[str, ...]] = {()}
    for row in tried:
        after = {_changed(before, row.kind) for before in possible}
        if row.state == "done":
            possible = after
        elif row.attempts > 1:
            possible |= after
    return possible


def _changed(before: tuple[str, ...], kind: str) -> tuple[str, ...]:
    now = before[-1] if before else "unhide"
    return before if now == kind else (*before, kind)


class Records:
    """What the archive holds of the comments that the people of several pages wrote."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read_to = 0
        self.texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        """By page and comment, every wording in the order of the archive."""
        self._gone: dict[tuple[str, str], bool] = {}

    def read(self) -> None:
        """What was archived since the last call."""
        comments, bodies, presences = table(Comment), table(Content), table(Presence)
        fresh = (
            sa.select(comments.c.id, comments.c.page, comments.c.native_id, bodies.c.body)
            .join(bodies, bodies.c.seq == comments.c.id)
            .where(comments.c.id > self._read_to)
            .order_by(comments.c.id)
        )
        seen = (
            sa.select(comments.c.page, comments.c.native_id, presences.c.present)
            .join(comments, comments.c.id == presences.c.comment_id)
            .order_by(presences.c.id)
        )
        with self._store.read() as connection:
            for row in connection.execute(fresh):
                self.texts[row.page][row.native_id].append(json.loads(row.body)["text"])
                self._read_to = row.id
            self._gone = {(row.page, row.native_id): not row.present for row in connection.execute(seen)}

    def lacking(self, people: Iterable[Public]) -> list[str]:
        """What somebody did that is not on record yet, in words."""
        found = []
        for public in people:
            kept = self.texts[public.page]
            found += [
                f"{public.page} {each.id}: {len(kept.get(each.id, ()))} of {len(each.texts)} wordings"
                for each in public.all_said
                if len(kept.get(each.id, ())) < len(each.texts)
            ]
            found += [f"{public.page} {each}: still there" for each in self._unnoticed(public)]
        return found

    def check_presence(self, public: Public) -> None:
        assert self._unnoticed(public) == []
        # Gone: the answer to our own deletion was lost, and the next attempt found nothing.
        taken_down = self._acted_on("delete", {"done", "gone"})
        for each in public.said.values():
            if self._gone.get((public.page, each.id)):
                assert each.gone or (public.page, each.id) in taken_down, f"{public.page} {each.id} is there"

    def check_standing(self, public: Public) -> None:
        """Readers see exactly what nobody decided to take down."""
        decided = self._last_choices()
        for each in public.said.values():
            if not each.gone:
                hidden = decided.get((public.page, each.id)) == "hide"
                assert public.stage.reader_sees(each.id) is not hidden, f"{public.page} {each.id}"

    def check_actions(self) -> None:
        rows = self._actions()
        assert {row.state for row in rows} <= {"done", "gone", "cancelled"}
        done = Counter((row.decision_id, row.native_id, row.kind) for row in rows if row.state == "done")
        assert set(done.values()) <= {1}

    def outcomes(self) -> dict[str, int]:
        return dict(Counter(f"{row.kind} {row.state}" for row in self._actions()))

    def _unnoticed(self, public: Public) -> list[str]:
        if public.can.sees_deletions == "no":
            return []
        return [e.id for e in public.said.values() if e.gone and not self._gone.get((public.page, e.id))]

    def _acted_on(self, kind: str, states: set[str]) -> set[tuple[str, str]]:
        return {
            (row.page, row.native_id) for row in self._actions() if row.kind == kind and row.state in states
        }

    def _last_choices(self) -> dict[tuple[str, str], str]:
        comments, decisions = table(Comment), table(Decision)
        made = (
            sa.select(comments.c.page, comments.c.native_id, decisions.c.choice)
            .join(decisions, decisions.c.comment_id == comments.c.id)
            .order_by(decisions.c.id)
        )
        with self._store.read() as connection:
            return {(row.page, row.native_id): row.choice for row in connection.execute(made)}

    def _actions(self) -> list[sa.Row[Any]]:
        with self._store.read() as connection:
            return list(connection.execute(sa.select(table(Action)).order_by(table(Action).c.id)).all())
