"""One Discord server, by a bot: messages of its channels and threads in, deletion out.

New messages are read by REST from the last one on, channel by channel, so that none is lost whatever happens
to the gateway. The gateway brings edits and deletions at once; those it missed are found by looking up.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx
from pydantic import Field, SecretStr, field_validator

from platforms.answers import clock_skew
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    CommentGone,
    Effect,
    Event,
    EventKind,
    Filter,
    Identity,
    Kind,
    NotAuthorised,
    PlatformSettings,
    RateLimited,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
    text_revision,
)
from platforms.client import ClientPlatform
from platforms.discord_filters import filter_of
from platforms.discord_gateway import Gateway
from platforms.discord_rest import AT_ONCE, DiscordRest, Native
from platforms.looking import Looking

WITH_MESSAGES = (0, 2, 5, 13)
"""Text, voice, announcement and stage channels. Forums (15, 16) hold threads alone."""
WITH_THREADS = (0, 5, 15, 16)
ANSWER = 19
WRITTEN = (0, ANSWER)
"""Messages and answers; all other kinds are Discord's own notices."""
MOST_WAITING = 10_000
"""Edits and deletions kept for the next poll; what is more is found by looking up."""
REASON = "Comment policy: released for deletion by the records officer"
_ID = re.compile(r"(\d{1,20})-(\d{1,20})")


class DiscordSettings(PlatformSettings):
    token: SecretStr
    server: str = Field(pattern=r"^\d{1,20}$")
    """The server's number: in Discord, with developer mode on, Copy Server ID."""
    channels: tuple[str, ...] = ()
    """The numbers of the channels to read, with their threads; empty: all that the bot is shown."""
    url: str = "https://discord.com/api/v10"
    allow_loopback: bool = False
    timeout: float = Field(20.0, gt=0)
    """Seconds for each step of a call."""

    @field_validator("url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            url = httpx.URL(value)
        except httpx.InvalidURL:
            raise ValueError("is not a web address") from None
        if url.scheme not in ("http", "https") or not url.host or url.query or url.userinfo:
            raise ValueError("must be the address of Discord's REST interface")
        return value.rstrip("/")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far each channel was read, and how many of this process's gateway events were handed out."""

    read: Mapping[str, str]
    life: str = ""
    handed: int = 0

    @classmethod
    def of(cls, cursor: str | None) -> Mark:
        return cls(**json.loads(cursor)) if cursor else cls({})

    def __str__(self) -> str:
        fields = {"read": dict(self.read), "life": self.life, "handed": self.handed}
        return json.dumps(fields, separators=(",", ":"))


class Discord(ClientPlatform[DiscordRest]):
    name = "discord"
    Settings = DiscordSettings
    settings: DiscordSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.DELETE: Effect(
                reversible=False, note="Deleted for everybody, for good. Discord knows no hiding."
            )
        },
        sees_edits="lookup",
        sees_deletions="lookup",
        mentions=True,
        filters=True,
        note="Edits and deletions come at once by the gateway, and later by looking up if it was down. "
        "Direct messages to the bot and messages of other bots are not read.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._gateway: Gateway | None = None
        self._life = ""
        self._waiting: deque[Event] = deque()
        self._first = 0
        """The number of the first of `_waiting`, counted from the beginning of this life."""
        self._names: dict[str, str] = {}
        self._told: dict[str, str] = {}
        """Of each channel the last message that Discord named when there was nothing more to read."""
        self._archived: set[str] = set()
        self._deleted: set[str] = set()
        self._looking = Looking()

    async def connect(self) -> DiscordRest:
        own = self.settings
        return DiscordRest(own.url, own.token, own.timeout, self.budget, allow_loopback=own.allow_loopback)

    async def identify(self, rest: DiscordRest) -> Identity:
        me, response = await rest.me()
        guild = await rest.guild(self.settings.server)
        account = f"{me.get('username')} on {guild.get('name')}"
        return Identity(account=account, can_moderate=True, clock_skew=clock_skew(response))

    async def open(self) -> Identity:
        identity, own = await super().open(), self.settings
        self._life = uuid4().hex[:8]
        self._gateway = Gateway(self._where, own.token, self._take, allow_loopback=own.allow_loopback)
        self._gateway.start()
        return identity

    async def close(self) -> None:
        gateway, self._gateway = self._gateway, None
        self._waiting.clear()
        self._first = 0
        self._told.clear()
        self._archived.clear()
        if gateway:
            await gateway.close()
        await super().close()

    async def poll(self, cursor: str | None) -> Batch:
        if self._gateway and self._gateway.failure:
            raise self._gateway.failure
        mark = Mark.of(cursor)
        told, handed = self._handed_out(mark)
        read, more = dict(mark.read), False
        created: list[Event] = []
        for channel in await self._channels():
            try:
                found = await self._new(channel, read.get(channel["id"], "0"))
            except RateLimited:
                if not created:
                    raise
                # What is read already must not be read again for the sake of the rest.
                more = True
                break
            if found:
                read[channel["id"]] = str(found[-1]["id"])
                created += [_created(message, self) for message in found if _is_written(message)]
            more = more or len(found) == AT_ONCE
        created.sort(key=lambda event: int(event.id.partition("-")[2]))
        events = [*created, *told]
        after = Mark(read, self._life, handed) if told or dict(mark.read) != read else mark
        return Batch(events, cursor if cursor and after == mark else str(after), more=more)

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        for comment_id, revision in self._looking.left(known).items():
            self._looking.note(comment_id, revision, await self._difference(comment_id, revision))
        return self._looking.finish()

    async def _difference(self, comment_id: str, revision: str) -> Sequence[Event]:
        """What happened to a message since its `revision`: nothing or one event."""
        channel, message = _parts(comment_id)
        now = datetime.now(UTC)
        try:
            found = await self.rest.message(channel, message)
        except CommentGone:
            return [_gone(comment_id, now, "404 Unknown Message")]
        comment = self._comment(found, channel)
        if comment.revision == revision:
            return []
        return [Event(kind=EventKind.EDITED, id=comment_id, comment=comment, at=now)]

    async def filters(self) -> Sequence[Filter]:
        return [filter_of(rule) for rule in await self.rest.filters(self.settings.server)]

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action is not ActionKind.DELETE:
            raise Unsupported("Discord can only delete a message, for good")
        channel, message = _parts(id)
        already = id in self._deleted
        if not already:
            await self.rest.delete(channel, message, REASON)
            self._deleted.add(id)
        try:
            await self.rest.message(channel, message)
        except CommentGone as gone:
            answer = {"read_back": str(gone)}
        else:
            self._deleted.discard(id)
            raise Unavailable("the message is still there after it was deleted")
        now = datetime.now(UTC)
        return Receipt(
            action=action, id=id, visibility=Visibility.GONE, already=already, at=now, answer=answer
        )

    def _handed_out(self, mark: Mark) -> tuple[list[Event], int]:
        """What the gateway told since the batch before; what that brought is archived and can go."""
        start = mark.handed if mark.life == self._life else self._first
        while self._waiting and self._first < start:
            self._waiting.popleft()
            self._first += 1
        return list(self._waiting), self._first + len(self._waiting)

    async def _channels(self) -> list[Native]:
        """Channels and threads in which something was written since we last looked."""
        listed = [
            *await self.rest.channels(self.settings.server),
            *await self.rest.threads(self.settings.server),
        ]
        listed += await self._newly_archived(listed)
        self._names |= {each["id"]: str(each.get("name", "")) for each in listed}
        return [
            each
            for each in listed
            if (each["type"] in WITH_MESSAGES or "thread_metadata" in each)
            and self._is_watched(each)
            and each.get("last_message_id")
            and each["last_message_id"] != self._told.get(each["id"])
        ]

    async def _newly_archived(self, listed: Sequence[Native]) -> list[Native]:
        """Threads that were put away while we were not looking: asked for once for each channel."""
        found: list[Native] = []
        for channel in listed:
            wanted = channel["type"] in WITH_THREADS and self._is_watched(channel)
            if wanted and channel["id"] not in self._archived:
                try:
                    found += await self.rest.archived_threads(channel["id"])
                except (NotAuthorised, RateLimited):
                    continue
                self._archived.add(channel["id"])
        return found

    def _is_watched(self, channel: Native) -> bool:
        wanted = self.settings.channels
        return not wanted or channel["id"] in wanted or channel.get("parent_id") in wanted

    async def _new(self, channel: Native, after: str) -> Sequence[Native]:
        if int(channel["last_message_id"]) <= int(after):
            return ()
        try:
            found = await self.rest.messages(channel["id"], after)
        except (NotAuthorised, CommentGone):
            # Channels that the bot is not shown stand in the list, too.
            found = ()
        if not found:
            self._told[channel["id"]] = channel["last_message_id"]
        return found

    def _take(self, name: str, data: Mapping[str, Any]) -> None:
        now = datetime.now(UTC)
        if str(data.get("guild_id", "")) != self.settings.server:
            return
        if name == "MESSAGE_UPDATE" and data.get("edited_timestamp") and _is_written(data):
            comment = self._comment(data, data["channel_id"])
            self._keep(Event(kind=EventKind.EDITED, id=comment.id, comment=comment, at=now))
        elif name in ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK"):
            for message in data.get("ids") or [data["id"]]:
                self._keep(_gone(f"{data['channel_id']}-{message}", now, f"the gateway told {name}"))

    def _keep(self, event: Event) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(event)

    async def _where(self) -> str:
        """The gateway's address. Raises RateLimited when no more sessions may be started today."""
        found = await self.rest.gateway()
        limit = found.get("session_start_limit", {})
        if limit.get("remaining") == 0:
            raise RateLimited("no more sessions today", retry_after=limit.get("reset_after", 0) / 1000)
        return str(found["url"])

    def _comment(self, message: Native, channel: str) -> Comment:
        text, author = str(message.get("content", "")), message.get("author", {})
        about = message.get("message_reference") if message.get("type") == ANSWER else None
        answered = (about or {}).get("message_id")
        number = str(message["id"])
        return Comment(
            id=f"{channel}-{number}",
            revision=text_revision(text),
            post=channel,
            parent=f"{channel}-{answered}" if answered else None,
            kind=Kind.REPLY if answered else Kind.COMMENT,
            author=str(author.get("global_name") or author.get("username") or ""),
            author_id=str(author.get("id", "")),
            text=text,
            payload=dict(message),
            created_at=datetime.fromisoformat(message["timestamp"]),
            edited_at=_time(message.get("edited_timestamp")),
            permalink=f"https://discord.com/channels/{self.settings.server}/{channel}/{number}",
            post_title=f"#{self._names[channel]}" if channel in self._names else "",
        )


def _created(message: Native, platform: Discord) -> Event:
    comment = platform._comment(message, str(message["channel_id"]))
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)


def _is_written(message: Native) -> bool:
    """By a person, and not one of Discord's own notices."""
    author = message.get("author") or {}
    return message.get("type") in WRITTEN and not author.get("bot")


def _gone(comment_id: str, at: datetime, detail: str) -> Event:
    return Event(kind=EventKind.DELETED, id=comment_id, at=at, detail=detail)


def _parts(comment_id: str) -> tuple[str, str]:
    """An id that Discord cannot have given must not become another path."""
    found = _ID.fullmatch(comment_id)
    if found is None:
        raise CommentGone(f"{comment_id!r} is no message on Discord")
    return found[1], found[2]


def _time(stamp: str | None) -> datetime | None:
    return None if stamp is None else datetime.fromisoformat(stamp)
