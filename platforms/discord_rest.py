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
from platforms.base import CommentGone, Denied, NotAuthorised, Unavailable, Unsupported
from platforms.budget import Budget

GONE = (10003, 10008)
"""Unknown channel, unknown message."""
NOT_THIS_PERSON = (50007, 50033, 50278)
"""Who takes no messages of this bot, is none to write to, or shares no server with it any more."""
AGENT = "DiscordBot (https://pypi.org/project/modbot, 1)"
"""In the form that Discord asks for."""
AT_ONCE = 100

Native = Mapping[str, Any]
Listed = tuple[Sequence[Native], bool]
"""Some of a list, and whether it goes on."""


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

    async def archived_threads(self, channel: str, before: str = "") -> Listed:
        """Public ones, at most a hundred, those archived last first, and whether there are more.

        `before` is the `archive_timestamp` of the last one that was given; empty: from the newest on.
        """
        return await self._archived(f"channels/{channel}/threads/archived/public", before)

    async def private_threads(self, channel: str, before: str = "") -> Listed:
        """The same of all private ones. Raises Denied without the right Manage Threads."""
        return await self._archived(f"channels/{channel}/threads/archived/private", before)

    async def joined_threads(self, channel: str, before: str = "") -> Listed:
        """Archived private ones that the bot was added to, the highest number first: `before` is one."""
        return await self._archived(f"channels/{channel}/users/@me/threads/archived/private", before)

    async def _archived(self, path: str, before: str) -> Listed:
        query = {"limit": AT_ONCE} | ({"before": before} if before else {})
        found = _ok(await self._send("GET", path, query))
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

    async def private_channel(self, person: str) -> str:
        """The number of where they and the bot are alone: the same one each time. Raises Unsupported."""
        response = await self._send("POST", "users/@me/channels", body={"recipient_id": person})
        return str(_ok_for(response)["id"])

    async def write(self, channel: str, text: str, nonce: str) -> None:
        """The same nonce within some minutes makes no second message. Raises Unsupported as above."""
        body = {"content": text, "nonce": nonce, "enforce_nonce": True}
        _ok_for(await self._send("POST", f"channels/{channel}/messages", body=body))

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
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        unit = _bucket(verb, path)
        self._budget.spend(unit)
        request = self._client.build_request(
            verb, f"{self._url}/{path}", params=query, headers=headers, json=body
        )
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


def _ok_for(response: httpx.Response) -> Any:
    """As `_ok`, of what is sent to one person."""
    if not response.is_success and (code := _code(response)) in NOT_THIS_PERSON:
        raise Unsupported(f"Discord takes no message of this bot to this person ({code})")
    return _ok(response)


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
