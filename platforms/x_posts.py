"""X's posts as comments, and the times that stand in their ids; no calls."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from platforms.backlog import Item
from platforms.base import Comment, Event, EventKind, Kind

FIRST_MS = 1_288_834_974_657
"""When X's ids began to count, in milliseconds since 1970; the lowest 22 bits are no time."""
LONGEST_ID = 19
MESSAGE = "MessageCreate"
OF_MESSAGES = "dm:"
"""Put before a direct message's id, so that nobody takes it for a post's."""

Native = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ours:
    """The district's account, and the ids of the conversations that it began lately."""

    account: str
    conversations: Collection[str] = ()


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID


def written_ms(post_id: str) -> int:
    """When the post of this id was written, in milliseconds since 1970."""
    return (int(post_id) >> 22) + FIRST_MS


def ms_of(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def first_id(ms: int) -> str:
    """The lowest id that a post of this time can have."""
    return str(max(0, ms - FIRST_MS) << 22)


def versions(post: Native) -> list[str]:
    """The ids of the post's versions, oldest first: every edit has an id of its own."""
    history = post.get("edit_history_tweet_ids")
    known = [str(each) for each in history] if isinstance(history, list) and history else []
    return known if str(post["id"]) in known else [*known, str(post["id"])]


def queries(conversations: Sequence[str], username: str, longest: int) -> Iterator[str]:
    """Searches that together hold every conversation, the newest first, each no longer than X allows."""
    ending = f" -from:{username}"
    terms: list[str] = []
    for conversation in reversed(conversations):
        term = f"conversation_id:{conversation}"
        if terms and len(" OR ".join([*terms, term])) + len(ending) + 2 > longest:
            yield f"({' OR '.join(terms)}){ending}"
            terms = []
        terms.append(term)
    if terms:
        yield f"({' OR '.join(terms)}){ending}"


def item_of(post: Native, users: Mapping[str, Native], ours: Ours) -> Item:
    """`users` by their id, as X encloses them."""
    comment = _comment(post, users, ours)
    kind = EventKind.CREATED if comment.edited_at is None else EventKind.EDITED
    at = comment.edited_at or comment.created_at
    return Item(
        written_ms(post["id"]), str(post["id"]), Event(kind=kind, id=comment.id, comment=comment, at=at)
    )


def message_of(message: Native, users: Mapping[str, Native]) -> Item:
    """A direct message as X lists it; one that is only a picture has no text."""
    author = users.get(str(message.get("sender_id", "")), {})
    number, at = str(message["id"]), _said(message)
    comment = Comment(
        id=f"{OF_MESSAGES}{number}",
        revision=number,
        post=str(message.get("dm_conversation_id", "")),
        kind=Kind.DIRECT_MESSAGE,
        author=_name(author),
        author_id=str(message.get("sender_id", "")),
        text=str(message.get("text") or ""),
        payload={**message, "author": author} if author else message,
        created_at=at,
    )
    event = Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=at)
    return Item(written_ms(number), comment.id, event)


def meant_for(delivery: Any) -> str:
    """The account that a delivery tells of; empty where it does not say."""
    delivery = delivery if isinstance(delivery, dict) else {}
    data = delivery.get("data")
    wanted = data.get("filter") if isinstance(data, dict) else None
    named = wanted.get("user_id") if isinstance(wanted, dict) else None
    # Deliveries of the older Account Activity API name it outside.
    return str(named or delivery.get("for_user_id") or "")


def account_in(body: bytes) -> frozenset[str]:
    """The account that a delivery tells of; none where it does not say, or cannot be read."""
    try:
        named = meant_for(json.loads(body))
    except ValueError:
        named = ""
    return frozenset([named] if named else [])


def pushed_message(payload: Native) -> tuple[list[Native], dict[str, Native]]:
    """The messages in a delivery, which has an older form, as X lists them; and their writers by id."""
    messages: list[Native] = [
        {
            "id": str(event["id"]),
            "event_type": MESSAGE,
            "sender_id": str(event["message_create"]["sender_id"]),
            "text": event["message_create"]["message_data"].get("text", ""),
            "delivered": event,
        }
        for event in payload.get("direct_message_events") or ()
        if event.get("type") == "message_create"
    ]
    users: dict[str, Native] = {
        key: value.get("data", value) for key, value in (payload.get("users") or {}).items()
    }
    return messages, users


def _comment(post: Native, users: Mapping[str, Native], ours: Ours) -> Comment:
    history = versions(post)
    revision = str(post["id"])
    author_id = str(post.get("author_id", ""))
    author = users.get(author_id, {})
    root = str(post.get("conversation_id") or history[0])
    answered = _answered(post)
    edited = revision != history[0]
    return Comment(
        id=history[0],
        revision=revision,
        post=root,
        parent=None if answered == root else answered,
        kind=_kind(post, ours, is_top=answered == root),
        author=_name(author),
        author_id=author_id,
        text=_text(post),
        payload={**post, "author": author} if author else post,
        created_at=_time(history[0]) if edited else _said(post),
        edited_at=_said(post) if edited else None,
        permalink=f"https://x.com/{author.get('username') or 'i'}/status/{revision}",
    )


def _kind(post: Native, ours: Ours, *, is_top: bool) -> Kind:
    """Below a post of the district's own, or an answer to it elsewhere, it is a comment; else a mention."""
    answers_us = str(post.get("in_reply_to_user_id", "")) == ours.account
    if not answers_us and post.get("conversation_id") not in ours.conversations:
        return Kind.MENTION
    return Kind.COMMENT if is_top else Kind.REPLY


def _answered(post: Native) -> str | None:
    for other in post.get("referenced_tweets") or ():
        if other.get("type") == "replied_to":
            return str(other["id"])
    return None


def _name(author: Native) -> str:
    shown, handle = str(author.get("name") or ""), str(author.get("username") or "")
    return f"{shown} (@{handle})" if shown and handle else shown or handle


def _text(post: Native) -> str:
    """The whole text of a long post stands in its note; `text` is then cut."""
    note = post.get("note_tweet")
    whole = note.get("text") if isinstance(note, dict) else None
    return str(whole or post.get("text") or "")


def _time(post_id: str) -> datetime:
    return datetime.fromtimestamp(written_ms(post_id) / 1000, UTC)


def _said(post: Native) -> datetime:
    """When this version was written, as X says; its id says the same where X does not."""
    try:
        moment = datetime.fromisoformat(str(post.get("created_at")))
    except ValueError:
        return _time(post["id"])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
