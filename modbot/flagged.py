"""How many archived comments reach a score, from what was recorded when they were scored."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from classifiers.base import Category
from modbot.store import bodies_of, table
from modbot.tables import Score

AT_ONCE = 2_000
scores = table(Score)


def count_over(
    connection: Connection, category: Category, thresholds: Sequence[float]
) -> tuple[int, list[int]]:
    """The scored comments, and for each threshold how many of them are at or over it.

    The newest score of a comment counts. Scores whose content was lawfully disposed of are left out.
    """
    newest = sa.select(sa.func.max(scores.c.id)).group_by(scores.c.comment_id)
    numbers = list(connection.execute(newest.order_by(sa.func.max(scores.c.id))).scalars())
    total, over = 0, [0] * len(thresholds)
    for start in range(0, len(numbers), AT_ONCE):
        for body in bodies_of(connection, numbers[start : start + AT_ONCE]).values():
            total += 1
            probability = body["scores"].get(category.value, 0.0)
            over = [
                count + (probability >= threshold) for count, threshold in zip(over, thresholds, strict=True)
            ]
    return total, over
