"""Which archived comments are looked up again, for edits and deletions that polling cannot show."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from modbot.records import archive
from modbot.store import Store, table, utcnow
from modbot.tables import Comment, Page, Presence

pages, comments, presences = table(Page), table(Comment), table(Presence)
AT_ONCE = 100


def due(store: Store, key: str, horizon: timedelta) -> tuple[dict[str, str], int]:
    """The next recent comments (id → revision), and where the following sweep starts.

    Each item is asked for by its newest revision; after the newest comment the sweep starts over. One that
    had gone is asked for by no revision, so that the page tells all of it if it is there again.
    """
    newer = comments.alias()
    superseded = (
        sa.select(newer.c.id)
        .where(
            newer.c.page == comments.c.page,
            newer.c.native_id == comments.c.native_id,
            # not by id, for which SQLite would read every later comment of the page
            newer.c.number > comments.c.number,
        )
        .exists()
    )
    last_seen = (
        sa.select(presences.c.present)
        .where(presences.c.comment_id == comments.c.id)
        .order_by(presences.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (comments.c.id, comments.c.native_id, comments.c.revision, comments.c.number)
    with store.read() as connection:
        start = connection.execute(sa.select(pages.c.checked_to).where(pages.c.key == key)).scalar_one()
        rows = connection.execute(
            sa.select(*columns, last_seen.label("present"))
            .where(
                comments.c.page == key,
                comments.c.id > start,
                comments.c.archived_at >= utcnow() - horizon,
                ~superseded,
            )
            .order_by(comments.c.id)
            .limit(AT_ONCE)
        ).all()
    known = {
        row.native_id: "" if row.present is False else archive.platform_revision(row.revision, row.number)
        for row in rows
    }
    return known, rows[-1].id if len(rows) == AT_ONCE else 0
