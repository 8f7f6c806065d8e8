"""A page in this process's memory that obeys every action: for tests, dry runs and the practice page.

`Memory` is the adapter; `memory_page(name)` is the page itself, where the public writes and reads. The page
lives as long as the process, so an adapter that is opened again on the same name finds everything as it was.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    CommentGone,
    Effect,
    Event,
    EventKind,
    Identity,
    Kind,
    Platform,
    Receipt,
    Visibility,
    text_revision,
)

BATCH = 256


@dataclass(frozen=True, slots=True)
class Performed:
    """One action that reached the page. `changed` is False where the comment was already so."""

    action: ActionKind
    id: str
    changed: bool


@dataclass(slots=True)
class MemoryPage:
    """What the public sees and does; every method may be called from any thread."""

    name: str
    performed: list[Performed] = field(default_factory=list)
    _life: str = field(default_factory=lambda: uuid4().hex[:8])
    """Part of every id and cursor, since a page of another process numbers its comments anew."""
    _comments: dict[str, Comment] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)
    _events: list[Event] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def post(
        self,
        text: str,
        *,
        author: str = "A reader",
        post: str = "1",
        parent: str | None = None,
        created_at: datetime | None = None,
    ) -> str:
        """Write a comment; its id."""
        with self._lock:
            comment_id = f"{self._life}-{len(self._comments) + 1}"
            comment = Comment(
                id=comment_id,
                revision=text_revision(text),
                post=post,
                parent=parent,
                kind=Kind.REPLY if parent else Kind.COMMENT,
                author=author,
                text=text,
                payload={"id": comment_id, "author": author, "text": text, "post": post, "parent": parent},
                created_at=created_at or datetime.now(UTC),
            )
            self._comments[comment_id] = comment
            self._tell(EventKind.CREATED, comment_id, comment.created_at)
            return comment_id

    def edit(self, comment_id: str, text: str) -> None:
        with self._lock:
            old, now = self._present(comment_id), datetime.now(UTC)
            payload = dict(old.payload) | {"text": text}
            self._comments[comment_id] = replace(
                old, text=text, revision=text_revision(text), payload=payload, edited_at=now
            )
            self._tell(EventKind.EDITED, comment_id, now)

    def delete(self, comment_id: str, detail: str = "deleted by its author") -> None:
        with self._lock:
            self._present(comment_id)
            self._deleted.add(comment_id)
            self._tell(EventKind.DELETED, comment_id, datetime.now(UTC), detail)

    def show(self, comment_id: str, *, visible: bool) -> bool:
        """Show or hide a comment as the page's own staff would; whether that changed anything."""
        with self._lock:
            comment = self._present(comment_id)
            self._comments[comment_id] = replace(comment, visible=visible)
            return comment.visible != visible

    def seen_by_public(self) -> list[Comment]:
        """What a reader gets who is not signed in, oldest first."""
        with self._lock:
            comments = self._comments.values()
            return [comment for comment in comments if comment.visible and comment.id not in self._deleted]

    def events_after(self, cursor: str | None) -> Batch:
        with self._lock:
            life, _, position = (cursor or "").partition(":")
            start = int(position) if life == self._life else 0
            events = self._events[start : start + BATCH]
            end = start + len(events)
            return Batch(events, f"{self._life}:{end}", more=end < len(self._events))

    def perform(self, action: ActionKind, comment_id: str) -> Receipt:
        with self._lock:
            changed = self._change(action, comment_id)
            self.performed.append(Performed(action, comment_id, changed))
            return Receipt(
                action=action,
                id=comment_id,
                visibility=self._visibility(comment_id),
                already=not changed,
                at=datetime.now(UTC),
            )

    def _change(self, action: ActionKind, comment_id: str) -> bool:
        if action is not ActionKind.DELETE:
            return self.show(comment_id, visible=action is ActionKind.UNHIDE)
        if comment_id in self._deleted:
            return False
        self.delete(comment_id, "deleted by the page")
        return True

    def _visibility(self, comment_id: str) -> Visibility:
        if comment_id in self._deleted:
            return Visibility.GONE
        return Visibility.VISIBLE if self._comments[comment_id].visible else Visibility.HIDDEN

    def _present(self, comment_id: str) -> Comment:
        if comment_id not in self._comments or comment_id in self._deleted:
            raise CommentGone(f"{comment_id!r} is not on the page")
        return self._comments[comment_id]

    def _tell(self, kind: EventKind, comment_id: str, at: datetime, detail: str = "") -> None:
        comment = None if kind is EventKind.DELETED else self._comments[comment_id]
        self._events.append(Event(kind=kind, id=comment_id, comment=comment, at=at, detail=detail))


_PAGES: dict[str, MemoryPage] = {}


def memory_page(name: str) -> MemoryPage:
    """The page of that name in this process; made at the first call."""
    return _PAGES.setdefault(name, MemoryPage(name))


class Memory(Platform):
    name = "memory"
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(reversible=True, note="Nobody sees it until it is shown again."),
            ActionKind.UNHIDE: Effect(reversible=True, note="Everybody sees it."),
            ActionKind.DELETE: Effect(reversible=False, note="Gone for good."),
        },
        sees_edits="poll",
        sees_deletions="poll",
        note="A page in memory, for practice: it ends with the program.",
    )

    async def open(self) -> Identity:
        return Identity(account=f"the page {self.page!r} in memory", can_moderate=True)

    async def poll(self, cursor: str | None) -> Batch:
        return memory_page(self.page).events_after(cursor)

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        return memory_page(self.page).perform(action, id)
