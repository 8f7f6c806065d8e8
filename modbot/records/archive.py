"""Archive first: a batch's events and the cursor behind them are stored in one transaction.

Nothing downstream sees a comment before this commit, and the cursor cannot move without it, so that a stop at
any instant loses nothing and stores nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot import search_words
from modbot.records import page_state
from modbot.records.departures import BACK, GONE, Departures
from modbot.records.items import Item, known_items
from modbot.standing import deletion_of
from modbot.store import Store, Transaction, storable, table
from modbot.tables import Authored, Page, Presence, Unscored
from modbot.tables import Comment as CommentRow
from platforms.base import Batch, Comment, Event, EventKind

pages = table(Page)
REVERT = "~"
"""A text that returns to an earlier wording is a new revision: its name gets `~` and its number."""

UNREAD = timedelta(minutes=15)
"""A page that nobody had read for longer was not watched; a restart takes less."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one batch added to the archive."""

    seen: int = 0
    edited: int = 0
    deleted: int = 0
    known: int = 0
    """Events that told nothing new."""


@dataclass(frozen=True, slots=True)
class _Intake:
    """What is the same for all events of one batch."""

    tx: Transaction
    page: str
    native_revisions: bool
    departures: Departures | None
    """None: a poll's events tell what is there now."""
    asked_at: datetime | None
    """When the platform was asked; None where it was not."""


def patience(poll_seconds: float) -> timedelta:
    """How long a page may go unread before that is a gap on record."""
    return max(UNREAD, timedelta(seconds=5 * poll_seconds))


def take_in(
    store: Store,
    page: str,
    batch: Batch,
    *,
    native_revisions: bool = False,
    asked_at: datetime | None = None,
    unread: timedelta = UNREAD,
    rest: timedelta = timedelta(0),
) -> Taken:
    """Archive a poll's batch and move the page's cursor, in one commit.

    It is left alone for `rest` then. A page that nobody had read for longer than that and `unread` had a gap.
    """
    with store.write() as tx:
        taken = archive(tx, page, batch.events, native_revisions=native_revisions, asked_at=asked_at)
        page_state.mark_answered(tx, page, batch, unread, rest)
    return taken


def archive(
    tx: Transaction,
    page: str,
    events: Sequence[Event],
    *,
    native_revisions: bool = False,
    delivered: bool = False,
    asked_at: datetime | None = None,
) -> Taken:
    """`delivered`: the events came by themselves, in any order; those of a poll tell what is there now.

    `asked_at` is when the platform was asked for what they hold: what was archived since may be newer.
    """
    ids = {event.id for event in events}
    items = known_items(tx, page, ids)
    intake = _Intake(tx, page, native_revisions, Departures(tx, page, ids) if delivered else None, asked_at)
    counts = dict.fromkeys(("seen", "edited", "deleted", "known"), 0)
    stored: list[search_words.Entry] = []
    for event in events:
        if event.kind is EventKind.DELETED:
            outcome = _vanish(intake, event, items)
        else:
            assert event.comment is not None  # noqa: S101 - the platforms' contract
            outcome = _keep(intake, event, event.comment, items)
        if event.comment is not None and outcome in ("seen", "edited"):
            kept = items[storable(event.id)].stored
            stored.append(search_words.Entry(kept, event.comment.text, event.comment.author))
        counts[outcome] += 1
    search_words.add(tx, stored)
    return Taken(**counts)


def _keep(intake: _Intake, event: Event, comment: Comment, items: dict[str, Item]) -> str:
    item = items.get(storable(comment.id))
    is_there = item is not None and item.present
    is_over = not is_there and _is_over(intake, event, item)
    if is_over and item is not None and storable(comment.revision) in item.earlier:
        # Told late: where revisions have no numbers, words from before an edit would look like a new one.
        return "known"
    if item is None or _is_news(comment, item, intake.native_revisions):
        if item is not None and _is_overtaken(intake, comment, item):
            return "known"
        outcome = "seen" if item is None else "edited"
        item = items[storable(comment.id)] = _store_revision(intake, comment, item)
        if is_over:
            _presence(intake, event, item, present=False, detail="told before")
        return outcome
    if not is_there and not is_over:
        _presence(intake, event, item, present=True, detail="listed again")
    if not intake.native_revisions or storable(comment.revision) in item.earlier:
        return "known"
    # The words from before an edit that was told first: a record too, and not the newest.
    items[storable(comment.id)] = _store_revision(intake, comment, item, older=True)
    return "edited"


def _is_over(intake: _Intake, event: Event, item: Item | None) -> bool:
    """Whether the event may tell of what was before the item went; if it is back, the next look tells."""
    if intake.departures is not None:
        return intake.departures.is_over(event)
    if intake.asked_at is None or item is None or item.gone_at is None:
        return False
    return intake.asked_at <= item.gone_at


def _is_overtaken(intake: _Intake, comment: Comment, item: Item) -> bool:
    """Whether these are words from before an edit that was archived while they were on their way.

    Should the author have gone back to them meanwhile, the next look tells.
    """
    if intake.asked_at is None or not intake.asked_at <= item.archived_at < intake.tx.now:
        return False
    if storable(comment.revision) not in item.earlier - {item.revision}:
        return False
    return comment.edited_at is None or item.edited_at is None or comment.edited_at <= item.edited_at


def _is_news(comment: Comment, item: Item, native_revisions: bool) -> bool:
    if storable(comment.revision) in (item.revision, platform_revision(item.revision, item.number)):
        return False
    if not native_revisions:
        return True
    written = comment.edited_at or comment.created_at
    late = item.edited_at is not None and written <= item.edited_at
    return comment.revision not in item.earlier and not late


def platform_revision(revision: str, number: int) -> str:
    """The platform's own name of an archived revision."""
    return revision.removesuffix(f"{REVERT}{number}")


def _store_revision(intake: _Intake, comment: Comment, item: Item | None, *, older: bool = False) -> Item:
    """Returns the item as it is then. An `older` revision gets a number below the others'."""
    tx, page = intake.tx, intake.page
    number = 1 if item is None else item.lowest - 1 if older else item.number + 1
    revision = storable(comment.revision)
    if item is not None and revision in item.earlier:
        revision = f"{revision}{REVERT}{number}"
    kind = "comment.seen" if item is None else "comment.edited"
    comment_id = tx.record(kind, f"comment:{page}/{comment.id}", _record(page, comment, tx.now))
    tx.add(
        CommentRow,
        id=comment_id,
        page=page,
        native_id=storable(comment.id),
        revision=revision,
        number=number,
        kind=comment.kind.value,
        post=storable(comment.post),
        parent=None if comment.parent is None else storable(comment.parent),
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        archived_at=tx.now,
        visible=comment.visible,
    )
    tx.add(Authored, comment_id=comment_id, page=page, author=author_hash(comment))
    tx.add(Unscored, comment_id=comment_id, attempts=0, available_at=tx.now, leased_by="")
    earlier = {revision} if item is None else {*item.earlier, revision}
    if item is not None and older:
        return replace(item, earlier=earlier, stored=comment_id, lowest=number)
    lowest = 1 if item is None else item.lowest
    return Item(comment_id, revision, number, comment.edited_at, tx.now, earlier, comment_id, lowest)


def author_hash(comment: Comment) -> str:
    """The same for all comments of an author on a page; of the name where the platform gives no id."""
    whose = f"id {comment.author_id}" if comment.author_id else f"name {comment.author}"
    return hashlib.sha256(whose.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _record(page: str, comment: Comment, captured: datetime) -> dict[str, Any]:
    """The record copy; times in UTC, everything else as the platform gave it."""
    return {
        "page": page,
        "id": comment.id,
        "revision": comment.revision,
        "kind": comment.kind.value,
        "post": comment.post,
        "post_title": comment.post_title,
        "parent": comment.parent,
        "author": comment.author,
        "author_id": comment.author_id,
        "text": comment.text,
        "created_at": _iso(comment.created_at),
        "edited_at": _iso(comment.edited_at),
        "captured_at": _iso(captured),
        "permalink": comment.permalink,
        "visible": comment.visible,
        "payload": comment.payload,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _vanish(intake: _Intake, event: Event, items: dict[str, Item]) -> str:
    departures, item = intake.departures, items.get(storable(event.id))
    if event.comment is not None and (item is None or storable(event.comment.revision) not in item.earlier):
        return _keep_last_words(intake, event, event.comment, items)
    if item is None:
        if departures is not None:
            departures.miss(event)
        return "known"
    if departures is not None and _is_told_late(event, item, departures):
        return "known"
    if not item.present and (departures is None or departures.is_over(event)):
        return "known"
    outcome = "deleted" if item.present else "known"
    _presence(intake, event, item, present=False, detail=event.detail)
    return outcome


def _keep_last_words(intake: _Intake, event: Event, comment: Comment, items: dict[str, Item]) -> str:
    """Of an item that is gone: words that came with no earlier event, and that nobody can fetch any more."""
    before = items.get(storable(event.id))
    was_gone = before is not None and not before.present
    item = items[storable(event.id)] = _store_revision(intake, comment, before, older=was_gone)
    if was_gone:
        item.present = False
    else:
        _presence(intake, event, item, present=False, detail=event.detail)
    return "seen" if before is None else "edited"


def _is_told_late(event: Event, item: Item, departures: Departures) -> bool:
    """Whether the item was changed, or came back, after it had gone."""
    if item.edited_at is not None and event.at < item.edited_at:
        return True
    return item.present and departures.is_back_since(event)


def _presence(intake: _Intake, event: Event, item: Item, *, present: bool, detail: str) -> None:
    tx = intake.tx
    body: dict[str, Any] = {"comment": item.comment_id, "detail": detail}
    if not present and (own := deletion_of(tx, intake.page, event.id)) is not None:
        body["action"] = own
    if intake.departures is not None:
        body["told"] = intake.departures.note(event, present=present)
    kind = BACK if present else GONE
    seq = tx.record(kind, f"comment:{intake.page}/{event.id}", body)
    tx.add(Presence, id=seq, comment_id=item.comment_id, present=present, at=tx.now)
    item.present = present


def mark_failing(store: Store, page: str, failure: str) -> None:
    """Note that a page cannot be read; the gap is logged when it answers again."""
    with store.write(logged=False) as tx:
        tx.execute(
            sa.update(pages)
            .where(pages.c.key == page)
            .values(failing_since=sa.func.coalesce(pages.c.failing_since, tx.now), failure=storable(failure))
        )


def recheck(
    store: Store, page: str, events: Sequence[Event], checked_to: int, asked_at: datetime | None = None
) -> Taken:
    """Archive what a look-up of known comments found, and note how far the sweep has come."""
    with store.write() as tx:
        taken = archive(tx, page, events, asked_at=asked_at)
        done = {"checked_to": checked_to, "unchecked_since": None, "unchecked": ""}
        tx.execute(sa.update(pages).where(pages.c.key == page).values(**done))
    return taken
