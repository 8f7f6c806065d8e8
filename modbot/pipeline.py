"""From an archived comment to its score, verdict and case.

Work is leased from `unscored` in small batches, scored outside any transaction, and written in one: score,
verdict, case and log entries commit together, and only if the comment is still waiting. So a worker may die
anywhere, and two workers may hold the same batch: each comment is scored once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from classifiers.base import Category, ClassifierFailed
from modbot import queue
from modbot.judging import FOREIGN, Assessor, Judged, as_content, judge_all, text_and_topic
from modbot.policy import Level, Policy, Verdict
from modbot.store import Store, Transaction, bodies_of, table
from modbot.tables import Comment, Score, Unscored
from modbot.tables import Verdict as VerdictRow

unscored, comments, verdicts = table(Unscored), table(Comment), table(VerdictRow)

LEASE = timedelta(seconds=60)
"""How long a worker may take over one batch before another may take it."""
RETRY = timedelta(minutes=5)
"""Pause before a comment that no classifier could score is tried again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One leased comment."""

    comment_id: int
    page: str
    native_id: str
    number: int
    text: str
    topic: str
    """The title of the post that it stands under; empty where the platform gives none."""

    @property
    def subject(self) -> str:
        return f"comment:{self.page}/{self.native_id}"


@dataclass(frozen=True, slots=True)
class Scored:
    """What one round did."""

    scored: int = 0
    flagged: int = 0
    not_scored: int = 0
    failure: str = ""


class Scorer:
    """One worker: leases, scores, judges, queues."""

    def __init__(
        self,
        store: Store,
        ensemble: Assessor,
        policy: Policy,
        thresholds: Mapping[Category, float],
        *,
        worker: str,
        batch: int = 256,
    ) -> None:
        self.store = store
        self.ensemble = ensemble
        self.policy = policy
        self.thresholds = thresholds
        self.worker = worker
        self.batch = batch
        # A worker of this name may have been stopped while it held a batch, here or in an earlier process.
        self._may_hold_leases = True

    def run_once(self) -> Scored:
        """Score one batch of what is due; an empty result means that nothing waits."""
        if self._may_hold_leases:
            self._give_back()
        self._may_hold_leases = True
        outcome = self._score(self._lease())
        self._may_hold_leases = False
        return outcome

    def _score(self, waiting: Sequence[Waiting]) -> Scored:
        if not waiting:
            return Scored()
        try:
            texts, topics = [each.text for each in waiting], [each.topic for each in waiting]
            judged = judge_all(self.ensemble, self.policy, self.thresholds, texts, topics)
        except Exception as error:  # whatever it was, people must see these comments
            known = isinstance(error, ClassifierFailed)
            return self._give_up(waiting, str(error) if known else type(error).__name__)
        done = [pair for pair in zip(waiting, judged, strict=True) if pair[1].is_complete]
        left = [pair for pair in zip(waiting, judged, strict=True) if not pair[1].is_complete]
        foreign = [each for each, result in left if not result.assessment.covered]
        left = [pair for pair in left if pair[1].assessment.covered]
        outcome = self._write(done) if done else Scored()
        if foreign:
            self._give_up(foreign, FOREIGN, again=False)
            outcome = replace(outcome, not_scored=len(foreign))
        if left:
            failed = self._give_up([each for each, _ in left], left[0][1].failure)
            return replace(outcome, not_scored=len(foreign) + failed.not_scored, failure=failed.failure)
        return outcome

    def _give_back(self) -> None:
        """Make due at once what a worker of this name had leased when it was cut off."""
        with self.store.write(logged=False) as tx:
            mine = sa.update(unscored).where(unscored.c.leased_by == self.worker)
            tx.execute(mine.values(available_at=tx.now, leased_by=""))

    def _lease(self) -> list[Waiting]:
        with self.store.write(logged=False) as tx:
            due = (
                sa.select(unscored.c.comment_id)
                .where(unscored.c.available_at <= tx.now)
                .order_by(unscored.c.comment_id)
                .limit(self.batch)
                .with_for_update(skip_locked=True)
            )
            ids = list(tx.execute(due).scalars())
            if not ids:
                return []
            tx.execute(
                sa.update(unscored)
                .where(unscored.c.comment_id.in_(ids))
                .values(available_at=tx.now + LEASE, leased_by=self.worker)
            )
        return self._read(ids)

    def _read(self, ids: Sequence[int]) -> list[Waiting]:
        c = comments.c
        with self.store.read() as connection:
            rows = connection.execute(
                sa.select(c.id, c.page, c.native_id, c.number).where(c.id.in_(ids)).order_by(c.id)
            ).all()
            bodies = bodies_of(connection, ids)
        return [
            Waiting(row.id, row.page, row.native_id, row.number, *text_and_topic(bodies[row.id]))
            for row in rows
            if row.id in bodies
        ]

    def _write(self, judged: Sequence[tuple[Waiting, Judged]]) -> Scored:
        with self.store.write() as tx:
            attempts = _take_off(tx, [each.comment_id for each, _ in judged])
            done = [(each, result) for each, result in judged if each.comment_id in attempts]
            for each, result in done:
                self._record(tx, each, result)
            self._enqueue(tx, [(each, result.verdict) for each, result in done], attempts)
        flagged = sum(result.verdict.level is not Level.CLEAR for _, result in done)
        return Scored(scored=len(done), flagged=flagged)

    def _record(self, tx: Transaction, each: Waiting, judged: Judged) -> None:
        body = as_content(each.comment_id, judged, self.ensemble.version, self.policy.sha256)
        seq = tx.record("comment.scored", each.subject, body)
        tx.add(
            Score,
            id=seq,
            comment_id=each.comment_id,
            classifier=self.ensemble.version,
            absent=" ".join(judged.missed),
        )
        self._add_verdict(tx, seq, each, judged.verdict.level, judged.verdict.clauses, score_id=seq)

    def _add_verdict(
        self,
        tx: Transaction,
        seq: int,
        each: Waiting,
        level: Level,
        clauses: Sequence[str],
        *,
        score_id: int | None,
    ) -> None:
        tx.add(
            VerdictRow,
            id=seq,
            comment_id=each.comment_id,
            score_id=score_id,
            policy=self.policy.sha256,
            level=level.value,
            clauses=" ".join(clauses),
        )

    def _enqueue(
        self, tx: Transaction, done: Sequence[tuple[Waiting, Verdict]], attempts: Mapping[int, int]
    ) -> None:
        flagged, edited = [], []
        for each, verdict in done:
            if attempts[each.comment_id] and queue.settle(tx, each.comment_id, verdict):
                continue
            item = _flagged(each, verdict)
            if verdict.level is not Level.CLEAR:
                flagged.append(item)
            elif each.number > 1:
                edited.append(item)
        if flagged:
            queue.enqueue(tx, flagged)
        queue.follow_up(tx, edited)

    def _give_up(self, waiting: Sequence[Waiting], failure: str, *, again: bool = True) -> Scored:
        """People must look. The comments stay due, unless no later try could judge them better."""
        with self.store.write() as tx:
            attempts = _still_waiting(tx, [each.comment_id for each in waiting])
            fresh = [each for each in waiting if attempts.get(each.comment_id) == 0]
            for each in fresh:
                body = {"comment": each.comment_id, "policy": self.policy.sha256, "failure": failure}
                seq = tx.record("comment.unscored", each.subject, body)
                self._add_verdict(tx, seq, each, Level.REVIEW, (), score_id=None)
            if fresh:
                queue.enqueue(tx, [_flagged(each, None) for each in fresh])
            if not again:
                _take_off(tx, [each.comment_id for each in waiting])
                return Scored(not_scored=len(waiting))
            tx.execute(
                sa.update(unscored)
                .where(unscored.c.comment_id.in_([each.comment_id for each in waiting]))
                .values(attempts=unscored.c.attempts + 1, available_at=tx.now + RETRY, leased_by="")
            )
        return Scored(not_scored=len(waiting), failure=failure)


def _flagged(each: Waiting, verdict: Verdict | None) -> queue.Flagged:
    return queue.Flagged(each.comment_id, each.page, each.native_id, each.number, each.text, verdict)


def _still_waiting(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    """Comment → failed attempts so far, for those that no other worker has finished meanwhile."""
    rows = tx.execute(
        sa.select(unscored.c.comment_id, unscored.c.attempts)
        .where(unscored.c.comment_id.in_(ids))
        .with_for_update()
    )
    return {row.comment_id: row.attempts for row in rows}


def _take_off(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    attempts = _still_waiting(tx, ids)
    tx.execute(sa.delete(unscored).where(unscored.c.comment_id.in_(attempts)))
    return attempts
