"""One Discord server by its REST interface, version 10, with every failure as a PlatformError.

Each answer tells how many calls its bucket has left and when it fills again; that is kept in the budget, so
that a call which would be refused is not made: too many refused ones get the whole address banned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from platforms.addresses import CheckedTransport
from platforms.answers import json_of, send
from platforms.base import CommentGone, Denied, NotAuthorised, Unavailable
from platforms.budget import Budget

GONE = (10003, 10008)
"""Unknown channel, unknown message."""
AGENT = "DiscordBot (https://pypi.org/project/modbot, 1)"
"""In the form that Discord asks for."""
AT_ONCE = 100

Native = Mapping[str, Any]


class DiscordRest:
    """The constructor connects to nothing."""

    def __init__(
        self, url: str, token: SecretStr, timeout: float, budget: Budget, *, allow_loopback: bool
    ) -> None:
        self._url = url
        self._budget = budget
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bot {token.get_secret_value()}", "User-Agent": AGENT},
            timeout=timeout,
            transport=CheckedTransport(allow_loopback=allow_loopback),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def me(self) -> tuple[Native, httpx.Response]:
        response = await self._send("GET", "users/@me")
        return _ok(response), response

    async def guild(self, guild: str) -> Native:
        """Raises NotAuthorised where the bot is no member."""
        try:
            found: Native = _ok(await self._send("GET", f"guilds/{guild}"))
        except CommentGone:
            raise NotAuthorised(f"the bot is not on the server {guild}: invite it there") from None
        return found

    async def channels(self, guild: str) -> Sequence[Native]:
        found: Sequence[Native] = _ok(await self._send("GET", f"guilds/{guild}/channels"))
        return found

    async def threads(self, guild: str) -> Sequence[Native]:
        """Those that are not archived."""
        found: Sequence[Native] = _ok(await self._send("GET", f"guilds/{guild}/threads/active"))["threads"]
        return found

    async def archived_threads(self, channel: str, before: str = "") -> tuple[Sequence[Native], bool]:
        """At most a hundred, those archived last first, and whether there are more.

        `before` is the `archive_timestamp` of the last one that was given; empty: from the newest on.
        """
        query = {"limit": AT_ONCE} | ({"before": before} if before else {})
        found = _ok(await self._send("GET", f"channels/{channel}/threads/archived/public", query))
        return found["threads"], bool(found.get("has_more"))

    async def messages(self, channel: str, after: str) -> Sequence[Native]:
        """At most a hundred that follow `after`, the oldest first."""
        path, query = f"channels/{channel}/messages", {"after": after, "limit": AT_ONCE}
        found = _ok(await self._send("GET", path, query))
        return sorted(found or (), key=lambda message: int(message["id"]))

    async def message(self, channel: str, message: str) -> Native:
        """Raises CommentGone."""
        found: Native = _ok(await self._send("GET", f"channels/{channel}/messages/{message}"))
        return found

    async def delete(self, channel: str, message: str, reason: str) -> None:
        """Raises CommentGone."""
        headers = {"X-Audit-Log-Reason": quote(reason, safe="/ ")}
        path = f"channels/{channel}/messages/{message}"
        _ok(await self._send("DELETE", path, headers=headers))

    async def filters(self, guild: str) -> Sequence[Native]:
        """The rules of automatic moderation. Raises NotAuthorised without the right Manage Server."""
        try:
            found: Sequence[Native] = _ok(await self._send("GET", f"guilds/{guild}/auto-moderation/rules"))
        except Denied:
            raise Denied(
                "Discord does not show the server's automatic moderation: give the bot's role Manage Server"
            ) from None
        return found

    async def gateway(self) -> Native:
        """Where the gateway is, and how many sessions may still be started today."""
        found: Native = _ok(await self._send("GET", "gateway/bot"))
        return found

    async def _send(
        self,
        verb: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        unit = _bucket(verb, path)
        self._budget.spend(unit)
        request = self._client.build_request(verb, f"{self._url}/{path}", params=query, headers=headers)
        response = await send(self._client, request)
        self._learn(unit, response)
        return response

    def _learn(self, unit: str, response: httpx.Response) -> None:
        try:
            limit = int(response.headers["x-ratelimit-limit"])
            left = int(response.headers["x-ratelimit-remaining"])
            again = timedelta(seconds=float(response.headers["x-ratelimit-reset-after"]))
        except (KeyError, ValueError):
            return
        self._budget.learn(unit, used=limit - left, limit=limit, resets_at=datetime.now(UTC) + again)


def _bucket(verb: str, path: str) -> str:
    """Calls that Discord counts together: by kind of call, and by channel or server."""
    head, number, *rest = [*path.split("/"), ""]
    kind = "/".join(part for part in rest if part and not part.isdigit())
    return f"Discord {verb} {head}/{number} {kind}".rstrip()


def _ok(response: httpx.Response) -> Any:
    if response.is_success:
        return None if response.status_code == httpx.codes.NO_CONTENT else json_of(response)
    status, code = response.status_code, _code(response)
    if status == httpx.codes.UNAUTHORIZED:
        raise NotAuthorised("Discord does not accept the bot's token: make a new one under Bot, Reset Token")
    if status == httpx.codes.FORBIDDEN:
        raise Denied(
            f"Discord refused ({code}): give the bot's role View Channel, Read Message History and Manage "
            "Messages"
        )
    if status == httpx.codes.NOT_FOUND:
        raise CommentGone(f"Discord does not have it ({code})")
    raise Unavailable(f"Discord answered {status} ({code})")


def _code(response: httpx.Response) -> int:
    """Discord's own number of a failure; 0 where the answer is none of its own."""
    try:
        return int(json_of(response)["code"])
    except (Unavailable, KeyError, TypeError, ValueError):
        return 0
