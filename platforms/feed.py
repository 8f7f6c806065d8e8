"""Comment feeds, RSS or Atom: read-only, for pages that offer nothing else.

A server's ETag often depends on the newest comment alone, so "not modified" proves nothing about older ones:
`lookup` reads the whole feed. That an entry has left the feed says nothing either, since feeds are short.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import httpx
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from platforms import answers, feed_xml
from platforms.addresses import CheckedTransport
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    Event,
    EventKind,
    Identity,
    Kind,
    NotAuthorised,
    Platform,
    PlatformError,
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    text_revision,
)
from platforms.feed_xml import Entry, Feed, NoFeed
from platforms.push import BadSignature, Pushed
from platforms.websub import Hub, Subscriber, hub_of

LARGEST = 8 * 2**20
RENEW_SECONDS, AGAIN_SECONDS = 86_400.0, 3_600.0
"""Between two requests for pushes; after one that failed."""
PAGES = 100
"""So many pages of a feed are followed back at most."""
REMEMBERED = 1_000
"""Entries that the cursor knows at least; all of the feed if that is longer."""
ID = 16
"""Digits of an id's hash in the cursor."""
TOO_SHORT = "the feed shows none of the comments read before: more were written than it holds"
ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml, text/xml"


class FeedSettings(PlatformSettings):
    url: str
    """The feed's own address, such as https://blog.example.org/comments/feed/."""
    callback: str = ""
    """This page's push address, for feeds with a hub; empty: the feed is only polled."""
    push_secret: SecretStr | None = Field(None, min_length=24, max_length=199)
    """What the hub signs with; any long random word."""
    allow_loopback: bool = False
    timeout: float = Field(20.0, gt=0)
    """Seconds for each step of a call."""

    @field_validator("url", "callback")
    @classmethod
    def _an_address(cls, value: str, info: ValidationInfo) -> str:
        if info.field_name == "callback" and not value:
            return value
        try:
            url = httpx.URL(value.strip())
        except httpx.InvalidURL:
            raise ValueError("is not a web address") from None
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ValueError("must be a whole address, such as https://blog.example.org/comments/feed/")
        return str(url)


class CommentFeed(Pushed, Platform):
    name = "feed"
    Settings = FeedSettings
    settings: FeedSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={},
        sees_edits="lookup",
        note="A feed can only be read. An edit is seen while the comment is still in the feed, a deletion "
        "never. Some feeds push what is new, by a hub.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._client: httpx.AsyncClient | None = None
        self._unchanged_since: tuple[str, dict[str, str]] | None = None
        """A cursor, and the headers that ask whether the feed is still as it was then."""
        secret = self.settings.push_secret
        self._subscriber = (
            Subscriber(self.settings.callback, secret) if secret and self.settings.callback else None
        )
        self._hub: Hub | None = None
        self._subscribe_at = 0.0

    async def open(self) -> Identity:
        await self.close()
        self._client = httpx.AsyncClient(
            headers={"Accept": ACCEPT, "User-Agent": "modbot"},
            timeout=self.settings.timeout,
            transport=CheckedTransport(allow_loopback=self.settings.allow_loopback),
        )
        try:
            feed, response = await self._fetch(self.settings.url)
        except BaseException:
            await self.close()
            raise
        self._hub, self._subscribe_at = hub_of(feed, response), 0.0
        await self._follow()
        account = feed.title or httpx.URL(self.settings.url).host
        return Identity(account=account, can_moderate=False, clock_skew=answers.clock_skew(response))

    async def close(self) -> None:
        client, self._client, self._unchanged_since = self._client, None, None
        if client:
            await client.aclose()

    async def poll(self, cursor: str | None) -> Batch:
        await self._follow()
        known: list[str] = json.loads(cursor) if cursor else []
        read = await self._newer_than(cursor, set(known))
        if read is None:
            return Batch((), cursor or "[]")
        feed, entries, asking = read
        keys = [_key(entry) for entry in entries]
        fresh = [entry for entry, key in zip(entries, keys, strict=True) if key not in known]
        if fresh or cursor is None:
            longest = max(REMEMBERED, len(keys))
            cursor = json.dumps(list(dict.fromkeys([*keys, *known]))[:longest], separators=(",", ":"))
        # Kept here and not in the cursor: they hold only if this batch is archived, which the cursor proves.
        self._unchanged_since = (cursor, asking)
        parents = {key[:ID] for key in (*keys, *known)}
        events = [_created(entry, feed, parents) for entry in reversed(fresh)]
        missed = bool(known) and len(fresh) == len(entries) > 0
        events.sort(key=lambda event: event.at)
        return Batch(events, cursor, gap=TOO_SHORT if missed else "")

    async def _follow(self) -> None:
        """Ask the feed's hub for pushes, once a day. Without them the feed is polled as it is anyway."""
        due = time.monotonic() >= self._subscribe_at
        if not due or self._client is None or self._subscriber is None or self._hub is None:
            return
        self._subscribe_at = time.monotonic() + RENEW_SECONDS
        try:
            await self._subscriber.subscribe(self._client, self._hub)
        except PlatformError:
            self._subscribe_at = time.monotonic() + AGAIN_SECONDS

    @property
    def pushes(self) -> bool:
        return self._subscriber is not None

    def challenge(self, query: Mapping[str, str]) -> str | None:
        if self._subscriber is None:
            raise BadSignature
        return self._subscriber.challenge(query)

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        if self._subscriber is None:
            raise BadSignature
        self._subscriber.check(headers, body)

    async def unpack(self, body: bytes) -> Sequence[Event]:
        """The feed as it is now, and of the delivery what has left it: an older delivery changes nothing."""
        delivered = feed_xml.parse(body).entries if body.strip() else ()
        feed, _ = await self._fetch(self.settings.url)
        now = {entry.id for entry in feed.entries}
        entries = [*feed.entries, *(entry for entry in delivered if entry.id not in now)]
        parents = {_short(entry.id) for entry in entries}
        return sorted((_created(entry, feed, parents) for entry in entries), key=lambda event: event.at)

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        feed, _ = await self._fetch(self.settings.url)
        now = datetime.now(UTC)
        parents = {_short(comment_id) for comment_id in (*known, *(entry.id for entry in feed.entries))}
        return [
            Event(kind=EventKind.EDITED, id=entry.id, comment=_comment(entry, feed, parents), at=now)
            for entry in feed.entries
            if entry.id in known and text_revision(entry.text) != known[entry.id]
        ]

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002, ARG002
        raise Unsupported(f"a feed can only be read: {action} it on the page itself")

    async def _newer_than(
        self, cursor: str | None, known: set[str]
    ) -> tuple[Feed, list[Entry], dict[str, str]] | None:
        """The feed's head, its entries back to a known one, and what to ask with next; None: not modified."""
        same = self._unchanged_since is not None and self._unchanged_since[0] == cursor
        asking = self._unchanged_since[1] if same and self._unchanged_since else {}
        feed, response = await self._fetch(self.settings.url, asking)
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return None
        self._hub = hub_of(feed, response)
        entries, page = list(feed.entries), feed
        for _ in range(PAGES):
            if not page.following or any(_key(entry) in known for entry in page.entries):
                break
            page, _ = await self._fetch(self._on_this_host(page.following))
            if not page.entries:
                break
            entries += page.entries
        return feed, entries, _conditions(response)

    async def _fetch(self, url: str, asking: Mapping[str, str] | None = None) -> tuple[Feed, httpx.Response]:
        if self._client is None:
            raise RuntimeError("open the page before using it")
        request = self._client.build_request("GET", url, headers=asking)
        response, body = await answers.read(self._client, request, most=LARGEST)
        if response.status_code == httpx.codes.NOT_MODIFIED and asking:
            return Feed(title="", entries=(), following=""), response
        if response.is_redirect:
            where = httpx.URL(response.headers.get("location", ""))
            raise NotAuthorised(f"the feed has moved to {where.copy_with(query=None)}: write that as `url`")
        if not response.is_success:
            raise NotAuthorised(f"the server answered {response.status_code}: is `url` the feed's address?")
        try:
            return feed_xml.parse(body), response
        except NoFeed as error:
            raise Unavailable(f"what came is neither RSS nor Atom ({error}): is `url` the feed's?") from None

    def _on_this_host(self, address: str) -> str:
        here = httpx.URL(self.settings.url)
        url = here.join(address)
        if (url.scheme, url.netloc) != (here.scheme, here.netloc):
            raise NotAuthorised(f"the feed goes on at another host, {url.host}: not followed")
        return str(url)


def _conditions(response: httpx.Response) -> dict[str, str]:
    asked = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
    return {ask: response.headers[name] for ask, name in asked.items() if name in response.headers}


def _key(entry: Entry) -> str:
    """The same for the same words of the same comment; begins with `_short` of its id."""
    return _short(entry.id) + text_revision(entry.text)[:8]


def _short(comment_id: str) -> str:
    return hashlib.sha256(comment_id.encode("utf-8", "surrogatepass")).hexdigest()[:ID]


def _created(entry: Entry, feed: Feed, parents: set[str]) -> Event:
    comment = _comment(entry, feed, parents)
    return Event(kind=EventKind.CREATED, id=entry.id, comment=comment, at=comment.created_at)


def _comment(entry: Entry, feed: Feed, parents: set[str]) -> Comment:
    # Some feeds name the post as what a comment answers, or, where that is gone, the comment itself.
    answers_another = entry.answers != entry.id and _short(entry.answers) in parents
    parent = entry.answers if answers_another else None
    return Comment(
        id=entry.id,
        revision=text_revision(entry.text),
        post=entry.link.partition("#")[0] or entry.answers,
        parent=parent,
        kind=Kind.REPLY if parent else Kind.COMMENT,
        author=entry.author,
        author_id=entry.author_url,
        text=entry.text,
        payload={"xml": entry.xml},
        created_at=entry.written_at or datetime.now(UTC),
        edited_at=entry.edited_at,
        permalink=entry.link,
        post_title=feed.title,
    )
