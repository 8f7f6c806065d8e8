"""What another threshold would do to the archive, from what was recorded when its comments were scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from classifiers.base import Category
from modbot.policy import Mode, Policy
from modbot.store import bodies_of, table
from modbot.tables import Decision, Score

AT_ONCE = 2_000
decisions, scores = table(Decision), table(Score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Scored comments, those at or over each of two thresholds, and what people decided of the difference."""

    comments: int
    now: int
    other: int
    hidden: int
    left_up: int
    undecided: int


def in_force(policy: Policy, category: Category, measured: float) -> float | None:
    """The lowest score at which the policy brings a comment to a person; None where it does not look."""
    clauses = [each for each in policy.clause if each.mode is not Mode.OFF and category in each.categories]
    limits = [each.thresholds.get(category) or measured for each in clauses]
    limits += [each.threshold or measured for each in policy.watch if each.category is category]
    return min(limits, default=None)


def reach(connection: Connection, category: Category, now: float, other: float) -> Reach:
    """The newest score of a comment counts. Scores whose content was lawfully disposed of are left out."""
    total, over_now, over_other = 0, 0, 0
    between: list[int] = []
    low, high = sorted((now, other))
    for body in _bodies(connection):
        total += 1
        probability = body["scores"].get(category.value, 0.0)
        over_now += probability >= now
        over_other += probability >= other
        if low <= probability < high:
            between.append(body["comment"])
    choices = Counter(_choices(connection, between).values())
    return Reach(
        comments=total,
        now=over_now,
        other=over_other,
        hidden=choices["hide"],
        left_up=choices["leave_up"],
        undecided=len(between) - choices["hide"] - choices["leave_up"],
    )


def _bodies(connection: Connection) -> Iterator[Mapping[str, Any]]:
    newest = sa.func.max(scores.c.id)
    chosen = sa.select(newest).group_by(scores.c.comment_id).order_by(newest)
    numbers = list(connection.execute(chosen).scalars())
    for start in range(0, len(numbers), AT_ONCE):
        yield from bodies_of(connection, numbers[start : start + AT_ONCE]).values()


def _choices(connection: Connection, comments: Sequence[int]) -> dict[int, str]:
    """What was decided last of each, where it was decided whether it stays."""
    found: dict[int, str] = {}
    for start in range(0, len(comments), AT_ONCE):
        rows = connection.execute(
            sa.select(decisions.c.comment_id, decisions.c.choice)
            .where(decisions.c.comment_id.in_(comments[start : start + AT_ONCE]))
            .where(decisions.c.choice.in_(("hide", "leave_up")))
            .order_by(decisions.c.id)
        )
        found.update((row.comment_id, row.choice) for row in rows)
    return found
