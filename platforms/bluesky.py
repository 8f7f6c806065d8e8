"""Bluesky: replies, mentions and quotes in; replies under the district's own posts hidden and shown again.

New ones come by the account's notifications. Those are not complete: they leave out replies more than five
levels down, replies below a hidden one, and what a writer's clock dates far back. So from time to time the
threads under the account's own posts are read as a whole, where all of these are.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr, field_validator

from platforms.backlog import Backlog, Item
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    CommentGone,
    Effect,
    Event,
    EventKind,
    Identity,
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.bluesky_chat import A_DID, MESSAGE, messages, send, was_sent
from platforms.bluesky_posts import (
    A_POST,
    GATE,
    POST,
    Native,
    below,
    cid_of,
    comment_of,
    hidden_by,
    owner,
    parts,
    reference,
    time_of,
)
from platforms.bluesky_rest import AT_ONCE, BlueskyRest, SwapConflict
from platforms.client import ClientPlatform

OVERLAP = timedelta(minutes=10)
"""Lists are ordered by the earlier of the writer's clock and the network's."""
MOST_HIDDEN = 300
"""Replies that a thread's gate can name."""
TRIES = 5
"""For writing a gate that others write as well."""


class BlueskySettings(PlatformSettings):
    handle: str
    """The account's name, such as district.example.org, without @."""
    app_password: SecretStr
    """From Settings, Privacy and security, App passwords; never the account's own password."""
    service: str = "https://bsky.social"
    """The account's server; accounts hosted by Bluesky keep the default."""
    watch_days: int = Field(30, ge=1)
    """Threads under the account's own posts of so many days are read as a whole."""
    watch_seconds: float = Field(900, ge=0)
    """How often that is done."""
    allow_loopback: bool = False
    timeout: float = Field(20.0, gt=0)
    page_size: int = Field(100, ge=1, le=100)
    direct_messages: bool = False
    """Archive what people write to the account in private; the app password needs access to messages."""

    @field_validator("service")
    @classmethod
    def _only_an_address(cls, value: str) -> str:
        try:
            url = httpx.URL(value.strip())
        except httpx.InvalidURL:
            raise ValueError("is not a web address") from None
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
            raise ValueError("must be the server's address alone, such as https://bsky.social")
        return str(url).rstrip("/")

    @field_validator("handle")
    @classmethod
    def _without_at(cls, value: str) -> str:
        return value.strip().removeprefix("@")


class Bluesky(ClientPlatform[BlueskyRest]):
    name = "bluesky"
    Settings = BlueskySettings
    settings: BlueskySettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(
                reversible=True,
                note="Moved behind “Show hidden replies” below the district's post: readers of the thread "
                "must click to see it. It stays on its author's profile. Only for replies under the "
                "district's own posts, at most 300 for each post.",
            ),
            ActionKind.UNHIDE: Effect(reversible=True, note="Back among the replies: everybody sees it."),
        },
        sees_deletions="lookup",
        mentions=True,
        direct_messages=True,
        answers=True,
        note="Nothing can be edited there. Replies by an account that the district blocked do not arrive.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._backlog = Backlog(OVERLAP)
        self._watched_at = 0.0
        self._told: set[str] = set()
        """Posts that this process has handed out, so that whole threads tell only what is missing."""
        self._handed_out: set[str] = set()
        """The same of the last batch, which may not have reached the archive."""
        self._given: str | None = None

    async def connect(self) -> BlueskyRest:
        settings = self.settings
        return BlueskyRest(
            settings.service,
            settings.handle,
            settings.app_password,
            self.tokens,
            self.budget,
            settings.timeout,
            allow_loopback=settings.allow_loopback,
        )

    async def identify(self, rest: BlueskyRest) -> Identity:
        identity = await rest.sign_in()
        if self.settings.direct_messages:
            await rest.talks(None, 1)
        self._watched_at = time.monotonic()
        return identity

    async def poll(self, cursor: str | None) -> Batch:
        if cursor == self._given:
            self._told |= self._handed_out
        batch = await self._next(cursor)
        self._handed_out = {event.id for event in batch.events}
        self._given = batch.cursor
        return batch

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        uris, events, now = list(known), list[Event](), datetime.now(UTC)
        for start in range(0, len(uris), AT_ONCE):
            chunk = [uri for uri in uris[start : start + AT_ONCE] if A_POST.fullmatch(uri)]
            shown = await self.rest.posts(chunk) if chunk else {}
            for uri in chunk:
                if uri not in shown:
                    events += await self._vanished(uri, now) if known[uri] else []
                elif shown[uri]["cid"] != known[uri]:
                    item = self._item(shown[uri])
                    comment = item.event.comment
                    events.append(Event(kind=EventKind.EDITED, id=uri, comment=comment, at=now))
        return events

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action not in self.capabilities.actions:
            raise Unsupported(f"Bluesky cannot {action} somebody else's post")
        if id.startswith(MESSAGE):
            raise Unsupported("nobody can take somebody else's direct message back: it is archived only")
        rkey = self._own_root(await self._present(id))
        hide = action is ActionKind.HIDE
        answer = await self._gated(rkey, id, hide=hide)
        gate = await self.rest.record(self.rest.did, GATE, rkey)
        hidden = id in hidden_by(gate)
        if hidden != hide:
            raise Unavailable("the list of hidden replies was changed by somebody else at the same moment")
        return Receipt(
            action=action,
            id=id,
            visibility=Visibility.HIDDEN if hidden else Visibility.VISIBLE,
            already=answer is None,
            at=datetime.now(UTC),
            answer={**(answer or {}), "read_back": (gate or {}).get("cid", "no list of hidden replies")},
        )

    @property
    def hears_messages(self) -> bool:
        return self.settings.direct_messages

    def may_answer(self, author_id: str) -> bool:
        return A_DID.fullmatch(author_id) is not None and author_id != self.rest.did

    async def answer(self, author_id: str, text: str) -> None:
        await send(self.rest, author_id, text)

    async def has_answered(self, author_id: str, text: str, since: datetime) -> bool:
        return await was_sent(self.rest, author_id, text, since)

    async def _next(self, cursor: str | None) -> Batch:
        """`cursor` ends in #, and how often whole threads told something that the notifications had not."""
        listed, _, rounds = (cursor or "").partition("#")
        place = listed or None
        if not self._backlog.continues(place):
            floor = self._backlog.floor(place)
            found = await self._notified(floor)
            if self.settings.direct_messages:
                found += await messages(self.rest, floor, self.settings.page_size)
            if place is None:
                found += await self._threads()
            self._backlog.fill(place, found)
        batch = self._backlog.take(place, self.settings.page_size)
        if not batch.events and time.monotonic() - self._watched_at >= self.settings.watch_seconds:
            batch = Batch(await self._missed(), batch.cursor)
            rounds = str(int(rounds or 0) + 1) if batch.events else rounds
        return replace(batch, cursor=f"{batch.cursor}#{rounds}" if rounds else batch.cursor)

    async def _notified(self, floor: int) -> list[Item]:
        """Every reply, mention and quote that the notifications still hold above `floor`."""
        items: list[Item] = []
        cursor: str | None = None
        while True:
            natives, cursor = await self.rest.notifications(cursor, self.settings.page_size)
            items += [self._item(native) for native in natives]
            if not natives or cursor is None or items[-1].at <= floor:
                return items

    async def _threads(self) -> list[Item]:
        """Everything below the account's own posts of the last `watch_days`."""
        self._watched_at = time.monotonic()
        items: list[Item] = []
        for root in await self._roots():
            thread = await self.rest.thread(root)
            items += [self._item(post) for post in below(thread) if owner(post["uri"]) != self.rest.did]
        return items

    async def _missed(self) -> list[Event]:
        items = {item.key: item for item in await self._threads()}
        return [item.event for item in sorted(items.values()) if item.event.id not in self._told]

    async def _roots(self) -> list[str]:
        """Own posts that somebody answered. Its count of replies is what Bluesky shows, direct ones only."""
        oldest = datetime.now(UTC) - timedelta(days=self.settings.watch_days)
        roots: list[str] = []
        cursor: str | None = None
        while True:
            posts, cursor = await self.rest.own_posts(cursor)
            own = [post for post in posts if owner(post["uri"]) == self.rest.did]
            lately = [post for post in own if time_of(post.get("indexedAt")) >= oldest]
            roots += [post["uri"] for post in lately if post.get("replyCount")]
            ended = len(lately) < len(own)
            if not posts or cursor is None or ended:
                return roots

    async def _vanished(self, uri: str, now: datetime) -> list[Event]:
        """A post that is not shown to us may be gone, or its author has blocked us."""
        did, rkey = parts(uri)
        if await self.rest.record(did, POST, rkey) is not None:
            return []
        return [Event(kind=EventKind.DELETED, id=uri, at=now, detail="400 RecordNotFound")]

    async def _present(self, uri: str) -> Native:
        """The post's record. Raises CommentGone."""
        did, rkey = parts(uri)
        found = await self.rest.record(did, POST, rkey)
        if found is None or not isinstance(found.get("value"), dict):
            raise CommentGone("the post is no longer there (RecordNotFound)")
        value: Native = found["value"]
        return value

    def _own_root(self, record: Native) -> str:
        """The key of our own post above a reply. Raises Unsupported."""
        root = reference(record, "root")
        if root is None or owner(root) != self.rest.did:
            raise Unsupported(
                "Bluesky lets an account hide only replies under its own posts, and this is none: "
                "if it breaks Bluesky's own rules, report it there"
            )
        return parts(root)[1]

    async def _gated(self, rkey: str, uri: str, *, hide: bool) -> Native | None:
        """Put `uri` on the thread's list of hidden replies or take it off; None where it was so already."""
        for _ in range(TRIES):
            gate = await self.rest.record(self.rest.did, GATE, rkey)
            hidden = hidden_by(gate)
            if (uri in hidden) == hide:
                return None
            if hide and len(hidden) >= MOST_HIDDEN:
                raise Unsupported(
                    f"Bluesky hides at most {MOST_HIDDEN} replies under one post, and this post has so many"
                )
            changed = [*hidden, uri] if hide else [entry for entry in hidden if entry != uri]
            try:
                written = await self.rest.put(GATE, rkey, self._gate(gate, rkey, changed), swap=cid_of(gate))
            except SwapConflict:
                continue
            return {"uri": written.get("uri"), "cid": written.get("cid"), "before": cid_of(gate)}
        raise Unavailable("the thread's list of hidden replies keeps being changed by somebody else")

    def _gate(self, gate: Native | None, rkey: str, hidden: Sequence[str]) -> dict[str, Any]:
        """The record with another list. What else stands in it is kept: without `allow` all could answer."""
        new = {
            "$type": GATE,
            "post": f"at://{self.rest.did}/{POST}/{rkey}",
            "createdAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return {**(gate["value"] if gate else new), "hiddenReplies": list(hidden)}

    def _item(self, native: Native) -> Item:
        comment = comment_of(native, self.rest.did)
        listed = time_of(native.get("indexedAt"))
        event = Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)
        return Item(round(listed.timestamp() * 1000), comment.id, event)
