"""What the archive knows of the items that a batch speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from modbot.store import Transaction, storable, table
from modbot.tables import Comment, Presence

comments, presences = table(Comment), table(Presence)


@dataclass(slots=True)
class Item:
    """The newest archived revision of one item."""

    comment_id: int
    revision: str
    number: int
    edited_at: datetime | None
    archived_at: datetime
    earlier: set[str]
    stored: int
    """The archived revision that was stored last: an older one may arrive after the newest."""
    lowest: int = 1
    present: bool = True
    gone_at: datetime | None = None
    """When its last going was put on record, by an earlier batch."""


def known_items(tx: Transaction, page: str, ids: Iterable[str]) -> dict[str, Item]:
    """By its native id each of these items that is archived."""
    wanted = [storable(each) for each in ids]
    c = comments.c
    rows = tx.execute(
        sa.select(c.id, c.native_id, c.revision, c.number, c.edited_at, c.archived_at)
        .where(c.page == page, c.native_id.in_(wanted))
        .order_by(c.number)
    )
    items: dict[str, Item] = {}
    for row in rows:
        before = items.get(row.native_id)
        earlier = {*before.earlier, row.revision} if before else {row.revision}
        lowest = before.lowest if before else row.number
        own = (row.id, row.revision, row.number, row.edited_at, row.archived_at)
        items[row.native_id] = Item(*own, earlier, row.id, lowest)
    _fill_presence(tx, items)
    return items


def _fill_presence(tx: Transaction, items: dict[str, Item]) -> None:
    by_comment = {item.comment_id: item for item in items.values()}
    if not by_comment:
        return
    p = presences.c
    rows = tx.execute(
        sa.select(p.comment_id, p.present, p.at).where(p.comment_id.in_(by_comment)).order_by(p.id)
    )
    for row in rows:
        item = by_comment[row.comment_id]
        item.present, item.gone_at = row.present, None if row.present else row.at
