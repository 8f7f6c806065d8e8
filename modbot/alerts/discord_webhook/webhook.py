"""A webhook and the messages it sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Self, TypedDict, Unpack, overload

import httpx

from modbot.alerts.discord_webhook import limits
from modbot.alerts.discord_webhook.embeds import Embed
from modbot.alerts.discord_webhook.errors import HTTPException
from modbot.alerts.discord_webhook.files import File
from modbot.alerts.discord_webhook.mentions import AllowedMentions
from modbot.alerts.discord_webhook.requests import Requests

BASE = "https://discord.com/api/v10"
ADDRESS = re.compile(
    r"(?P<origin>https?://[^/\s]+)/api(?:/v\d+)?/webhooks/(?P<id>[0-9]{1,20})/(?P<token>[\w-]{20,})/?"
)


class _Unset:
    """Tells "leave it as it is" from None, which takes it away."""


UNSET: Final = _Unset()


class Parts(TypedDict, total=False):
    """What `send` takes besides the content."""

    embeds: Sequence[Embed]
    files: Sequence[File]
    username: str | None
    avatar_url: str | None
    allowed_mentions: AllowedMentions | None
    thread: int | None


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """What Discord says of the webhook itself."""

    id: int
    name: str | None
    channel_id: int | None
    guild_id: int | None


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    id: int
    channel_id: int
    content: str
    embeds: tuple[Embed, ...]
    created_at: datetime
    thread: int | None
    _webhook: Webhook = field(repr=False, compare=False)

    async def edit(self, **changes: Any) -> WebhookMessage:
        """Takes what Webhook.edit_message takes."""
        return await self._webhook.edit_message(self.id, thread=self.thread, **changes)

    async def delete(self) -> None:
        await self._webhook.delete_message(self.id, thread=self.thread)


class Webhook:
    """Made by `from_url` or `partial`. The client is the caller's, who also closes it.

    `attempts`: how often one call may ask, where Discord answers 5xx or 429. `max_ratelimit_timeout`: the
    longest wait for a rate limit in seconds; beyond it RateLimited is raised. None waits as long as it takes.
    """

    def __init__(
        self,
        id: int,  # noqa: A002 - discord.py's name
        token: str,
        *,
        client: httpx.AsyncClient,
        base: str = BASE,
        attempts: int = 5,
        max_ratelimit_timeout: float | None = None,
    ) -> None:
        self.id = id
        self._path = f"/webhooks/{id}/{token}"
        self._requests = Requests(
            client, base, attempts=attempts, max_ratelimit_timeout=max_ratelimit_timeout
        )

    @classmethod
    def partial(cls, id: int, token: str, *, client: httpx.AsyncClient, **options: Any) -> Self:  # noqa: A002
        return cls(id, token, client=client, **options)

    @classmethod
    def from_url(cls, url: str, *, client: httpx.AsyncClient, **options: Any) -> Self:
        """Raises ValueError, which does not repeat the address."""
        found = ADDRESS.fullmatch(url.strip())
        if found is None:
            raise ValueError("this is no webhook address: https://discord.com/api/webhooks/NUMBER/TOKEN")
        base = f"{found['origin']}/api/v10"
        return cls(int(found["id"]), found["token"], client=client, base=base, **options)

    def __repr__(self) -> str:
        return f"<Webhook id={self.id}>"

    async def fetch(self) -> WebhookInfo:
        data = await self._requests.call("GET", self._path)
        try:
            channel, guild = data.get("channel_id"), data.get("guild_id")
            return WebhookInfo(
                int(data["id"]), data.get("name"), channel and int(channel), guild and int(guild)
            )
        except (AttributeError, KeyError, ValueError):
            raise HTTPException(200, 0, "the answer is not a webhook") from None

    @overload
    async def send(
        self, content: str | None = ..., *, wait: Literal[True], **parts: Unpack[Parts]
    ) -> WebhookMessage: ...
    @overload
    async def send(
        self, content: str | None = ..., *, wait: Literal[False] = ..., **parts: Unpack[Parts]
    ) -> None: ...

    async def send(
        self,
        content: str | None = None,
        *,
        embeds: Sequence[Embed] = (),
        files: Sequence[File] = (),
        username: str | None = None,
        avatar_url: str | None = None,
        allowed_mentions: AllowedMentions | None = None,
        thread: int | None = None,
        wait: bool = False,
    ) -> WebhookMessage | None:
        """Post a message. With `wait`, Discord answers once it is stored, and the message is returned."""
        named = {"content": content, "username": username, "avatar_url": avatar_url}
        payload = {name: value for name, value in named.items() if value is not None}
        payload |= _parts(embeds or UNSET, files, allowed_mentions)
        limits.check(payload, files, new=True)
        params = _params(thread) | ({"wait": "true"} if wait else {})
        data = await self._requests.call("POST", self._path, params=params, payload=payload, files=files)
        return self._message(data, thread) if wait else None

    async def edit_message(
        self,
        message_id: int,
        *,
        content: str | _Unset | None = UNSET,
        embeds: Sequence[Embed] | _Unset = UNSET,
        files: Sequence[File] | _Unset = UNSET,
        allowed_mentions: AllowedMentions | None = None,
        thread: int | None = None,
    ) -> WebhookMessage:
        """Change what is given and leave the rest; `files` takes the place of all earlier ones."""
        new = [] if isinstance(files, _Unset) else list(files)
        payload = {} if isinstance(content, _Unset) else {"content": content}
        payload |= _parts(embeds, files, allowed_mentions)
        limits.check(payload, new, new=False)
        path = f"{self._path}/messages/{message_id}"
        data = await self._requests.call("PATCH", path, params=_params(thread), payload=payload, files=new)
        return self._message(data, thread)

    async def fetch_message(self, message_id: int, *, thread: int | None = None) -> WebhookMessage:
        path = f"{self._path}/messages/{message_id}"
        return self._message(await self._requests.call("GET", path, params=_params(thread)), thread)

    async def delete_message(self, message_id: int, *, thread: int | None = None) -> None:
        path = f"{self._path}/messages/{message_id}"
        await self._requests.call("DELETE", path, params=_params(thread))

    def _message(self, data: Any, thread: int | None) -> WebhookMessage:
        try:
            return WebhookMessage(
                id=int(data["id"]),
                channel_id=int(data["channel_id"]),
                content=data["content"],
                embeds=tuple(map(Embed.from_dict, data["embeds"])),
                created_at=datetime.fromisoformat(data["timestamp"]),
                thread=thread,
                _webhook=self,
            )
        except (KeyError, TypeError, ValueError):
            raise HTTPException(200, 0, "the answer is not a message") from None


def _parts(
    embeds: Sequence[Embed] | _Unset, files: Sequence[File] | _Unset, mentions: AllowedMentions | None
) -> dict[str, Any]:
    payload: dict[str, Any] = {"allowed_mentions": (mentions or AllowedMentions.none()).to_dict()}
    if not isinstance(embeds, _Unset):
        payload["embeds"] = [embed.to_dict() for embed in embeds]
    if not isinstance(files, _Unset) and files != ():
        payload["attachments"] = [file.to_dict(number) for number, file in enumerate(files)]
    return payload


def _params(thread: int | None) -> dict[str, str]:
    return {} if thread is None else {"thread_id": str(thread)}
