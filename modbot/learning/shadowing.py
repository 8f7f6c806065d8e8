"""A model in shadow scores what the running one has scored, afterwards and in a process of its own.

So it costs the real scoring nothing: where it hangs, crashes or is slow, only its own comparison waits.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
import structlog

from classifiers import joining
from classifiers.base import Category, ClassifierError, ClassifierFailed, Score, Scores
from classifiers.joining import Rules
from modbot.config import Settings
from modbot.judging import text_and_topic
from modbot.learning import in_use, register
from modbot.learning.hearing import LINEAR, Heard, Hearing, Scored
from modbot.learning.register import Learned
from modbot.members import operating_points
from modbot.policy import Policy, judge
from modbot.store import Store, Transaction, bodies_of, storable, table
from modbot.tables import Content, LearnedModel, ShadowScore
from modbot.tables import Score as ScoreRow

log = structlog.get_logger()
learned, scores, contents = table(LearnedModel), table(ScoreRow), table(Content)

AT_ONCE = 128
BACK = 1_000
"""Comments scored before it was made that it is compared on as well, so that there is something to see."""
BUSY, IDLE = 0.5, 2.0
"""Seconds between two batches."""
PAUSE = 300.0
"""Seconds after a failure before it is tried again."""

Limits = Mapping[Category, float]


class Shadow:
    """Compares the model in shadow, if there is one, a batch at a time."""

    def __init__(self, store: Store, settings: Settings, policy: Policy) -> None:
        self._store = store
        self._settings = settings
        self._policy = policy
        self._model: int | None = None
        self._hearing: Hearing | None = None
        self._rules = joining.HIGHEST
        self._limits: tuple[Limits, Limits] = ({}, {})
        self._rests_until = 0.0
        self._compared = 0

    def pause(self) -> float:
        """Seconds until it should look again: few while much waits."""
        return BUSY if self._compared == AT_ONCE else IDLE

    def look(self) -> int:
        """Compare the next comments; returns how many there were. A failure is noted and never raised."""
        self._compared = self._look()
        return self._compared

    def _look(self) -> int:
        with self._store.read() as connection:
            model = register.in_state(connection, register.SHADOW)
            running = in_use.found(connection, self._settings)
        if model is None:
            self.close()
            return 0
        if time.monotonic() < self._rests_until:
            return 0
        try:
            if self._model != model.id:
                self._open(model, running)
            return self._compare(model)
        except (ClassifierError, OSError) as error:
            self._note_failure(model, str(error))
            return 0

    def close(self) -> None:
        self._model = None
        if self._hearing is not None:
            self._hearing.close()
            self._hearing = None

    def _open(self, model: Learned, running: in_use.InUse) -> None:
        self.close()
        folder = in_use.folder_of(self._settings, model.folder)
        trouble = in_use.unlike(folder, model.manifest)
        if trouble:
            raise ClassifierFailed(trouble)
        self._rules = joining.load(folder)
        self._limits = operating_points(running.models), operating_points(folder)
        self._hearing = Hearing(folder, self._rules, self._settings)
        self._model = model.id

    def _compare(self, model: Learned) -> int:
        waiting, last = _waiting(self._store, model.id)
        if last is None:
            return 0
        assert self._hearing is not None  # noqa: S101 - `_open` made it
        rows = [
            _compared(self._policy, self._rules, self._limits, each, heard)
            for each, heard in zip(waiting, self._hearing.heard(waiting), strict=True)
            if LINEAR in heard
        ]
        missed = len(waiting) - len(rows)
        # With the log's lock, so that no words are disposed of between the look and the row.
        with self._store.write() as tx:
            there = _with_words(tx, rows)
            for row in rows:
                if there >= {row["comment_id"], row["score_id"]}:
                    tx.add(ShadowScore, model_id=model.id, **row)
            done = {"compared_to": last, "failures": learned.c.failures + missed, "failure": ""}
            tx.execute(sa.update(learned).where(learned.c.id == model.id).values(**done))
        return len(waiting)

    def _note_failure(self, model: Learned, why: str) -> None:
        log.warning("shadow.failing", model=model.id, detail=why)
        self.close()
        self._rests_until = time.monotonic() + PAUSE
        with self._store.write(logged=False) as tx:
            failed = {"failures": learned.c.failures + 1, "failure": storable(why)}
            tx.execute(sa.update(learned).where(learned.c.id == model.id).values(**failed))


def _waiting(store: Store, model: int) -> tuple[list[Scored], int | None]:
    """The next scored comments, oldest first, and the last entry looked at; None if nothing waits.

    Those whose words were disposed of are passed over.
    """
    with store.read() as connection:
        start = connection.execute(sa.select(learned.c.compared_to).where(learned.c.id == model)).scalar_one()
        if not start:
            older = sa.select(scores.c.id).order_by(scores.c.id.desc()).offset(BACK).limit(1)
            start = connection.execute(older).scalar() or 0
        rows = connection.execute(
            sa.select(scores.c.id, scores.c.comment_id)
            .where(scores.c.id > start)
            .order_by(scores.c.id)
            .limit(AT_ONCE)
        ).all()
        said = bodies_of(connection, [row.id for row in rows])
        texts = bodies_of(connection, [row.comment_id for row in rows])
    found = [
        _scored(row.id, row.comment_id, texts[row.comment_id], said[row.id])
        for row in rows
        if row.id in said and row.comment_id in texts
    ]
    return found, rows[-1].id if rows else None


def _scored(score_id: int, comment_id: int, comment: Mapping[str, Any], body: Mapping[str, Any]) -> Scored:
    members = {name: _scores(said) for name, said in body["members"].items()}
    return Scored(score_id, comment_id, *text_and_topic(comment), _scores(body["scores"]), members)


def _scores(said: Mapping[str, float]) -> Scores:
    return {Category(name): Score(probability) for name, probability in said.items()}


def _compared(
    policy: Policy, rules: Rules, limits: tuple[Limits, Limits], each: Scored, heard: Heard
) -> dict[str, Any]:
    """The row of one comment. Both verdicts by the same policy, so that only the models differ."""
    joined = rules.join(each.scores, heard)
    before = _flagged(policy, each.scores, limits[0], each.text)
    after = _flagged(policy, joined, limits[1], each.text)
    return {
        "score_id": each.score_id,
        "comment_id": each.comment_id,
        "scores": json.dumps({name.value: round(one.probability, 4) for name, one in joined.items()}),
        "gained": " ".join(sorted(after - before)),
        "lost": " ".join(sorted(before - after)),
        "differs": after != before,
    }


def _with_words(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Of these comments and scores the entries whose content was not disposed of."""
    entries = {row[key] for row in rows for key in ("comment_id", "score_id")}
    found = sa.select(contents.c.seq).where(contents.c.seq.in_(entries), contents.c.body.is_not(None))
    return set(tx.execute(found).scalars())


def _flagged(policy: Policy, found: Scores, limits: Limits, text: str) -> set[str]:
    findings: Sequence[Any] = judge(policy, found, limits, text).findings
    return {each.category for each in findings if each.probability is not None}
