"""Alerts to any program that takes Standard Webhooks: JSON, an id, a time and a signature over all three.

The specification is at https://www.standardwebhooks.com. The id stays the same for every attempt, so that a
receiver drops what it has already had.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import httpx

from modbot.alerts.channels import Channel, ChannelFailed, ChannelRefused, Message
from modbot.alerts.http_line import open_client
from modbot.alerts.settings import Channel as Settings
from modbot.errors import ConfigError
from platforms.base import NotAuthorised, PlatformError

LASTING = (400, 401, 403, 404, 405, 410, 413, 415, 422)
"""Answers that say that the same message will not be taken later either."""


class SignedWebhook(Channel):
    def __init__(self, settings: Settings) -> None:
        self.name = settings.name
        self._url = settings.url.get_secret_value()
        self._key = key_of(settings)
        self._client = open_client(allow_loopback=settings.allow_loopback)

    async def send(self, message: Message) -> str:
        content = json.dumps(as_json(message))
        at = str(int(datetime.now(UTC).timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": at,
            "webhook-signature": signature(self._key, message.key, at, content),
        }
        answer = await self._ask("POST", content=content, headers=headers)
        if answer.is_success:
            return f"answered {answer.status_code}"
        problem = f"the receiver answered {answer.status_code}"
        if answer.status_code in LASTING:
            raise ChannelRefused(problem)
        raise ChannelFailed(problem, retry_after=_asked(answer))

    async def check(self) -> str:
        """Any answer will do: a receiver need not know HEAD."""
        answer = await self._ask("HEAD")
        return f"the receiver answers ({answer.status_code} to HEAD)"

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, **parts: Any) -> httpx.Response:
        try:
            return await self._client.request(method, self._url, **parts)
        except NotAuthorised as error:
            failed: ChannelFailed = ChannelRefused(str(error))
        except PlatformError as error:
            failed = ChannelFailed(str(error))
        except httpx.InvalidURL:
            failed = ChannelRefused("its url is not an address")
        except httpx.HTTPError as error:
            # Not chained: httpx's own error holds the address, which may be a secret.
            reached = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            failed = ChannelFailed(f"no answer ({type(error).__name__})", in_doubt=reached)
        raise failed


def key_of(settings: Settings) -> bytes:
    """The signing key. Raises ConfigError."""
    text = settings.secret.get_secret_value().removeprefix("whsec_")
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) < 24:
        raise ConfigError(
            f"The secret of the channel {settings.name} is no signing key.",
            remedy="Write whsec_ and then 24 to 64 random bytes in base64: openssl rand -base64 32",
        )
    return key


def signature(key: bytes, message_id: str, at: str, content: str) -> str:
    mac = hmac.new(key, f"{message_id}.{at}.{content}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode('ascii')}"


def as_json(message: Message) -> dict[str, Any]:
    """`type`, `timestamp` and `data`, as the specification proposes."""
    data: dict[str, Any] = {
        "subject": message.subject,
        "lines": list(message.lines),
        "links": list(message.links),
        "link": message.link,
        "answer": message.answer,
        "urgent": message.urgent,
        "drill": message.drill,
    }
    if message.words is not None:
        data["comment"] = {"author": message.words.author, "text": message.words.text}
    return {"type": "modbot.alert", "timestamp": message.at.isoformat(), "data": data}


def _asked(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
