"""One request to Discord: its turn, its attempts, and what an answer means."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import httpx

from modbot.alerts.discord_webhook.errors import (
    ConnectionFailed,
    DiscordServerError,
    Forbidden,
    HTTPException,
    NotFound,
    RateLimited,
)
from modbot.alerts.discord_webhook.files import File
from modbot.alerts.discord_webhook.ratelimits import RateLimits, Route, TooLong, seconds_in

_LIMITS: WeakKeyDictionary[httpx.AsyncClient, RateLimits] = WeakKeyDictionary()
_TOKEN = re.compile(r"(/webhooks/\d+/)[^/?\s\"']+")
HIDDEN = "[hidden]"


class _HideTokens(logging.Filter):
    """httpx logs every request's address, and a webhook's address is its password."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "/webhooks/" in (text := record.getMessage()):
            record.msg, record.args = hidden(text), ()
        return True


logging.getLogger("httpx").addFilter(_HideTokens())


def hidden(text: str) -> str:
    """The text without a webhook's token."""
    return _TOKEN.sub(rf"\1{HIDDEN}", text)


class Requests:
    """Requests of one webhook. `attempts` counts those that 5xx and 429 answers may cost."""

    def __init__(
        self, client: httpx.AsyncClient, base: str, *, attempts: int, max_ratelimit_timeout: float | None
    ) -> None:
        self.client = client
        self._base = base
        self._attempts = attempts
        self._longest = max_ratelimit_timeout
        self._limits = _LIMITS.setdefault(client, RateLimits())

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        files: Sequence[File] = (),
    ) -> Any:
        """The decoded answer, None if it is empty. Raises HTTPException or ConnectionFailed."""
        route = method, path.partition("/messages/")[0] + ("/messages" if "/messages/" in path else "")
        body = _body(payload, files)
        error: HTTPException | None = None
        try:
            for attempt in range(self._attempts):
                if isinstance(error, DiscordServerError):
                    await asyncio.sleep(2 * attempt - 1)
                async with self._limits.turn(route, self._longest):
                    answer = await self._send(method, path, params, body)
                    self._limits.note(route, answer.headers)
                    if answer.is_success:
                        return _decoded(answer)
                    error = _refusal(answer)
                    if not isinstance(error, DiscordServerError | RateLimited):
                        raise error
                    if isinstance(error, RateLimited):
                        self._hold(route, answer, error)
                        if attempt + 1 < self._attempts:
                            await self._limits.wait(error.retry_after, self._longest)
        except TooLong as wait:
            raise RateLimited(0, "this webhook has been used too often", wait.seconds) from None
        raise error or RuntimeError("a request needs at least one attempt")

    def _hold(self, route: Route, answer: httpx.Response, error: RateLimited) -> None:
        """Nobody asks before it is time, whether or not this call may try again."""
        said = _decoded(answer)
        scope = answer.headers.get("x-ratelimit-global") == "true"
        if scope or bool(isinstance(said, dict) and said.get("global")):
            self._limits.hold_all(error.retry_after)
        else:
            self._limits.hold(route, error.retry_after)

    async def _send(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Mapping[str, Any]
    ) -> httpx.Response:
        try:
            return await self.client.request(method, self._base + path, params=params, **body)
        except httpx.HTTPError as error:
            # Not chained: httpx's own error holds the request, and with it the address.
            failure = type(error).__name__
            connected = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        except httpx.InvalidURL:
            failure, connected = "InvalidURL", False
        raise ConnectionFailed(f"Discord did not answer ({failure})", connected=connected)


def _body(payload: Mapping[str, Any] | None, files: Sequence[File]) -> dict[str, Any]:
    """JSON, or a form with the JSON and the files, as httpx takes it."""
    if payload is None:
        return {}
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":"))
    if not files:
        return {"content": text, "headers": {"Content-Type": "application/json"}}
    parts: list[tuple[str, tuple[str | None, bytes, str]]] = [
        ("payload_json", (None, text.encode(), "application/json"))
    ]
    for number, file in enumerate(files):
        parts.append((f"files[{number}]", (file.filename, file.data, "application/octet-stream")))
    return {"files": parts}


def _decoded(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return answer.text


def _refusal(answer: httpx.Response) -> HTTPException:
    said = _decoded(answer)
    described = said if isinstance(said, dict) else {}
    text = hidden(str(described.get("message") or ("" if described else said or "")))[:500]
    code = int(described["code"]) if str(described.get("code", "")).isdigit() else 0
    if answer.status_code == 429:
        asked = str(described.get("retry_after") or answer.headers.get("retry-after") or "")
        return RateLimited(code, text, seconds_in(asked, 1.0))
    if answer.status_code >= 500:
        return DiscordServerError(answer.status_code, code, text)
    kind = {403: Forbidden, 404: NotFound}.get(answer.status_code, HTTPException)
    return kind(answer.status_code, code, text)
