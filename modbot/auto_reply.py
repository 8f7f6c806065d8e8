"""The one thing that modbot writes by itself: a fixed answer to private messages, where a district wants it.

It tells the district's own address and nothing else, once to a person in so many days. Each is on record
before it is sent, so that a stop at any instant never sends one twice; one that was cut off is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
import structlog

from modbot import observe
from modbot.config import AutoReply
from modbot.errors import ConfigError
from modbot.store import Store, Transaction, bodies_of, storable, table
from modbot.tables import AuditEvent, Authored, Comment
from platforms.base import Kind, Platform

log = structlog.get_logger()
comments, authored, events = table(Comment), table(Authored), table(AuditEvent)

FRESH = timedelta(hours=23)
"""Older messages are not answered: Meta takes an answer for 24 hours."""
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest message of somebody who is to be answered."""

    comment_id: int
    subject: str
    author_id: str


def refuse_silent(pages: Mapping[str, Platform], settings: AutoReply) -> None:
    """Raises ConfigError where people would wait for answers that can never be sent."""
    for key in settings.pages:
        platform = pages.get(key)
        if platform is None or not platform.capabilities.answers:
            why = (
                "is not there" if platform is None else f"is of {platform.name}, where no program may answer"
            )
            raise ConfigError(
                f"[auto_reply] names page '{key}', which {why}.",
                remedy="Take it out of `pages` there; it can name Facebook and Instagram pages.",
            )


async def answer_all(store: Store, page: str, platform: Platform, settings: AutoReply) -> int:
    """Answer who wrote to the page, which is open, and was not answered lately; returns how many were."""
    asked = await asyncio.to_thread(claim, store, page, platform, settings)
    for each in asked:
        body: dict[str, object] = {"comment": each.comment_id}
        try:
            await platform.answer(each.author_id, settings.text)
        except Exception as error:  # whatever it was, the next person is answered, and this is on record
            body["failure"] = storable(observe.redact_text(f"{type(error).__name__}: {error}"))
            log.warning("reply.failed", page=page, detail=body["failure"])
        kind = "reply.failed" if "failure" in body else "reply.sent"
        await asyncio.to_thread(_record, store, kind, each.subject, body)
    return len(asked)


def claim(store: Store, page: str, platform: Platform, settings: AutoReply) -> Sequence[Asked]:
    """Who is to be answered now; that they are is on record when this returns."""
    with store.write() as tx:
        fresh = list(_fresh(tx, page))[:AT_ONCE]
        bodies = bodies_of(tx.connection, [each.id for each in fresh])
        found: list[Asked] = []
        for row in fresh:
            author_id = str((bodies.get(row.id) or {}).get("author_id", ""))
            if not platform.may_answer(author_id) or _was_answered(tx, page, row.author, settings):
                continue
            asked = Asked(row.id, f"comment:{page}/{row.native_id}", author_id)
            words = {"comment": row.id, "text": settings.text, "turned_on_by": settings.by}
            tx.record("reply.requested", asked.subject, words)
            found.append(asked)
    return found


def _fresh(tx: Transaction, page: str) -> Iterator[sa.Row[tuple[int, str, str]]]:
    """Of each author the newest message, unless it was answered."""
    c, since = comments.c, tx.now - FRESH
    rows = tx.execute(
        sa.select(c.id, c.native_id, authored.c.author)
        .join(authored, authored.c.comment_id == c.id)
        .where(c.page == page, c.kind == Kind.DIRECT_MESSAGE.value, c.number == 1)
        .where(c.archived_at >= since, c.created_at >= since)
        .order_by(c.id.desc())
    )
    seen: set[str] = set()
    for row in rows:
        if row.author not in seen:
            seen.add(row.author)
            yield row


def _was_answered(tx: Transaction, page: str, author: str, settings: AutoReply) -> bool:
    """By the log: whether an answer to any message of theirs was asked for within the period."""
    subject = sa.literal(f"comment:{page}/").concat(comments.c.native_id)
    since = tx.now - timedelta(days=settings.again_after_days)
    found = tx.execute(
        sa.select(events.c.seq)
        .select_from(authored)
        .join(comments, comments.c.id == authored.c.comment_id)
        .join(events, events.c.subject == subject)
        .where(authored.c.page == page, authored.c.author == author)
        .where(events.c.kind == "reply.requested", events.c.at >= since)
        .limit(1)
    )
    return found.first() is not None


def _record(store: Store, kind: str, subject: str, body: dict[str, object]) -> None:
    with store.write() as tx:
        tx.record(kind, subject, body)
