"""Which of an item's archived revisions is the newest: the highest number, whichever arrived last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import sqlalchemy as sa

from modbot.store import table
from modbot.tables import Comment

T = TypeVar("T")
comments = table(Comment)


def newest(revisions: Iterable[T]) -> dict[tuple[str, str], T]:
    """By item, in the order in which the items come first. What is given has page, native_id and number."""
    found: dict[tuple[str, str], Any] = {}
    for each in revisions:
        one: Any = each
        before = found.setdefault((one.page, one.native_id), one)
        found[one.page, one.native_id] = max(before, one, key=lambda revision: revision.number)
    return found


def newest_of(connection: sa.Connection, page: str, native_id: str) -> int | None:
    """The record number of the item's newest revision."""
    return connection.execute(_NEWEST, {"page": page, "native_id": native_id}).scalar()


# Not the highest id, which besides would have SQLite look through the whole page.
_NEWEST = (
    sa.select(comments.c.id)
    .where(comments.c.page == sa.bindparam("page"), comments.c.native_id == sa.bindparam("native_id"))
    .order_by(comments.c.number.desc())
    .limit(1)
)
