"""How long each page's comments are kept, by the schedule that the records officer names, what is past it.

Nothing is destroyed by itself, and nothing here says that it may be: a comment that is past its time can be
under a legal hold or asked for by a pending request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

import platforms
from modbot.config import Settings
from modbot.store import Store, table, utcnow
from modbot.tables import Comment, Content, Page, Presence

pages, comments, contents, presences = table(Page), table(Comment), table(Content), table(Presence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One page's records, beside what its platform's terms say about keeping them."""

    page: str
    title: str
    platform: str
    authority: str
    """The schedule's item; empty: nobody has named one."""
    years: int
    terms: str
    """Of the platform, in plain words; empty: modbot knows of none."""
    left: int = 0
    """Comments that left their page so many years ago."""
    standing: int = 0
    """Comments as old that still stand there, as far as modbot knows: by some schedules their time has not
    begun."""


def kept(store: Store, settings: Settings) -> Sequence[Kept]:
    """Of every page that was ever watched. Reads all that is past its time: seconds at a million comments."""
    by_key = {page.key: page for page in settings.page}
    with store.read() as connection:
        rows = connection.execute(
            sa.select(pages.c.key, pages.c.platform, pages.c.title).order_by(pages.c.key)
        )
        return [_of(connection, row, settings.retention_of(by_key.get(row.key))) for row in rows.all()]


def _of(connection: sa.Connection, row: Any, said: Any) -> Kept:
    facts = {"page": row.key, "title": row.title, "platform": row.platform, "terms": terms(row.platform)}
    facts |= {"authority": said.authority, "years": said.years}
    if said.authority:
        facts |= _past(connection, row.key, years_before(utcnow(), said.years))
    return Kept(**facts)


def terms(platform: str) -> str:
    """What the platform's terms say of keeping what is written there; empty for one that is not installed."""
    if platform not in platforms.names():
        return ""
    return platforms.load(platform).capabilities.storage_terms


def years_before(moment: datetime, years: int) -> datetime:
    """The same day of an earlier year; February 28 for a leap day that it does not have."""
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return moment.replace(year=moment.year - years, day=28)


def _past(connection: sa.Connection, page: str, before: datetime) -> dict[str, int]:
    """Comments by their newest revision whose words are still here."""
    first = sa.select(comments.c.archived_at).where(comments.c.page == page).order_by(comments.c.id).limit(1)
    oldest = connection.execute(first).scalar()
    if oldest is None or oldest >= before:
        return {}
    newer, later = comments.alias(), presences.alias()
    is_newest = ~sa.exists().where(
        newer.c.page == comments.c.page,
        newer.c.native_id == comments.c.native_id,
        newer.c.number > comments.c.number,
    )
    gone = sa.exists().where(
        presences.c.comment_id == comments.c.id,
        presences.c.present.is_(False),
        ~sa.exists().where(later.c.comment_id == presences.c.comment_id, later.c.id > presences.c.id),
    )
    counted = (
        sa.select(sa.func.count())
        .select_from(comments.join(contents, contents.c.seq == comments.c.id))
        .where(comments.c.page == page, comments.c.archived_at < before)
        .where(contents.c.body.is_not(None), is_newest)
    )
    return {
        "left": connection.execute(counted.where(gone.where(presences.c.at < before))).scalar_one(),
        "standing": connection.execute(counted.where(~gone)).scalar_one(),
    }
