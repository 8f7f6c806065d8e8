"""One Discord server: channels, messages, buckets of calls, and the gateway with sessions to resume."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.simulators import serve
from tests.simulators.discord_line import Line
from tests.simulators.discord_objects import (
    ANA,
    APPLICATION,
    ME,
    SERVER,
    message_of,
    stopped,
    written_now,
)
from tests.simulators.discord_threads import Threads

TOKEN = "a-bots-token.for-the.tests"
CHANNEL = "5000"
PRIVATE = "8000"
"""Where Ana writes to the bot alone."""


@dataclass
class Guild:
    calls: list[Request] = field(default_factory=list)
    refuse: dict[str, Response] = field(default_factory=dict)
    """Answers given instead, by the last part of the path."""
    left: int = 50
    """Calls that every bucket has left; at 0 the next one is refused."""
    heartbeat_ms: int = 40_000
    deaf: bool = False
    """Beats are not answered."""
    close_with: int | None = None
    """The code with which the gateway closes whoever introduces themselves."""
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {CHANNEL: [], PRIVATE: []})
    closed: set[str] = field(default_factory=set)
    """Channels and threads that the bot is not shown; they stand in the list of all the same."""
    takes_none: bool = False
    """Ana takes no messages from members of the server."""
    stays_silent: bool = False
    """A message is sent, and the answer lost."""
    intents: int = 0
    """What the last session asked to be told."""
    threads: Threads = field(default_factory=Threads)
    rules: list[dict[str, Any]] = field(default_factory=list)
    """Of automatic moderation."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    """Everything that was said to the gateway."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """Everything that the gateway told, for who resumes."""
    numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self._sockets: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[dict[str, Any] | int]]] = []
        self._by_nonce: dict[tuple[str, str], str] = {}
        self.url = ""

    def clear(self) -> None:
        """As it was at first, for whoever connects from now on."""
        url, sockets = self.url, self._sockets
        self.__init__()  # type: ignore[misc]
        self.url, self._sockets = url, sockets

    @property
    def app(self) -> Starlette:
        base = "/api/v10"
        routes = {
            "/users/@me": self._me,
            "/oauth2/applications/@me": self._application,
            f"/guilds/{SERVER}": self._guild,
            f"/guilds/{SERVER}/channels": self._channels,
            f"/guilds/{SERVER}/threads/active": self._active,
            f"/guilds/{SERVER}/auto-moderation/rules": self._rules,
            "/channels/{channel}/threads/archived/public": self._archived,
            "/channels/{channel}/threads/archived/private": self._archived_private,
            "/channels/{channel}/users/@me/threads/archived/private": self._archived_joined,
            "/channels/{channel}/messages": self._list,
            "/gateway/bot": self._where,
        }
        found: list[Any] = [Route(f"{base}{path}", answer) for path, answer in routes.items()]
        one = f"{base}/channels/{{channel}}/messages/{{message}}"
        found += [Route(one, self._one, methods=["GET", "DELETE"])]
        found += [Route(f"{base}/channels/{{channel}}/messages", self._sent, methods=["POST"])]
        found += [Route(f"{base}/users/@me/channels", self._opened, methods=["POST"])]
        return Starlette(
            routes=[*found, WebSocketRoute("/gateway", self._gateway), Route("/{rest:path}", _unknown)]
        )

    # What people do

    def write(self, text: str, *, channel: str = CHANNEL, answers: str | None = None, **more: Any) -> str:
        message = message_of(next(self.numbers), text, channel, answers=bool(answers)) | more
        if answers:
            message["message_reference"] = {"message_id": answers, "channel_id": channel, "guild_id": SERVER}
        self.messages[channel].append(message)
        self._tell_of(channel, "MESSAGE_CREATE", message)
        return str(message["id"])

    def stop(self, text: str) -> None:
        """AutoMod keeps a message from appearing, and tells the moderators: two deeds for one message."""
        told = stopped(text, CHANNEL)
        for deed in ({"type": 2, "metadata": {}}, {"type": 1, "metadata": {}}):
            self._tell("AUTO_MODERATION_ACTION_EXECUTION", told | {"action": deed}, intent=1 << 21)

    def edit(self, number: str, text: str) -> None:
        message = self._find(number)
        assert message
        message |= {"content": text, "edited_timestamp": datetime.now(UTC).isoformat()}
        self._tell_of(message["channel_id"], "MESSAGE_UPDATE", message)

    def delete(self, *numbers: str, channel: str = CHANNEL) -> None:
        self.messages[channel] = [each for each in self.messages[channel] if each["id"] not in numbers]
        fields: dict[str, Any] = {"channel_id": channel}
        if len(numbers) == 1:
            self._tell_of(channel, "MESSAGE_DELETE", fields | {"id": numbers[0]})
        else:
            self._tell_of(channel, "MESSAGE_DELETE_BULK", fields | {"ids": list(numbers)})

    def thread(self, number: str, *, archived: bool = False, private: bool = False) -> None:
        self.messages.setdefault(number, [])
        self.threads.open(number, CHANNEL, archived=archived, private=private)

    def put_away(self, number: str) -> None:
        """After all that were put away before."""
        self.threads.put_away(number)

    def drop(self, code: int = 1001) -> None:
        """End every connection to the gateway."""
        for loop, queue in self._sockets:
            loop.call_soon_threadsafe(queue.put_nowait, code)

    # What Discord answers

    async def _me(self, request: Request) -> Response:
        return self._answer(request, ME)

    async def _application(self, request: Request) -> Response:
        return self._answer(request, APPLICATION)

    async def _guild(self, request: Request) -> Response:
        return self._answer(request, {"id": SERVER, "name": "District"})

    async def _channels(self, request: Request) -> Response:
        about = {"id": CHANNEL, "type": 0, "guild_id": SERVER, "name": "general"}
        return self._answer(request, [about | {"last_message_id": self._last(CHANNEL)}])

    async def _rules(self, request: Request) -> Response:
        return self._answer(request, self.rules)

    async def _active(self, request: Request) -> Response:
        shown = [self._with_last(each) for each in self.threads.active()]
        return self._answer(request, {"threads": shown, "members": [], "has_more": False})

    async def _archived(self, request: Request) -> Response:
        return self._answer(request, self._part(request, self.threads.by_time(_query(request))))

    async def _archived_private(self, request: Request) -> Response:
        if not self.threads.shows_all:
            return self._answer(request, {"message": "Missing Permissions", "code": 50013}, 403)
        listed = self.threads.by_time(_query(request), private=True)
        return self._answer(request, self._part(request, listed))

    async def _archived_joined(self, request: Request) -> Response:
        return self._answer(request, self._part(request, self.threads.by_number(_query(request))))

    def _part(self, request: Request, listed: Sequence[dict[str, Any]]) -> dict[str, Any]:
        limit = int(request.query_params.get("limit", 50))
        shown = [self._with_last(each) for each in listed[:limit]]
        return {"threads": shown, "members": [], "has_more": len(listed) > limit}

    def _with_last(self, thread: dict[str, Any]) -> dict[str, Any]:
        return thread | {"last_message_id": self._last(thread["id"])}

    async def _opened(self, request: Request) -> Response:
        request.scope["sent"] = sent = await request.json()
        if str(sent.get("recipient_id")) != ANA["id"]:
            return self._answer(request, {"message": "Unknown User", "code": 10013}, 404)
        about = {"id": PRIVATE, "type": 1, "flags": 0, "recipients": [ANA]}
        return self._answer(request, about | {"last_message_id": self._last(PRIVATE)})

    async def _sent(self, request: Request) -> Response:
        """A message of the bot's; one with the same nonce is the same."""
        request.scope["sent"] = sent = await request.json()
        channel = request.path_params["channel"]
        if channel == PRIVATE and self.takes_none:
            refused = {"message": "Cannot send messages to this user", "code": 50007}
            return self._answer(request, refused, 403)
        if channel in self.closed:
            return self._answer(request, None)
        key = (channel, str(sent.get("nonce")))
        if not (sent.get("enforce_nonce") and key in self._by_nonce):
            self._by_nonce[key] = self.write(sent["content"], channel=channel, author=ME, **written_now())
        if self.stays_silent:
            self.calls.append(request)
            return Response(status_code=502)
        return self._answer(request, self._find(self._by_nonce[key]))

    async def _list(self, request: Request) -> Response:
        found = self.messages.get(request.path_params["channel"])
        if found is None:
            return self._answer(request, {"message": "Unknown Channel", "code": 10003}, 404)
        after, limit = request.query_params.get("after"), int(request.query_params.get("limit", 50))
        if not 1 <= limit <= 100:
            return self._answer(request, {"message": "Invalid Form Body", "code": 50035}, 400)
        listed = found[-limit:] if after is None else [e for e in found if int(e["id"]) > int(after)][:limit]
        return self._answer(request, list(reversed(listed)))

    async def _one(self, request: Request) -> Response:
        message = self._find(request.path_params["message"], request.path_params["channel"])
        if message is None:
            return self._answer(request, {"message": "Unknown Message", "code": 10008}, 404)
        if request.method == "GET":
            return self._answer(request, message)
        answer = self._answer(request, None, 204)
        if answer.status_code == 204:
            self.delete(message["id"], channel=message["channel_id"])
        return answer

    async def _where(self, request: Request) -> Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        url = self.url.replace("http://", "ws://") + "/gateway"
        return self._answer(request, {"url": url, "shards": 1, "session_start_limit": limit})

    def _answer(self, request: Request, body: Any, status: int = 200) -> Response:
        self.calls.append(request)
        if request.headers.get("authorization") != f"Bot {TOKEN}":
            return JSONResponse({"message": "401: Unauthorized", "code": 0}, 401)
        channel = request.path_params.get("channel")
        if channel in self.closed or self.threads.is_kept_from_us(channel):
            return JSONResponse({"message": "Missing Access", "code": 50001}, 403)
        refused = self.refuse.get(request.url.path.rpartition("/")[2])
        if refused is not None:
            return refused
        if self.left <= 0:
            limited = {"message": "You are being rate limited.", "retry_after": 0.5, "global": False}
            return JSONResponse(limited, 429, headers={"retry-after": "1", "x-ratelimit-scope": "user"})
        headers = {
            "x-ratelimit-limit": "50",
            "x-ratelimit-remaining": str(max(0, self.left - 1)),
            "x-ratelimit-reset-after": "1.0",
            "x-ratelimit-bucket": "abc",
        }
        if status == 204:
            return Response(status_code=204, headers=headers)
        return JSONResponse(body, status, headers=headers)

    def _find(self, number: str, channel: str | None = None) -> dict[str, Any] | None:
        found = [each for some in self.messages.values() for each in some if each["id"] == number]
        return next((each for each in found if channel in (None, each["channel_id"])), None)

    def _last(self, channel: str) -> str | None:
        return self.messages[channel][-1]["id"] if self.messages.get(channel) else None

    # The gateway

    def _tell_of(self, channel: str, name: str, data: dict[str, Any]) -> None:
        """Of a message; one that was written in private is told without a server."""
        if channel == PRIVATE:
            self._tell(name, data, intent=1 << 12)
        else:
            self._tell(name, data | {"guild_id": SERVER}, intent=1 << 9)

    def _tell(self, name: str, data: dict[str, Any], *, intent: int) -> None:
        if self._sockets and not self.intents & intent:
            return
        message = {"op": 0, "t": name, "s": len(self.told) + 1, "d": data}
        self.told.append(message)
        for loop, queue in self._sockets:
            loop.call_soon_threadsafe(queue.put_nowait, message)

    async def _gateway(self, socket: WebSocket) -> None:
        await socket.accept()
        line, beat = Line(socket), {"heartbeat_interval": self.heartbeat_ms}
        await line.send({"op": 10, "d": beat, "t": None, "s": None})
        queue: asyncio.Queue[dict[str, Any] | int] = asyncio.Queue()
        place = (asyncio.get_running_loop(), queue)
        telling = asyncio.create_task(self._telling(line, queue))
        try:
            while True:
                await self._hear(line, json.loads(await socket.receive_text()), place)
        except WebSocketDisconnect:
            pass
        finally:
            telling.cancel()
            if place in self._sockets:
                self._sockets.remove(place)

    async def _hear(self, line: Line, message: dict[str, Any], place: Any) -> None:
        self.heard.append(message)
        if message["op"] == 1 and not self.deaf:
            await line.send({"op": 11, "d": None, "t": None, "s": None})
        if message["op"] in (2, 6):
            if message["d"]["token"] != TOKEN or self.close_with:
                await line.socket.close(self.close_with or 4004)
                raise WebSocketDisconnect
            self._sockets.append(place)
            await self._begin(place[1], message)

    async def _begin(self, queue: asyncio.Queue[dict[str, Any] | int], message: dict[str, Any]) -> None:
        last = len(self.told)
        if message["op"] == 2:
            self.intents = message["d"]["intents"]
            url = self.url.replace("http://", "ws://") + "/gateway"
            ready = {"session_id": "s1", "resume_gateway_url": url, "v": 10, "user": ME, "guilds": []}
            ready |= {"application": {"id": "9", "flags": 0}, "private_channels": [], "relationships": []}
            queue.put_nowait({"op": 0, "t": "READY", "s": last, "d": ready})
            return
        for missed in self.told[message["d"]["seq"] or 0 :]:
            queue.put_nowait(missed)
        queue.put_nowait({"op": 0, "t": "RESUMED", "s": last, "d": {}})

    async def _telling(self, line: Line, queue: asyncio.Queue[dict[str, Any] | int]) -> None:
        while True:
            message = await queue.get()
            if isinstance(message, int):
                await line.socket.close(message)
                return
            await line.send(message)


@pytest.fixture(scope="session")
def served_discord() -> Iterator[Guild]:
    guild = Guild()
    with serve(guild.app) as guild.url:
        yield guild


@pytest.fixture
def simulated_discord(served_discord: Guild) -> Guild:
    """Empty."""
    served_discord.clear()
    return served_discord


def _query(request: Request) -> tuple[str, str | None]:
    """The channel, and where its list is gone on with."""
    return request.path_params["channel"], request.query_params.get("before")


async def _unknown(request: Request) -> Response:
    return JSONResponse({"message": "404: Not Found", "code": 0}, 404)
