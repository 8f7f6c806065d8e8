"""LinkedIn's comments and mentions as ours. LinkedIn names people by numbers alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from platforms.base import Comment, Kind, text_revision
from platforms.linkedin_rest import Native, name_of

TITLE = 80
"""Characters of a post that stand for its title, which posts do not have."""


def comment_of(native: Native, *, parent: str | None = None, title: str = "") -> Comment:
    answered = native.get("parentComment") or parent
    text = native["message"]["text"]
    created, edited = _moment(native["created"]), _moment(native.get("lastModified") or native["created"])
    post = str(native["object"])
    return Comment(
        id=composed(native),
        revision=text_revision(text),
        post=post,
        parent=name_of(str(answered)) if answered else None,
        kind=Kind.REPLY if answered else Kind.COMMENT,
        author_id=str(native.get("actor") or native["created"].get("actor") or ""),
        text=text,
        payload=dict(native),
        created_at=created,
        edited_at=edited if edited > created else None,
        permalink=f"https://www.linkedin.com/feed/update/{post}",
        post_title=_short(title),
    )


def mention_of(notification: Native, at: datetime) -> Comment | None:
    """A post by somebody that names the page; None where the notification came without its words."""
    share = (notification.get("decoratedGeneratedActivity") or {}).get("share") or {}
    name = share.get("entity") or notification.get("generatedActivity")
    return _told(notification, share, name, name, Kind.MENTION, at)


def told_of(notification: Native, name: str, at: datetime) -> Comment | None:
    """A comment that is gone, in the words that the notification brought; None where it brought none."""
    words = (notification.get("decoratedGeneratedActivity") or {}).get("comment") or {}
    title = str((notification.get("decoratedSourcePost") or {}).get("text") or "")
    return _told(notification, words, name, words.get("object"), Kind.COMMENT, at, title)


def _told(
    notification: Native, words: Native, name: Any, post: Any, kind: Kind, at: datetime, title: str = ""
) -> Comment | None:
    text = words.get("text")
    if not isinstance(name, str) or not isinstance(post, str) or not isinstance(text, str):
        return None
    return Comment(
        id=name,
        revision=text_revision(text),
        post=post,
        kind=kind,
        author_id=str(words.get("owner") or ""),
        text=text,
        payload=dict(notification),
        created_at=at,
        permalink=f"https://www.linkedin.com/feed/update/{post}",
        post_title=_short(title),
    )


def title_of(post: Native) -> str:
    return _short(str(post.get("commentary") or ""))


def composed(native: Native) -> str:
    """The full name of a comment, which not every version of the API gives."""
    name = native.get("$URN") or native.get("commentUrn") or f"({native['object']},{native['id']})"
    return name_of(str(name))


def changed_at(native: Native) -> int:
    """In milliseconds: to tell two readings of a comment apart."""
    return int((native.get("lastModified") or native["created"])["time"])


def notifications_in(delivery: Any) -> list[Native]:
    """Raises ValueError."""
    found = delivery.get("notifications") if isinstance(delivery, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("not a delivery of notifications")
    return found


def number_of(notification: Native) -> str:
    return str(notification.get("notificationId") or hash(str(sorted(notification.items()))))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE else f"{line[: TITLE - 1]}…"


def _moment(stamp: Any) -> datetime:
    return datetime.fromtimestamp(int(stamp["time"]) / 1000, UTC)
