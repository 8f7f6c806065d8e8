"""Discord's messages as ours: those of channels and threads, direct ones, and those that AutoMod stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platforms.base import Comment, CommentGone, Event, EventKind, Kind, text_revision

ANSWER = 19
WRITTEN = (0, ANSWER)
"""Messages and answers; all other kinds are Discord's own notices."""
STOPS = 1
"""The action of AutoMod that keeps a message from appearing."""
PRIVATE, STOPPED = "dm-", "automod-"
"""How the ids of direct messages begin, and of messages that never stood anywhere."""
_ID = re.compile(r"(?:dm-)?(\d{1,20})-(\d{1,20})")

Native = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or thread of the server, or what somebody writes to the bot in private."""

    server: str
    channel: str
    name: str = ""
    private: bool = False

    def id_of(self, message: object) -> str:
        return f"{PRIVATE if self.private else ''}{self.channel}-{message}"

    @property
    def link(self) -> str:
        return f"https://discord.com/channels/{'@me' if self.private else self.server}/{self.channel}"


def comment_of(message: Native, place: Place) -> Comment:
    text, author = str(message.get("content", "")), message.get("author", {})
    about = message.get("message_reference") if message.get("type") == ANSWER else None
    answered = (about or {}).get("message_id")
    kind = Kind.REPLY if answered else Kind.COMMENT
    return Comment(
        id=place.id_of(message["id"]),
        revision=text_revision(text),
        post=place.channel,
        parent=place.id_of(answered) if answered else None,
        kind=Kind.DIRECT_MESSAGE if place.private else kind,
        author=str(author.get("global_name") or author.get("username") or ""),
        author_id=str(author.get("id", "")),
        text=text,
        payload=dict(message),
        created_at=datetime.fromisoformat(message["timestamp"]),
        edited_at=_time(message.get("edited_timestamp")),
        permalink=f"{place.link}/{message['id']}",
        post_title=f"#{place.name}" if place.name else "",
    )


def created(message: Native, place: Place) -> Event:
    comment = comment_of(message, place)
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)


def stopped(told: Native, place: Place, number: str, at: datetime) -> Event:
    """What AutoMod stopped, told once and by no number of its own: `number` is what it was told under."""
    comment = Comment(
        id=f"{STOPPED}{number}",
        revision=text_revision(told["content"]),
        post=place.channel,
        author_id=str(told.get("user_id", "")),
        text=told["content"],
        payload=dict(told),
        created_at=at,
        permalink=place.link,
        post_title=f"#{place.name}" if place.name else "",
        visible=False,
    )
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=at)


def gone(comment_id: str, at: datetime, detail: str) -> Event:
    return Event(kind=EventKind.DELETED, id=comment_id, at=at, detail=detail)


def is_written(message: Native) -> bool:
    """By a person, and not one of Discord's own notices."""
    author = message.get("author") or {}
    return message.get("type") in WRITTEN and not author.get("bot")


def was_stopped(told: Native) -> bool:
    """Of a deed of AutoMod: one that kept a message from appearing. It does several for one message."""
    return told.get("action", {}).get("type") == STOPS and bool(told.get("content"))


def parts(comment_id: str) -> tuple[str, str]:
    """Channel and message. An id that Discord cannot have given must not become another path."""
    found = _ID.fullmatch(comment_id)
    if found is None:
        raise CommentGone(f"{comment_id!r} is no message on Discord")
    return found[1], found[2]


def channel_of(comment_id: str) -> str:
    return comment_id.removeprefix(PRIVATE).partition("-")[0]


def _time(stamp: str | None) -> datetime | None:
    return None if stamp is None else datetime.fromisoformat(stamp)
