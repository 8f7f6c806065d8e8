"""Which decisions a model may learn from: those that two people made alike, and what they say of a category.

Nobody's judgement alone counts. A voice is a decision, a second opinion, or an appeal that upheld what was
decided; two of different people that say the same of the same comment make an example. So does an appeal that
was granted: it is decided by somebody who had no part in the case, with a reason that the author is owed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifiers.base import Category
from classifiers.languages import covered
from classifiers.normalize import normalize
from modbot import policy
from modbot.appeals import UPHELD
from modbot.judging import text_and_topic
from modbot.policy import Mode, Policy
from modbot.rulings import Choice
from modbot.store import bodies_of, body_of, table
from modbot.tables import Appeal, Case, Decision, PolicyVersion, Score, SecondLook, SecondOpinion

cases, decisions, appeals = table(Case), table(Decision), table(Appeal)
looks, opinions = table(SecondLook), table(SecondOpinion)
scores, versions = table(Score), table(PolicyVersion)

SETTLED = ("decided", "closed")
SETTLING = (Choice.HIDE.value, Choice.LEAVE_UP.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A decided comment and what follows from the decision: a category that is absent is unknown."""

    case_id: int
    comment_id: int
    text: str
    topic: str
    """The title of the post above it; empty where the platform gives none."""
    labels: Mapping[Category, bool]
    persons: frozenset[str]
    """Who said so."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What one person said of some comments of a case, which share their wording."""

    seq: int
    person: str
    choice: str
    clause: str
    comments: frozenset[int]
    at: datetime
    policy: str
    reason_code: str = ""
    final: bool = False
    """Of an appeal that was granted: it needs nobody else."""

    def backs(self, other: Voice) -> bool:
        alike = self.choice == Choice.LEAVE_UP or self.clause == other.clause
        return self.choice == other.choice and alike and bool(self.comments & other.comments)


def examples(connection: Connection) -> list[Example]:
    """One a case at most, in the order of the cases; of the same words only the newest."""
    found: dict[str, Example] = {}
    standing = {case_id: stands for case_id, voices in _voices(connection) if (stands := _standing(voices))}
    first = {case_id: min(last.comments) for case_id, (last, _) in standing.items()}
    bodies = bodies_of(connection, sorted(first.values()))
    flagged = _flagged(connection)
    rules = _Rules(connection)
    for case_id, (last, persons) in sorted(standing.items(), key=lambda one: one[1][0].seq):
        comment = first[case_id]
        text, topic = text_and_topic(bodies.get(comment, {"text": ""}))
        labels = _labels(last, rules.at(last.policy), flagged.get(comment, frozenset()))
        if text and labels and covered(text):
            found[normalize(text).text] = Example(
                case_id=case_id,
                comment_id=comment,
                text=text,
                topic=topic,
                labels=labels,
                persons=persons,
                at=last.at,
            )
    return sorted(found.values(), key=lambda one: one.case_id)


def _standing(voices: Sequence[Voice]) -> tuple[Voice, frozenset[str]] | None:
    """The decision that stands and who said the same; None where that is only one person."""
    decided = [voice for voice in voices if voice.seq > 0]
    if not decided:
        return None
    last = max(decided, key=lambda voice: voice.seq)
    persons = frozenset(voice.person for voice in voices if voice.backs(last))
    return (last, persons) if last.final or len(persons) > 1 else None


def _voices(connection: Connection) -> Iterable[tuple[int, Sequence[Voice]]]:
    """By settled case; a decision's `seq` is its number, what backs one has the number 0."""
    decided = _decisions(connection)
    for case_id, backing in _opinions(connection, decided):
        decided[case_id].append(backing)
    for case_id, backing in _upheld(connection, decided):
        decided[case_id].append(backing)
    return decided.items()


def _decisions(connection: Connection) -> dict[int, list[Voice]]:
    """Each time that a person decided a case; to take a decision back is not to judge the comment."""
    rows = connection.execute(
        sa.select(decisions)
        .join(cases, cases.c.id == decisions.c.case_id)
        .where(cases.c.state.in_(SETTLED), decisions.c.choice.in_(SETTLING))
        .order_by(decisions.c.id)
    ).all()
    bodies = bodies_of(connection, [row.id for row in rows])
    together: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        # Who only takes a decision back is not asked when they opened the case: `cases.undo`.
        if bodies.get(row.id, {}).keys() & {"opened_at", "appeal"}:
            together[row.case_id, row.decided_by, row.at, row.choice, row.clause].append(row)
    found: dict[int, list[Voice]] = defaultdict(list)
    for (case_id, person, at, choice, clause), some in together.items():
        body = bodies[some[0].id]
        found[case_id].append(
            Voice(
                seq=some[-1].id,
                person=person,
                choice=choice,
                clause=clause,
                comments=frozenset(row.comment_id for row in some),
                at=at,
                policy=some[0].policy,
                reason_code=body["reason_code"],
                final="appeal" in body,
            )
        )
    return found


def _opinions(connection: Connection, decided: Mapping[int, Sequence[Voice]]) -> list[tuple[int, Voice]]:
    """Second opinions, each about the comments of the decision before it."""
    rows = connection.execute(
        sa.select(looks.c.case_id, opinions)
        .join_from(opinions, looks, looks.c.id == opinions.c.look_id)
        .order_by(opinions.c.id)
    ).all()
    found = []
    for row in rows:
        before = [voice for voice in decided.get(row.case_id, ()) if 0 < voice.seq < row.id]
        if before:
            found.append((row.case_id, _backing(before[-1], row.given_by, row.choice, row.clause)))
    return found


def _upheld(connection: Connection, decided: Mapping[int, Sequence[Voice]]) -> list[tuple[int, Voice]]:
    rows = connection.execute(sa.select(appeals).where(appeals.c.state == UPHELD).order_by(appeals.c.id))
    found = []
    for row in rows:
        about = [
            voice
            for voice in decided.get(row.case_id, ())
            if voice.choice == Choice.HIDE and voice.seq >= row.decision_id
        ]
        if about:
            found.append((row.case_id, _backing(about[0], row.decided_by, about[0].choice, about[0].clause)))
    return found


def _backing(about: Voice, person: str, choice: str, clause: str) -> Voice:
    return Voice(
        seq=0,
        person=person,
        choice=choice,
        clause=clause,
        comments=about.comments,
        at=about.at,
        policy=about.policy,
    )


def _flagged(connection: Connection) -> dict[int, frozenset[Category]]:
    """By decided comment the categories for which the machine had put it before people."""
    newest = (
        sa.select(scores.c.comment_id, sa.func.max(scores.c.id).label("newest"))
        .where(scores.c.comment_id.in_(sa.select(decisions.c.comment_id)))
        .group_by(scores.c.comment_id)
    )
    ids: dict[int, int] = {row.comment_id: row.newest for row in connection.execute(newest)}
    bodies = bodies_of(connection, sorted(ids.values()))
    known = set(Category)
    return {
        comment: frozenset(
            Category(one["category"]) for one in bodies[score]["findings"] if one["category"] in known
        )
        for comment, score in ids.items()
        if score in bodies
    }


class _Rules:
    """Policy versions as they were when somebody decided."""

    def __init__(self, connection: Connection) -> None:
        loaded = sa.select(versions.c.sha256, versions.c.loaded)
        entries: dict[str, int] = {row.sha256: row.loaded for row in connection.execute(loaded)}

        def read(sha256: str) -> Policy | None:
            body = body_of(connection, entries[sha256])
            return None if body is None else policy.parse(body["text"].encode(), "as it was")

        self.at = cache(read)


def _labels(voice: Voice, rules: Policy | None, flagged: frozenset[Category]) -> Mapping[Category, bool]:
    """Hidden: the category that was named. Left up: each that it was flagged for and could be hidden for.

    Where nothing may be hidden for a category, leaving up is no judgement and says nothing.
    """
    if rules is None:
        return {}
    if voice.choice == Choice.LEAVE_UP:
        return dict.fromkeys(sorted(flagged & _enforced(rules)), False)
    clause = rules.find(voice.clause)
    if clause is None:
        return {}
    if voice.reason_code:
        return {each: True for each in clause.categories if voice.reason_code == f"{clause.id}.{each.value}"}
    return {clause.categories[0]: True} if len(clause.categories) == 1 else {}


def _enforced(rules: Policy) -> frozenset[Category]:
    """Categories that stand under clauses in mode `enforce` alone."""
    weaker = {each for clause in rules.clause if clause.mode is Mode.ADVISE for each in clause.categories}
    return frozenset(
        each for clause in rules.clause if clause.mode is Mode.ENFORCE for each in clause.categories
    ) - (weaker | {watch.category for watch in rules.watch})
