"""Discord's gateway: a websocket that tells of edits and deletions as they happen.

What it misses while it is down is found by looking messages up again; so an event is only ever a hint, kept
in memory until a poll takes it. A session that broke off is resumed, which brings what was missed meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from platforms import addresses
from platforms.base import NotAuthorised

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12
MESSAGE_CONTENT, AUTO_MODERATION_EXECUTION = 1 << 15, 1 << 21
INTENTS = GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT | AUTO_MODERATION_EXECUTION
"""AutoMod's deeds come only to a bot that may manage the server; nobody else is refused for asking."""
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
FATAL = {
    4004: "Discord does not accept the bot's token: make a new one under Bot, Reset Token",
    4010: "the gateway refuses this number of shards",
    4011: "the bot is on too many servers for one connection",
    4012: "the gateway's version is no longer there: update modbot",
    4013: "the gateway does not know what modbot asks for: update modbot",
    4014: "switch on Message Content Intent for the bot in Discord's developer portal, under Bot",
}
"""Close codes after which connecting again is of no use."""
NEW_SESSION = (4007, 4009)
LONGEST_PAUSE = 300.0
LARGEST = 2**24

log = logging.getLogger(__name__)

Take = Callable[[str, Mapping[str, Any]], None]
"""Called with an event's name and its data, also when a new session begins, by the name READY."""


class Gateway:
    """Runs until `close`. `failure` is what a person has to mend before it can run."""

    def __init__(
        self,
        where: Callable[[], Awaitable[str]],
        token: SecretStr,
        take: Take,
        *,
        intents: int = INTENTS,
        allow_loopback: bool,
    ) -> None:
        self._where = where
        self._token = token
        self._take = take
        self._intents = intents
        self._allow_loopback = allow_loopback
        self._task: asyncio.Task[None] | None = None
        self._session = ""
        self._resume_at = ""
        self._last: int | None = None
        self._heard = True
        self._pauses = 0
        self.failure: NotAuthorised | None = None
        self.ready = asyncio.Event()

    @property
    def place(self) -> str:
        """Of the event that is being taken; the same when it is told again in a resumed session."""
        return hashlib.sha256(f"{self._session}/{self._last}".encode()).hexdigest()[:16]

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while self.failure is None:
            try:
                await self._one_connection()
            except ConnectionClosed as closed:
                self._judge(closed.rcvd.code if closed.rcvd else 1006)
            except NotAuthorised as error:
                self.failure = error
            except Exception as error:  # whatever one message holds must not end the line for good
                log.warning("the gateway of Discord broke off: %s", type(error).__name__)
            self.ready.clear()
            if self.failure is None:
                await asyncio.sleep(self._pause())

    async def _one_connection(self) -> None:
        url = httpx.URL(self._resume_at or await self._where())
        secure = url.scheme == "wss"
        checked = url.copy_with(scheme="https" if secure else "http")
        address, *_ = await addresses.resolve(checked, allow_loopback=self._allow_loopback)
        uri = str(url.copy_merge_params({"v": "10", "encoding": "json"}))
        port = url.port or (443 if secure else 80)
        async with connect(uri, host=str(address), port=port, max_size=LARGEST, proxy=None) as socket:
            await self._talk(socket)

    async def _talk(self, socket: ClientConnection) -> None:
        hello = json.loads(await socket.recv())
        self._heard = True
        beating = asyncio.create_task(self._beat(socket, hello["d"]["heartbeat_interval"] / 1000))
        try:
            await self._introduce(socket)
            async for message in socket:
                if not await self._hear(socket, json.loads(message)):
                    return
            # An orderly end, which tells its code only here.
            self._judge(socket.close_code or 1000)
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await beating

    async def _introduce(self, socket: ClientConnection) -> None:
        token = self._token.get_secret_value()
        if self._session:
            data: dict[str, Any] = {"token": token, "session_id": self._session, "seq": self._last}
            await _say(socket, RESUME, data)
        else:
            about = {"os": "linux", "browser": "modbot", "device": "modbot"}
            await _say(socket, IDENTIFY, {"token": token, "intents": self._intents, "properties": about})

    async def _hear(self, socket: ClientConnection, message: Mapping[str, Any]) -> bool:
        """False: connect again."""
        what, data = message["op"], message.get("d")
        if what == DISPATCH:
            self._dispatched(message)
        elif what == HEARTBEAT:
            await _say(socket, HEARTBEAT, self._last)
        elif what == ACK:
            self._heard = True
        elif what == RECONNECT:
            return False
        elif what == INVALID:
            if not data:
                self._forget()
            return False
        return True

    def _dispatched(self, message: Mapping[str, Any]) -> None:
        name, data = message["t"], message["d"]
        self._last = message["s"]
        if name == "READY":
            self._session, self._resume_at = data["session_id"], data["resume_gateway_url"]
        if name in ("READY", "RESUMED"):
            self._pauses = 0
            self.ready.set()
        if name != "RESUMED":
            self._take(name, data)

    async def _beat(self, socket: ClientConnection, seconds: float) -> None:
        """An unanswered beat means that nobody is there, whatever the socket says."""
        await asyncio.sleep(seconds * random.random())  # noqa: S311 - spreads the beats of many
        while self._heard:
            self._heard = False
            await _say(socket, HEARTBEAT, self._last)
            await asyncio.sleep(seconds)
        await socket.close(4000)

    def _judge(self, code: int) -> None:
        if code in FATAL:
            self.failure = NotAuthorised(FATAL[code])
        if code in NEW_SESSION:
            self._forget()

    def _forget(self) -> None:
        self._session, self._resume_at, self._last = "", "", None

    def _pause(self) -> float:
        """A resumed session soon, a failing one ever later."""
        self._pauses += 1
        longest = min(LONGEST_PAUSE, 2.0 ** min(self._pauses, 10))
        return longest * random.uniform(0.25, 0.5)  # noqa: S311


async def _say(socket: ClientConnection, what: int, data: Any) -> None:
    await socket.send(json.dumps({"op": what, "d": data}))
