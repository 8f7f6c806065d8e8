"""A case's comments as they were archived, each revision with what the machine said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.evidence import Judged, judged
from modbot.review.lines import Row, case_comments, comments
from modbot.review.media import carries_media
from modbot.store import decoded, table
from modbot.tables import Content, Presence

content, presences = table(Content), table(Presence)
_REVISIONS = (
    sa.select(comments, content.c.body, presences.c.present)
    .join(case_comments, case_comments.c.comment_id == comments.c.id)
    .outerjoin(content, content.c.seq == comments.c.id)
    .outerjoin(presences, presences.c.comment_id == comments.c.id)
    .where(case_comments.c.case_id == sa.bindparam("case"))
    .order_by(comments.c.id, presences.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One archived revision; `id` is its record number."""

    id: int
    page: str
    native_id: str
    number: int
    kind: str
    post: str
    post_title: str
    parent: str | None
    author: str
    permalink: str
    created_at: datetime
    archived_at: datetime
    text: str | None
    present: bool
    """False once the comment is no longer on the platform."""
    judged: Judged | None
    media: bool
    """It came with more than words, such as a picture or a video."""


def revisions(connection: Connection, case_id: int) -> tuple[Seen, ...]:
    """All that the case holds, oldest first."""
    # Of one that vanished and came back, the last row counts.
    last = {row.id: row for row in connection.execute(_REVISIONS, {"case": case_id})}
    opinions = judged(connection, list(last))
    return tuple(_seen(row, opinions.get(row.id)) for row in last.values())


def _seen(row: Row, opinion: Judged | None) -> Seen:
    body = decoded(row.body)
    return Seen(
        id=row.id,
        page=row.page,
        native_id=row.native_id,
        number=row.number,
        kind=row.kind,
        post=row.post,
        post_title=body.get("post_title", ""),
        parent=row.parent,
        author=body.get("author", ""),
        permalink=body.get("permalink", ""),
        created_at=row.created_at,
        archived_at=row.archived_at,
        text=body.get("text"),
        present=row.present is not False,
        judged=opinion,
        media=carries_media(body.get("payload")),
    )
