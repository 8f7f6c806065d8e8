"""A Flickr photo's comments as this project's values, and how far they were followed; no calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from platforms.base import Comment, Event, EventKind, Kind, text_revision
from platforms.flickr_rest import Native

OVERLAP = 600
"""Seconds that every look goes back behind the newest change that was followed."""
A_COMMENT = re.compile(r"[0-9]+-([0-9]+)-[0-9]+")
"""The photo's id stands in the middle."""
ANSWERED = re.compile(r"\s*\[https?://(?:www\.)?flickr\.com/(?:photos|people)/([^/\]\s]+)/?\]")
"""Flickr knows no answers: its Reply button puts the other author's address in front of the text."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the changes were followed, in Unix seconds."""

    changed: int = 0
    complete: bool = False
    """Whether every photo was looked at once; until then comments of any age are new."""
    seen: Mapping[str, int] = field(default_factory=dict)
    """Of the last stretch: comment → its date."""

    @classmethod
    def read(cls, cursor: str | None) -> Mark:
        return cls(*json.loads(cursor)) if cursor else cls()

    def __str__(self) -> str:
        return json.dumps([self.changed, self.complete, self.seen], separators=(",", ":"), sort_keys=True)

    @property
    def floor(self) -> int:
        return max(0, self.changed - OVERLAP)

    def is_news(self, native: Native) -> bool:
        recent = not self.complete or seconds_of(native) > self.floor
        return recent and native["id"] not in self.seen

    def moved(self, changed: int, new: Iterable[Native], *, complete: bool) -> Mark:
        changed = max(self.changed, changed)
        seen = {**self.seen, **{native["id"]: seconds_of(native) for native in new}}
        kept = {key: when for key, when in seen.items() if when > changed - OVERLAP}
        return Mark(changed, self.complete or complete, kept)


def comments_of(listed: Sequence[Native], photo_id: str, title: str = "") -> list[Comment]:
    """A photo's comments in Flickr's order, the oldest first; answers know what they answer by it."""
    latest: dict[str, str] = {}
    comments = []
    for native in listed:
        named = ANSWERED.match(_text(native))
        comments.append(_comment(native, photo_id, title, latest.get(named[1]) if named else None))
        for name in (native["author"], native.get("path_alias")):
            if name:
                latest[str(name)] = str(native["id"])
    return comments


def _comment(native: Native, photo_id: str, title: str, parent: str | None) -> Comment:
    text = _text(native)
    return Comment(
        id=str(native["id"]),
        revision=text_revision(text),
        post=photo_id,
        parent=parent,
        kind=Kind.REPLY if parent else Kind.COMMENT,
        author=str(native.get("authorname") or native.get("realname") or ""),
        author_id=str(native["author"]),
        text=text,
        payload=native,
        created_at=datetime.fromtimestamp(seconds_of(native), UTC),
        permalink=str(native.get("permalink") or ""),
        post_title=title,
    )


def differences(known: Mapping[str, str], listed: list[Native] | None, photo_id: str) -> list[Event]:
    now = datetime.now(UTC)
    detail = "code 1: photo not found" if listed is None else "missing from the photo's comments"
    there = {comment.id: comment for comment in comments_of(listed or [], photo_id)}
    events = []
    for comment_id, revision in known.items():
        comment = there.get(comment_id)
        if comment is None and revision:
            events.append(Event(kind=EventKind.DELETED, id=comment_id, at=now, detail=detail))
        elif comment is not None and comment.revision != revision:
            events.append(Event(kind=EventKind.EDITED, id=comment_id, comment=comment, at=now))
    return events


def created(comment: Comment) -> Event:
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)


def order(pair: tuple[Native, Event]) -> tuple[int, int]:
    """By date, and within a second by the growing last part of the id."""
    return seconds_of(pair[0]), int(pair[1].id.rpartition("-")[2] or 0)


def seconds_of(native: Native) -> int:
    return int(native["datecreate"])


def _text(native: Native) -> str:
    return str(native.get("_content") or "")


def title_of(photo: Native) -> str:
    title = photo.get("title")
    return str(title.get("_content", "")) if isinstance(title, dict) else str(title or "")
