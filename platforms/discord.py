"""One Discord server, by a bot: messages of its channels and threads in, deletion out.

New messages are read by REST from the last one on, channel by channel, so that none is lost whatever happens
to the gateway. The gateway brings edits and deletions at once; those it missed are found by looking up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx
from pydantic import Field, SecretStr, field_validator

from platforms import discord_answers
from platforms.answers import clock_skew
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    CommentGone,
    Denied,
    Effect,
    Event,
    EventKind,
    Filter,
    Identity,
    PlatformSettings,
    RateLimited,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.client import ClientPlatform
from platforms.discord_channels import Channels, Mark
from platforms.discord_filters import filter_of
from platforms.discord_gateway import DIRECT_MESSAGES, INTENTS, Gateway
from platforms.discord_messages import (
    PRIVATE,
    STOPPED,
    Place,
    channel_of,
    comment_of,
    created,
    gone,
    is_written,
    parts,
    stopped,
    was_stopped,
)
from platforms.discord_rest import AT_ONCE, DiscordRest
from platforms.looking import Looking

MOST_WAITING = 10_000
"""Edits and deletions kept for the next poll; what is more is found by looking up."""
MOST_AT_ONCE = 1_000
"""Messages after which a batch is handed out, whatever else there is to read."""
REASON = "Comment policy: released for deletion by the records officer"


class DiscordSettings(PlatformSettings):
    token: SecretStr
    server: str = Field(pattern=r"^\d{1,20}$")
    """The server's number: in Discord, with developer mode on, Copy Server ID."""
    channels: tuple[str, ...] = ()
    """The numbers of the channels to read, with their threads; empty: all that the bot is shown."""
    direct_messages: bool = False
    """Archive what people write to the bot in private."""
    private_threads: bool = True
    """Read private threads: those that the bot was added to, and all where it may manage threads."""
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
        direct_messages=True,
        answers=True,
        filters=True,
        note="Edits and deletions come at once by the gateway, and later by looking up if it was down. "
        "Direct messages are read where the page's settings say so, and what AutoMod stopped where the bot "
        "may manage the server. While modbot does not run, it misses the first direct message of somebody "
        "new, and whatever AutoMod stops. Private threads are read where the bot is shown them. Messages of "
        "other bots are not read.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._gateway: Gateway | None = None
        self._life = ""
        self._own = ""
        """The bot's number."""
        self._waiting: deque[Event] = deque()
        self._first = 0
        """The number of the first of `_waiting`, counted from the beginning of this life."""
        self._channels = self._fresh()
        self._deleted: set[str] = set()
        self._looking = Looking()

    def _fresh(self) -> Channels:
        own = self.settings
        return Channels(
            own.server, own.channels, private=own.direct_messages, private_threads=own.private_threads
        )

    async def connect(self) -> DiscordRest:
        own = self.settings
        return DiscordRest(own.url, own.token, own.timeout, self.budget, allow_loopback=own.allow_loopback)

    async def identify(self, rest: DiscordRest) -> Identity:
        me, response = await rest.me()
        guild = await rest.guild(self.settings.server)
        self._own = str(me.get("id", ""))
        account = f"{me.get('username')} on {guild.get('name')}"
        return Identity(account=account, can_moderate=True, clock_skew=clock_skew(response))

    async def open(self) -> Identity:
        identity, own = await super().open(), self.settings
        self._life = uuid4().hex[:8]
        intents = INTENTS | (DIRECT_MESSAGES if own.direct_messages else 0)
        self._gateway = Gateway(
            self._where, own.token, self._take, intents=intents, allow_loopback=own.allow_loopback
        )
        self._gateway.start()
        return identity

    async def close(self) -> None:
        gateway, self._gateway = self._gateway, None
        self._waiting.clear()
        self._first = 0
        self._channels = self._fresh()
        if gateway:
            await gateway.close()
        await super().close()

    async def poll(self, cursor: str | None) -> Batch:
        if self._gateway and self._gateway.failure:
            raise self._gateway.failure
        mark = Mark.of(cursor)
        told, handed = self._handed_out(mark)
        read, more = dict(mark.read), False
        new: list[Event] = []
        for channel in await self._channels.news(self.rest, mark):
            try:
                found = await self._channels.new(self.rest, channel, mark)
            except RateLimited:
                if not new:
                    raise
                # What is read already must not be read again for the sake of the rest.
                more = True
                break
            if found:
                read[channel["id"]] = str(found[-1]["id"])
                place = self._channels.place(channel["id"])
                new += [created(message, place) for message in found if is_written(message)]
            more = more or len(found) == AT_ONCE
            if len(new) >= MOST_AT_ONCE:
                more = True
                break
        new.sort(key=lambda event: int(event.id.rpartition("-")[2]))
        after = self._channels.after(mark, read)
        if told or str(after) != str(mark):
            after = replace(after, life=self._life, handed=handed)
        if cursor is None or str(after) != str(mark):
            cursor = str(after)
        return Batch([*new, *told], cursor, more=more, unreadable=self._channels.unreadable())

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        left = self._looking.left({each: known[each] for each in known if not each.startswith(STOPPED)})
        shut: set[str] = set()
        for comment_id, revision in left.items():
            channel, changes = channel_of(comment_id), list[Event]()
            if channel not in shut:
                try:
                    changes = await self._difference(comment_id, revision)
                except Denied:
                    # Raises it where the bot itself is refused, and not one channel alone.
                    await self.rest.guild(self.settings.server)
                    self._channels.refused(channel)
                    shut.add(channel)
                else:
                    self._channels.closed.opened(channel)
            self._looking.note(comment_id, revision, changes)
        return self._looking.finish()

    async def _difference(self, comment_id: str, revision: str) -> list[Event]:
        """What happened to a message since its `revision`: nothing or one event."""
        channel, message = parts(comment_id)
        now = datetime.now(UTC)
        try:
            found = await self.rest.message(channel, message)
        except CommentGone:
            return [gone(comment_id, now, "404 Unknown Message")]
        comment = comment_of(found, self._channels.place(channel, private=comment_id.startswith(PRIVATE)))
        if comment.revision == revision:
            return []
        return [Event(kind=EventKind.EDITED, id=comment_id, comment=comment, at=now)]

    async def filters(self) -> Sequence[Filter]:
        return [filter_of(rule) for rule in await self.rest.filters(self.settings.server)]

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action is not ActionKind.DELETE:
            raise Unsupported("Discord can only delete a message, for good")
        if id.startswith(PRIVATE):
            raise Unsupported("nobody can take somebody else's direct message back: it is archived only")
        if id.startswith(STOPPED):
            raise Unsupported("Discord's AutoMod stopped this message: it never stood on the server")
        channel, message = parts(id)
        already = id in self._deleted
        if not already:
            await self.rest.delete(channel, message, REASON)
            self._deleted.add(id)
        try:
            await self.rest.message(channel, message)
        except CommentGone as answered:
            answer = {"read_back": str(answered)}
        else:
            self._deleted.discard(id)
            raise Unavailable("the message is still there after it was deleted")
        now = datetime.now(UTC)
        return Receipt(
            action=action, id=id, visibility=Visibility.GONE, already=already, at=now, answer=answer
        )

    @property
    def hears_messages(self) -> bool:
        return self.settings.direct_messages

    def may_answer(self, author_id: str) -> bool:
        return author_id.isascii() and author_id.isdigit() and author_id != self._own

    async def answer(self, author_id: str, text: str) -> None:
        await discord_answers.send(self.rest, author_id, text)

    async def has_answered(self, author_id: str, text: str, since: datetime) -> bool:
        return await discord_answers.was_sent(self.rest, self._own, author_id, text, since)

    def _handed_out(self, mark: Mark) -> tuple[list[Event], int]:
        """What the gateway told since the batch before; what that brought is archived and can go."""
        start = mark.handed if mark.life == self._life else self._first
        while self._waiting and self._first < start:
            self._waiting.popleft()
            self._first += 1
        return list(self._waiting), self._first + len(self._waiting)

    def _take(self, name: str, data: Mapping[str, Any]) -> None:
        if name == "READY":
            self._channels.begin_session()
            return
        private = self.settings.direct_messages and data.get("guild_id") is None
        if not private and str(data.get("guild_id", "")) != self.settings.server:
            return
        place = self._channels.place(str(data.get("channel_id") or self.settings.server), private=private)
        if private or self._channels.watches(place.channel):
            self._hear(name, data, place)

    def _hear(self, name: str, data: Mapping[str, Any], place: Place) -> None:
        now = datetime.now(UTC)
        if name == "MESSAGE_CREATE" and place.private and is_written(data):
            self._channels.wrote_in_private(place.channel, str(data["id"]))
        elif name == "MESSAGE_UPDATE" and data.get("edited_timestamp") and is_written(data):
            comment = comment_of(data, place)
            self._keep(Event(kind=EventKind.EDITED, id=comment.id, comment=comment, at=now))
        elif name in ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK"):
            for message in data.get("ids") or [data["id"]]:
                self._keep(gone(place.id_of(message), now, f"the gateway told {name}"))
        elif name == "AUTO_MODERATION_ACTION_EXECUTION" and was_stopped(data) and self._gateway:
            self._keep(stopped(data, place, self._gateway.place, now))

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
