"""Pages, posts and comments as Meta's objects, and Meta's way to refuse."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


class GraphError(Exception):
    def __init__(
        self, code: int, subcode: int | None = None, status: int = 400, kind: str = "OAuthException"
    ):
        super().__init__(code)
        self.status = status
        self.body: Object = {"message": f"(#{code}) said the simulator", "type": kind, "code": code}
        if subcode is not None:
            self.body["error_subcode"] = subcode
        self.body["fbtrace_id"] = "AbCdEf"


def missing() -> GraphError:
    """Deleted, never there, or not for us: Meta does not say which."""
    return GraphError(100, 33, kind="GraphMethodException")


@dataclass
class Item:
    """A comment, on either platform."""

    id: str
    post: str
    text: str
    at: datetime
    parent: str | None = None
    author: tuple[str, str] = ("5550001", "A Reader")
    hidden: bool = False
    own: bool = False


@dataclass
class Post:
    id: str
    owner: str
    edge: str
    text: str
    at: datetime
    author: tuple[str, str]
    hidden: bool = False
    comments: list[Item] = field(default_factory=list)


@dataclass
class Account:
    """A Facebook Page or an Instagram account."""

    id: str
    name: str
    kind: str
    tokens: dict[str, GraphError | None]
    posts: list[Post] = field(default_factory=list)
    mentions: dict[str, Object] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    """Edges and permissions that the app was not given."""
    lists_hidden: bool = True
    """Some apps get hidden comments in lists, some do not."""


EDGES = {"comments", "replies", "messages"}
KNOWN = {
    *("id", "from", "created_time", "message", "permalink_url", "message_tags", "parent", "object"),
    *("is_hidden", "is_private", "can_hide", "can_remove", "can_comment", "attachment", "comment_count"),
    *("like_count", "live_broadcast_timestamp", "story", "status_type", "updated_time", "link", "name"),
    *("title", "description", "text", "timestamp", "username", "user", "media", "parent_id", "hidden"),
    *("caption", "permalink", "media_type", "media_product_type", "comments_count", "owner"),
    *("access_token", "mentioned_comment", "mentioned_media", "instagram_business_account"),
}


def now() -> datetime:
    return datetime.now(UTC)


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def post_native(account: Account, post: Post) -> Object:
    if account.kind == "page":
        name = {"photos": "name", "videos": "description", "video_reels": "description"}.get(
            post.edge, "message"
        )
        return {
            "id": post.id,
            name: post.text,
            "created_time": written(post.at),
            "from": {"id": post.author[0], "name": post.author[1]},
            "is_hidden": post.hidden,
            "permalink_url": f"https://www.facebook.com/{post.id}",
        }
    return {
        "id": post.id,
        "caption": post.text,
        "timestamp": written(post.at),
        "username": post.author[1],
        "permalink": f"https://www.instagram.com/p/{post.id}/",
        "media_product_type": "FEED",
        "comments_count": len(post.comments),
    }


def comment_native(account: Account, post: Post, item: Item) -> Object:
    # Messages look the same on both.
    if account.kind == "page" or post.edge == "conversations":
        called = "name" if account.kind == "page" else "username"
        native: Object = {
            "id": item.id,
            "message": item.text,
            "created_time": written(item.at),
            "from": {"id": item.author[0], called: item.author[1]},
            "is_hidden": item.hidden,
            "can_hide": not item.own,
            "can_remove": True,
            "permalink_url": f"https://www.facebook.com/{post.id}?comment_id={item.id}",
        }
        if post.edge in ("photos", "videos", "video_reels"):
            native["object"] = {"id": post.id}
        if item.parent:
            native["parent"] = {"id": item.parent}
        return native
    native = {
        "id": item.id,
        "text": item.text,
        "timestamp": written(item.at),
        "username": item.author[1].lower().replace(" ", "_"),
        "from": {"id": item.author[0], "username": item.author[1].lower().replace(" ", "_")},
        "hidden": item.hidden,
        "media": {"id": post.id, "media_product_type": "FEED"},
    }
    if item.parent:
        native["parent_id"] = item.parent
    return native


def linked_page(account: Account, token: str) -> Object:
    """The Facebook Page that an Instagram account hangs on."""
    return {
        "id": f"9{account.id}",
        "name": account.name,
        "access_token": f"page-{token}",
        "instagram_business_account": {"id": account.id},
    }


def cursor_at(offset: int) -> str:
    return f"Q3{offset:08d}ZD"


def offset_of(cursor: str) -> int:
    if not cursor:
        return 0
    if not re.fullmatch(r"Q3\d{8}ZD", cursor):
        raise GraphError(100)
    return int(cursor[2:-2])
