"""YouTube's comments as ours."""

from __future__ import annotations

from datetime import UTC, datetime

from platforms.base import Comment, Kind, Unavailable, text_revision
from platforms.youtube_rest import Native

PUBLISHED, HELD, SPAM, REJECTED = "published", "heldForReview", "likelySpam", "rejected"


def comment_of(native: Native, status: str, video: str = "") -> Comment:
    """`status` is that of the list the comment stands in, for an item that does not tell its own."""
    snippet = native["snippet"]
    # The original is given to its author alone; the shown text may differ from it by video titles for links.
    text = snippet.get("textOriginal") or snippet.get("textDisplay") or ""
    created = time_of(snippet["publishedAt"])
    updated = time_of(snippet.get("updatedAt") or snippet["publishedAt"])
    parent = snippet.get("parentId")
    post = snippet.get("videoId") or video or snippet.get("channelId") or ""
    return Comment(
        id=native["id"],
        revision=text_revision(text),
        post=post,
        parent=parent,
        kind=Kind.REPLY if parent else Kind.COMMENT,
        author=snippet.get("authorDisplayName") or "",
        author_id=(snippet.get("authorChannelId") or {}).get("value") or "",
        text=text,
        payload=dict(native),
        created_at=created,
        edited_at=updated if updated > created else None,
        permalink=_permalink(native["id"], post),
        visible=status_of(native, status) == PUBLISHED,
    )


def status_of(native: Native, otherwise: str) -> str:
    return native["snippet"].get("moderationStatus") or otherwise


def _permalink(comment_id: str, post: str) -> str:
    """Comments on the channel itself have no address."""
    return "" if post.startswith("UC") else f"https://www.youtube.com/watch?v={post}&lc={comment_id}"


def time_of(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Unavailable("YouTube gave a comment with an unreadable time") from None
