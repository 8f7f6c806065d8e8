"""One Discord server: channels, messages, buckets of calls, and the gateway with sessions to resume."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

TOKEN = "a-bots-token.for-the.tests"
SERVER, CHANNEL = "4000", "5000"
PRIVATE = "8000"
"""Where Ana writes to the bot alone."""
STARTED = datetime(2026, 11, 1, tzinfo=UTC)
ANA = {"id": "77", "username": "ana", "global_name": "Ana", "discriminator": "0", "avatar": None}
ME = {"id": "9", "username": "modbot", "discriminator": "0", "avatar": None, "bot": True}
EPOCH_MS = 1_420_070_400_000


def snowflake(number: int) -> int:
    """An id as Discord makes them: milliseconds since 2015, then a counter."""
    return (int(STARTED.timestamp() * 1000) + number * 1000 - EPOCH_MS) << 22 | number % 4096


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
    intents: int = 0
    """What the last session asked to be told."""
    threads: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    """Of automatic moderation."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    """Everything that was said to the gateway."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """Everything that the gateway told, for who resumes."""
    numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self._sockets: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[dict[str, Any] | int]]] = []
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
            "/channels/{channel}/messages": self._list,
            "/gateway/bot": self._where,
        }
        found: list[Any] = [Route(f"{base}{path}", answer) for path, answer in routes.items()]
        one = f"{base}/channels/{{channel}}/messages/{{message}}"
        found += [Route(one, self._one, methods=["GET", "DELETE"])]
        return Starlette(
            routes=[*found, WebSocketRoute("/gateway", self._gateway), Route("/{rest:path}", _unknown)]
        )

    # What people do

    def write(self, text: str, *, channel: str = CHANNEL, answers: str | None = None, **more: Any) -> str:
        number = next(self.numbers)
        message: dict[str, Any] = {
            "id": str(snowflake(number)),
            "channel_id": channel,
            "type": 19 if answers else 0,
            "content": text,
            "author": ANA,
            "timestamp": datetime.fromtimestamp(STARTED.timestamp() + number, UTC).isoformat(),
            "edited_timestamp": None,
            **_PLAIN,
            **more,
        }
        if answers:
            message["message_reference"] = {"message_id": answers, "channel_id": channel, "guild_id": SERVER}
        self.messages[channel].append(message)
        self._tell_of(channel, "MESSAGE_CREATE", message)
        return str(message["id"])

    def stop(self, text: str) -> None:
        """AutoMod keeps a message from appearing, and tells the moderators: two deeds for one message."""
        told: dict[str, Any] = {
            "guild_id": SERVER,
            "rule_id": "6000",
            "rule_trigger_type": 1,
            "user_id": ANA["id"],
        }
        told |= {"content": text, "matched_keyword": "levy", "matched_content": "levy", "channel_id": CHANNEL}
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

    def thread(self, number: str, *, archived: bool = False) -> None:
        at = STARTED + timedelta(hours=len(self.threads))
        about = {"archived": archived, "archive_timestamp": at.isoformat(), "auto_archive_duration": 60}
        about |= {"locked": False}
        self.messages.setdefault(number, [])
        self.threads.append(
            {"id": number, "type": 11, "name": "a thread", "parent_id": CHANNEL, "thread_metadata": about}
        )

    def put_away(self, number: str) -> None:
        """After all that were put away before."""
        (thread,) = [each for each in self.threads if each["id"] == number]
        self.threads.remove(thread)
        self.thread(number, archived=True)

    def drop(self, code: int = 1001) -> None:
        """End every connection to the gateway."""
        for loop, queue in self._sockets:
            loop.call_soon_threadsafe(queue.put_nowait, code)

    # What Discord answers

    async def _me(self, request: Request) -> Response:
        return self._answer(request, ME)

    async def _application(self, request: Request) -> Response:
        about: dict[str, Any] = {
            "id": "9",
            "name": "modbot",
            "description": "",
            "icon": None,
            "verify_key": "",
            "flags": 0,
        }
        about |= {"bot_public": False, "bot_require_code_grant": False, "owner": ANA, "team": None}
        return self._answer(request, about)

    async def _guild(self, request: Request) -> Response:
        return self._answer(request, {"id": SERVER, "name": "District"})

    async def _channels(self, request: Request) -> Response:
        about = {"id": CHANNEL, "type": 0, "guild_id": SERVER, "name": "general"}
        return self._answer(request, [about | {"last_message_id": self._last(CHANNEL)}])

    async def _rules(self, request: Request) -> Response:
        return self._answer(request, self.rules)

    async def _active(self, request: Request) -> Response:
        return self._answer(
            request, {"threads": self._threads(archived=False), "members": [], "has_more": False}
        )

    async def _archived(self, request: Request) -> Response:
        limit, before = int(request.query_params.get("limit", 50)), request.query_params.get("before")
        listed = [
            each
            for each in reversed(self._threads(archived=True))
            if each["parent_id"] == request.path_params["channel"]
            and (before is None or each["thread_metadata"]["archive_timestamp"] < before)
        ]
        more = len(listed) > limit
        return self._answer(request, {"threads": listed[:limit], "members": [], "has_more": more})

    def _threads(self, *, archived: bool) -> list[dict[str, Any]]:
        return [
            each | {"last_message_id": self._last(each["id"])}
            for each in self.threads
            if each["thread_metadata"]["archived"] is archived
        ]

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
        if request.path_params.get("channel") in self.closed:
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


class Line:
    """One connection to the gateway, packed where the client asks for it."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        packed = socket.query_params.get("compress") == "zlib-stream"
        self._packing = zlib.compressobj() if packed else None

    async def send(self, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        if self._packing is None:
            await self.socket.send_text(text)
        else:
            packed = self._packing.compress(text.encode()) + self._packing.flush(zlib.Z_SYNC_FLUSH)
            await self.socket.send_bytes(packed)


async def _unknown(request: Request) -> Response:
    return JSONResponse({"message": "404: Not Found", "code": 0}, 404)


_PLAIN: dict[str, Any] = {
    "tts": False,
    "mention_everyone": False,
    "mentions": [],
    "mention_roles": [],
    "attachments": [],
    "embeds": [],
    "pinned": False,
    "flags": 0,
    "components": [],
}
