"""Bluesky's posts and lists of hidden replies as this project's values; no calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from platforms.base import Comment, CommentGone, Kind

POST = "app.bsky.feed.post"
GATE = "app.bsky.feed.threadgate"
A_POST = re.compile(rf"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/{re.escape(POST)}/([A-Za-z0-9._~:-]{{1,512}})")

Native = Mapping[str, Any]


def comment_of(native: Native, did: str) -> Comment:
    """From a notification or a post as threads show it: both name these keys alike."""
    record: Native = native["record"] if isinstance(native["record"], dict) else {}
    author: Native = native["author"]
    uri = str(native["uri"])
    root, parent = reference(record, "root"), reference(record, "parent")
    ours = root is not None and owner(root) == did
    answers_us = parent is not None and owner(parent) == did
    text = record.get("text")
    return Comment(
        id=uri,
        revision=str(native["cid"]),
        post=root or uri,
        parent=None if parent == root else parent,
        kind=_kind(is_reply=ours or answers_us, is_top=parent == root),
        author=name_of(author),
        author_id=str(author.get("did", "")),
        text=text if isinstance(text, str) else "",
        payload=native,
        created_at=time_of(record.get("createdAt"), native.get("indexedAt")),
        permalink=f"https://bsky.app/profile/{owner(uri)}/post/{uri.rpartition('/')[2]}",
    )


def _kind(*, is_reply: bool, is_top: bool) -> Kind:
    if not is_reply:
        return Kind.MENTION
    return Kind.COMMENT if is_top else Kind.REPLY


def name_of(author: Native) -> str:
    handle, shown = str(author.get("handle", "")), str(author.get("displayName") or "")
    return f"{shown} (@{handle})" if shown else f"@{handle}"


def below(thread: Native | None) -> Iterator[Native]:
    """Every post under the thread's first one; what is gone or blocked is left out."""
    waiting = list((thread or {}).get("replies") or [])
    while waiting:
        node = waiting.pop()
        post = node.get("post")
        if isinstance(post, dict) and {"uri", "cid", "author", "record"} <= post.keys():
            yield post
        waiting += node.get("replies") or []


def parts(uri: str) -> tuple[str, str]:
    """The owner and the key of a post. An id that the network cannot have given must not become a query."""
    match = A_POST.fullmatch(uri)
    if match is None:
        raise CommentGone(f"{uri!r} is no post of Bluesky")
    return match[1], match[2]


def owner(uri: str) -> str:
    return uri.removeprefix("at://").partition("/")[0]


def reference(record: Native, which: str) -> str | None:
    """The address of the post that a reply names as its root or parent."""
    try:
        uri = record["reply"][which]["uri"]
    except (KeyError, TypeError):
        return None
    return uri if isinstance(uri, str) and A_POST.fullmatch(uri) else None


def hidden_by(gate: Native | None) -> list[str]:
    return list(gate["value"].get("hiddenReplies") or []) if gate else []


def cid_of(gate: Native | None) -> str | None:
    return gate["cid"] if gate else None


def time_of(*candidates: object) -> datetime:
    """The first that is a time. The writer's own may be anything; the epoch where none is left."""
    for text in candidates:
        try:
            found = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)
