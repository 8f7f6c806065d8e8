"""Where the model in shadow and the running one differ, and what people decided about those comments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import evidence
from modbot.queue import WAITING
from modbot.rulings import Choice
from modbot.store import bodies_of, table
from modbot.tables import Case, CaseComment, Comment, Decision, SecondLook, ShadowScore

shadows, comments, cases = table(ShadowScore), table(Comment), table(Case)
case_comments, decisions, looks = table(CaseComment), table(Decision), table(SecondLook)

EXAMPLES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One category. Of what only one of the two flags: how much people hid, how much they left up."""

    category: str
    gained: int
    gained_hidden: int
    gained_left_up: int
    lost: int
    lost_hidden: int
    lost_left_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A comment that one of the two flags and the other does not. `text` is None once it was disposed of."""

    comment_id: int
    case_id: int | None
    page: str
    at: datetime
    text: str | None
    severe: str
    """What makes it hard to read, in words; empty when nothing does."""
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    choice: str
    """What people decided last; empty where they decided nothing."""
    before: Mapping[str, float]
    after: Mapping[str, float]
    """By category that differs, both scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    compared: int
    differing: int
    lines: tuple[Line, ...]
    """Of categories with a difference, by name."""
    examples: Sequence[Difference]
    """The newest first, at most `EXAMPLES`; none that still waits for somebody's own opinion."""


def compare(connection: Connection, model: int) -> Comparison:
    every = sa.select(sa.func.count()).select_from(shadows).where(shadows.c.model_id == model)
    differing = every.where(shadows.c.differs)
    return Comparison(
        compared=connection.execute(every).scalar_one(),
        differing=connection.execute(differing).scalar_one(),
        lines=tuple(_lines(connection, model)),
        examples=_examples(connection, model),
    )


def _chosen() -> sa.ScalarSelect[str]:
    """The last decision on a comment that hid it or left it up."""
    return (
        sa.select(decisions.c.choice)
        .where(
            decisions.c.comment_id == shadows.c.comment_id,
            decisions.c.choice.in_((Choice.HIDE.value, Choice.LEAVE_UP.value)),
        )
        .order_by(decisions.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _lines(connection: Connection, model: int) -> list[Line]:
    chosen = _chosen().label("choice")
    rows = connection.execute(
        sa.select(shadows.c.gained, shadows.c.lost, chosen).where(
            shadows.c.model_id == model, shadows.c.differs
        )
    ).all()
    gained = [(category, row.choice) for row in rows for category in row.gained.split()]
    lost = [(category, row.choice) for row in rows for category in row.lost.split()]
    return [
        Line(
            category=category,
            gained=sum(name == category for name, _ in gained),
            gained_hidden=gained.count((category, Choice.HIDE.value)),
            gained_left_up=gained.count((category, Choice.LEAVE_UP.value)),
            lost=sum(name == category for name, _ in lost),
            lost_hidden=lost.count((category, Choice.HIDE.value)),
            lost_left_up=lost.count((category, Choice.LEAVE_UP.value)),
        )
        for category in sorted({name for name, _ in (*gained, *lost)})
    ]


def _waits() -> sa.Exists:
    """Whether somebody is still to judge the comment by themselves, for the first time or the second."""
    look = sa.select(looks.c.id).where(looks.c.case_id == cases.c.id, looks.c.state == "waiting").exists()
    return (
        sa.select(case_comments.c.case_id)
        .join(cases, cases.c.id == case_comments.c.case_id)
        .where(case_comments.c.comment_id == shadows.c.comment_id, cases.c.state.in_(WAITING) | look)
        .exists()
    )


def _examples(connection: Connection, model: int) -> list[Difference]:
    case = (
        sa.select(sa.func.max(case_comments.c.case_id))
        .where(case_comments.c.comment_id == shadows.c.comment_id)
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(
            shadows, comments.c.page, comments.c.created_at, case.label("case_id"), _chosen().label("choice")
        )
        .join(comments, comments.c.id == shadows.c.comment_id)
        .where(shadows.c.model_id == model, shadows.c.differs, ~_waits())
        .order_by(shadows.c.score_id.desc())
        .limit(EXAMPLES)
    ).all()
    texts = bodies_of(connection, [row.comment_id for row in rows])
    opinions = evidence.judged(connection, [row.comment_id for row in rows])
    said = bodies_of(connection, [row.score_id for row in rows])
    return [
        Difference(
            comment_id=row.comment_id,
            case_id=row.case_id,
            page=row.page,
            at=row.created_at,
            text=texts.get(row.comment_id, {}).get("text"),
            severe=evidence.severity(opinions.get(row.comment_id)),
            gained=tuple(row.gained.split()),
            lost=tuple(row.lost.split()),
            choice=row.choice or "",
            before=_of(said.get(row.score_id, {}).get("scores", {}), row.gained, row.lost),
            after=_of(json.loads(row.scores), row.gained, row.lost),
        )
        for row in rows
    ]


def _of(found: Mapping[str, float], gained: str, lost: str) -> dict[str, float]:
    return {name: found.get(name, 0.0) for name in (*gained.split(), *lost.split())}
