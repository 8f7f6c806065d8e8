"""What is asked of Facebook's objects, and what they say."""

from __future__ import annotations

from datetime import UTC, datetime

from platforms.base import Comment, Kind, Unavailable, text_revision
from platforms.graph import Native

COMMENT = (
    "id,message,created_time,from,is_hidden,can_hide,can_remove,permalink_url,parent{id},object{id},attachment,"
    "message_tags,comment_count,like_count,is_private,live_broadcast_timestamp"
)
POST = "id,message,story,created_time,from,is_hidden,permalink_url,message_tags,status_type"
VIDEO = "id,title,description,created_time,from,permalink_url"
MESSAGE = "id,message,from,created_time"
EVERY = {"filter": "stream", "order": "reverse_chronological", "live_filter": "no_filter"}
"""Answers to comments too, the newest first, and nothing left out of a live video's as "low quality"."""
FIELDS = {
    "feed": POST,
    "ads_posts": POST,
    "tagged": POST,
    "photos": "id,name,created_time,from,link",
    "videos": VIDEO,
    # Reels are not in the feed.
    "video_reels": VIDEO,
    "conversations": "id,updated_time,link",
}
OF_EDGE = {
    "feed": {"include_hidden": "true"},
    "ads_posts": {"include_inline_create": "true"},
    "photos": {"type": "uploaded"},
    "conversations": {"platform": "MESSENGER"},
}


def nested(edge: str, limit: int) -> str:
    """The newest of what stands under each post of an edge, as a further field."""
    if edge == "conversations":
        return f",messages.limit({limit}){{{MESSAGE}}}"
    modifiers = "".join(f".{key}({value})" for key, value in EVERY.items())
    return "" if edge == "tagged" else f",comments{modifiers}.limit({limit}){{{COMMENT}}}"


def item(
    native: Native,
    *,
    post: str,
    kind: Kind,
    title: str = "",
    parent: str | None = None,
    prefix: str = "",
) -> Comment:
    text = str(native.get("message") or native.get("name") or native.get("description") or "")
    author = native.get("from") or {}
    return Comment(
        id=f"{prefix}{native['id']}",
        revision=text_revision(text),
        post=post,
        parent=parent,
        kind=kind,
        author=str(author.get("name") or author.get("username") or ""),
        author_id=str(author.get("id", "")),
        text=text,
        payload=dict(native),
        created_at=time_of(native),
        permalink=str(native.get("permalink_url", "")),
        post_title=title,
        visible=native.get("is_hidden") is not True,
    )


def said(native: Native, talk: str) -> Comment:
    return item(native, post=talk, kind=Kind.DIRECT_MESSAGE)


def sender(value: Native) -> dict[str, str]:
    """Newer deliveries have `from`, older ones its parts; mentions have neither."""
    sender = value.get("from") or {"id": value.get("sender_id", ""), "name": value.get("sender_name", "")}
    return {"id": str(sender.get("id", "")), "name": str(sender.get("name", ""))}


def as_native(value: Native, id_: str, at: datetime) -> Native:
    """What a delivery has of an item, under the names that Facebook gives to the item itself."""
    sent = value.get("created_time") or int(at.timestamp())
    native = {**value, "id": id_, "created_time": sent, "from": sender(value)}
    parent = value.get("parent_id")
    # A comment on the post itself has the post for its parent.
    return native if parent in (None, value.get("post_id")) else native | {"parent": {"id": parent}}


def title(post: Native) -> str:
    """The first line of the post, to be recognised by."""
    texts = (post.get(key) for key in ("message", "title", "name", "description", "story"))
    return str(next(filter(None, texts), "")).partition("\n")[0][:200]


def time_of(native: Native) -> datetime:
    """Graph writes `2026-11-22T06:00:00+0000`, deliveries write seconds."""
    value = native.get("created_time")
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        return datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        raise Unavailable("Meta gave an item without its time") from None
