"""WordPress blogs, version 5.6 or later: comments of every status in, hold, approve and trash out.

The list is followed by id. A date filter would compare site-local seconds, so it would fail at the change to
winter time and miss imported comments, which carry old dates; ids only grow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import ClassVar

import httpx
from pydantic import Field, SecretStr, field_validator

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
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
    text_revision,
)
from platforms.client import ClientPlatform
from platforms.wordpress_rest import Native, Page, WordPressRest

OVERLAP = 20
"""Comments listed again at each poll: some database set-ups show a lower id a moment after a higher one."""
LOOKUP_SIZE = 100
REACHED = {
    ActionKind.HIDE: {"hold", "spam", "trash"},
    ActionKind.UNHIDE: {"approved"},
    ActionKind.DELETE: {"trash"},
}
TRASHED = {"trash": "in the trash", "post-trashed": "in the trash with its post"}


class WordPressSettings(PlatformSettings):
    url: str
    """The site's address as readers type it, such as https://blog.example.org."""
    user: str
    application_password: SecretStr
    allow_loopback: bool = False
    """For a site on this machine, which may then also be plain http."""
    timeout: float = Field(20.0, gt=0)
    """Seconds for each step of a call: connecting, sending, each read."""
    page_size: int = Field(100, gt=OVERLAP, le=100)

    @field_validator("url")
    @classmethod
    def _only_an_address(cls, value: str) -> str:
        try:
            url = httpx.URL(value.strip())
        except httpx.InvalidURL:
            raise ValueError("is not a web address") from None
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
            raise ValueError("must be the site's address alone, such as https://blog.example.org")
        return str(url).rstrip("/")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the list has been read: `count` rows, the last ids of them in `tail`, growing."""

    count: int = 0
    tail: tuple[int, ...] = ()

    @property
    def floor(self) -> int:
        """Every id up to here was seen; above it, those of `tail`."""
        return self.tail[0] if len(self.tail) == OVERLAP else 0

    def is_reached_by(self, page: Page) -> bool:
        return page.start == 0 or bool(page.items and page.items[0]["id"] <= self.floor)

    def unseen(self, page: Page) -> list[Native]:
        return [item for item in page.items if item["id"] > self.floor and item["id"] not in self.tail]

    def moved(self, count: int, seen: Sequence[Native]) -> Mark:
        ids = sorted({*self.tail, *(item["id"] for item in seen)})
        return Mark(count, tuple(ids[-OVERLAP:]))

    @classmethod
    def read(cls, cursor: str | None) -> Mark:
        count, *tail = json.loads(cursor) if cursor else (0,)
        return cls(count, tuple(tail))

    def __str__(self) -> str:
        return json.dumps([self.count, *self.tail], separators=(",", ":"))


class WordPress(ClientPlatform[WordPressRest]):
    name = "wordpress"
    Settings = WordPressSettings
    settings: WordPressSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(
                reversible=True,
                note="Held for moderation: seen only by the site's editors, and by its author in the browser "
                "that wrote it. Answers to it stay visible.",
            ),
            ActionKind.UNHIDE: Effect(reversible=True, note="Approved: everybody sees it."),
            ActionKind.DELETE: Effect(
                reversible=False,
                note="In the site's trash: only the site's editors see it. WordPress empties the trash by "
                "itself, usually after 30 days; after that it cannot be restored.",
            ),
        },
        sees_edits="lookup",
        sees_deletions="lookup",
        note="Comments that are held, in spam or in the trash are captured too; pingbacks are not.",
    )

    async def connect(self) -> WordPressRest:
        settings = self.settings
        auth = httpx.BasicAuth(settings.user, settings.application_password.get_secret_value())
        return WordPressRest(settings.url, auth, settings.timeout, allow_loopback=settings.allow_loopback)

    async def identify(self, rest: WordPressRest) -> Identity:
        return await rest.identify()

    async def poll(self, cursor: str | None) -> Batch:
        mark = Mark.read(cursor)
        size = self.settings.page_size
        page = await self.rest.page(max(0, mark.count - OVERLAP), size)
        # Comments erased meanwhile moved all later ones forward: step back to known ground.
        while not mark.is_reached_by(page):
            page = await self.rest.page(max(0, min(page.start, page.total) - size), size)
        while not (fresh := mark.unseen(page)) and page.end < page.total:
            page = await self._following(page)
        if not fresh:
            return Batch((), cursor or str(mark))
        return Batch(list(map(_created, fresh)), str(mark.moved(page.end, fresh)), more=page.end < page.total)

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        ids = list(known)
        events = []
        for start in range(0, len(ids), LOOKUP_SIZE):
            chunk = ids[start : start + LOOKUP_SIZE]
            listed = await self.rest.listed(chunk)
            for comment_id in chunk:
                native = listed.get(comment_id) or await self._one_or_none(comment_id)
                events += _differences(comment_id, known[comment_id], native)
        return events

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action not in self.capabilities.actions:
            raise Unsupported(f"WordPress cannot {action} a comment")
        status = (await self.rest.one(id))["status"]
        answer = {"before": status}
        already = status in REACHED[action]
        if not already:
            answer["answered"] = await self._request(action, id)
            already = answer["answered"] == "rest_already_trashed"
            status = answer["read_back"] = (await self.rest.one(id))["status"]
        if status not in REACHED[action]:
            raise Unavailable(f"comment {id} is {status!r} after {action}")
        if action is not ActionKind.UNHIDE:
            answer["anonymous"] = await self.rest.refused_to_anonymous(id)
        now = datetime.now(UTC)
        return Receipt(
            action=action, id=id, visibility=_visibility(status), already=already, at=now, answer=answer
        )

    async def _request(self, action: ActionKind, comment_id: str) -> str:
        if action is ActionKind.DELETE:
            return await self.rest.trash(comment_id)
        return await self.rest.set_status(comment_id, "hold" if action is ActionKind.HIDE else "approved")

    async def _following(self, page: Page) -> Page:
        after = await self.rest.page(page.end - OVERLAP, self.settings.page_size)
        if after.total + OVERLAP < page.total:
            raise Unavailable("many comments were erased while they were listed")
        return after

    async def _one_or_none(self, comment_id: str) -> Native | None:
        try:
            return await self.rest.one(comment_id)
        except CommentGone:
            return None


def _created(native: Native) -> Event:
    comment = _comment(native)
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)


def _differences(comment_id: str, revision: str, native: Native | None) -> list[Event]:
    """What happened to a comment since its `revision`: nothing or one event."""
    now = datetime.now(UTC)
    if native is None:
        return [Event(kind=EventKind.DELETED, id=comment_id, at=now, detail="404 rest_comment_invalid_id")]
    if native["status"] in TRASHED:
        return [Event(kind=EventKind.DELETED, id=comment_id, at=now, detail=TRASHED[native["status"]])]
    comment = _comment(native)
    if comment.revision == revision:
        return []
    return [Event(kind=EventKind.EDITED, id=comment_id, comment=comment, at=now)]


def _comment(native: Native) -> Comment:
    text = native["content"]["raw"]
    parent = native.get("parent")
    return Comment(
        id=str(native["id"]),
        revision=text_revision(text),
        post=str(native.get("post", "")),
        parent=str(parent) if parent else None,
        kind=Kind.REPLY if parent else Kind.COMMENT,
        author=native.get("author_name") or "",
        author_id=str(native.get("author") or ""),
        text=text,
        payload={key: value for key, value in native.items() if key != "_embedded"},
        created_at=_time(native),
        permalink=native.get("link") or "",
        post_title=_post_title(native),
        visible=native["status"] == "approved",
    )


def _time(native: Native) -> datetime:
    """`date_gmt`; imported comments may lack it, then the site-local date, then the epoch."""
    for key in ("date_gmt", "date"):
        try:
            return datetime.fromisoformat(native[key]).replace(tzinfo=UTC)
        except (KeyError, TypeError, ValueError):
            continue
    return datetime.fromtimestamp(0, UTC)


def _post_title(native: Native) -> str:
    try:
        return unescape(native["_embedded"]["up"][0]["title"]["rendered"])
    except (KeyError, IndexError, TypeError):
        return ""


def _visibility(status: str) -> Visibility:
    if status == "approved":
        return Visibility.VISIBLE
    return Visibility.GONE if status in TRASHED else Visibility.HIDDEN
