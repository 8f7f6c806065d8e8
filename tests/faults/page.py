"""A page that outlives the bot: an HTTP server with its own memory, and the adapter that speaks to it.

The server answers with failures when told to: 429, 500, garbage, half a body, or an action that is carried
out while its answer is lost.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx

from platforms.answers import json_of, send
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    CommentGone,
    Effect,
    Event,
    EventKind,
    Identity,
    Platform,
    PlatformSettings,
    Receipt,
    Visibility,
)

FAILURES = ("429", "500", "garbage", "half", "lost")


class Wall:
    """The comments and everything that was done to them. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.texts: dict[str, list[str]] = {}
        self.hidden: set[str] = set()
        self.changes: list[tuple[str, str]] = []
        """(action, id) for every call that changed something."""
        self.failing = 0.0
        """Share of the answers that fail."""
        self._lock = threading.Lock()
        self._random = random.Random(4007)

    def say(self, comment_id: str, text: str) -> None:
        """A new comment, or a new wording of one."""
        with self._lock:
            kind = "edited" if comment_id in self.texts else "created"
            self.texts.setdefault(comment_id, []).append(text)
            number = len(self.texts[comment_id])
            self.events.append({"kind": kind, "id": comment_id, "text": text, "revision": f"r{number}"})

    def listed(self, start: int, size: int) -> list[dict[str, Any]]:
        with self._lock:
            return self.events[start : start + size]

    def act(self, action: str, comment_id: str) -> bool | None:
        """Whether it changed anything; None for an unknown comment."""
        with self._lock:
            if comment_id not in self.texts:
                return None
            wanted = action == "hide"
            if (comment_id in self.hidden) == wanted:
                return False
            self.hidden.symmetric_difference_update({comment_id})
            self.changes.append((action, comment_id))
            return True

    def failure(self) -> str:
        with self._lock:
            return self._random.choice(FAILURES) if self._random.random() < self.failing else ""


class _Handler(BaseHTTPRequestHandler):
    wall: Wall
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        start, size = self.path.rsplit("/", 2)[1:]
        failure = self.wall.failure()
        self._answer(200, self.wall.listed(int(start), int(size)), failure)

    def do_POST(self) -> None:
        action, comment_id = self.path.rsplit("/", 2)[1:]
        failure = self.wall.failure()
        changed = None if failure in ("429", "500") else self.wall.act(action, comment_id)
        status = 404 if changed is None else 200
        self._answer(status, {"changed": changed, "hidden": comment_id in self.wall.hidden}, failure)

    def _answer(self, status: int, value: object, failure: str) -> None:
        body = json.dumps(value).encode()
        if failure == "lost":
            self.close_connection = True
            return
        if failure.isdigit():
            status = int(failure)
        if failure == "garbage":
            body = b"<html>not what you asked for"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        if failure == "half":
            body = body[: len(body) // 2]
            self.close_connection = True
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server:
    """The wall on a free loopback port, in a thread of this process."""

    def __init__(self) -> None:
        self.wall = Wall()
        handler = type("Handler", (_Handler,), {"wall": self.wall})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class WallSettings(PlatformSettings):
    url: str
    size: int = 7


class WallPlatform(Platform):
    """The adapter: cursors count events; every answer is read, and every action read back."""

    name = "wall"
    Settings: ClassVar[type[PlatformSettings]] = WallSettings
    capabilities = Capabilities(
        actions={
            ActionKind.HIDE: Effect(reversible=True, note=""),
            ActionKind.UNHIDE: Effect(reversible=True, note=""),
        },
        native_revisions=True,
        sees_edits="poll",
    )
    settings: WallSettings

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> Identity:
        return Identity(account="wall", can_moderate=True)

    async def poll(self, cursor: str | None) -> Batch:
        start = int(cursor or 0)
        found = json_of(await self._send("GET", f"/events/{start}/{self.settings.size}"))
        end = start + len(found)
        return Batch([_event(each) for each in found], str(end), more=len(found) == self.settings.size)

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        response = await self._send("POST", f"/act/{action.value}/{id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            raise CommentGone(id)
        answer: Mapping[str, Any] = json_of(response)
        seen = Visibility.HIDDEN if answer["hidden"] else Visibility.VISIBLE
        return Receipt(
            action=action,
            id=id,
            visibility=seen,
            already=not answer["changed"],
            at=datetime.now(UTC),
            answer=answer,
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _send(self, method: str, path: str) -> httpx.Response:
        if self._client is None:
            self._client = httpx.AsyncClient(base_url=self.settings.url, timeout=5)
        return await send(self._client, self._client.build_request(method, path))


def _event(found: Mapping[str, Any]) -> Event:
    now = datetime.now(UTC)
    comment = Comment(
        id=found["id"],
        revision=found["revision"],
        post="1",
        text=found["text"],
        payload=dict(found),
        created_at=now,
        edited_at=now if found["kind"] == "edited" else None,
    )
    return Event(kind=EventKind(found["kind"]), id=found["id"], comment=comment, at=now)


def texts(count: int, seed: int) -> Sequence[tuple[str, str]]:
    """(id, text) as the public writes: a few offers and threats, some copies, some later edits."""
    chance = random.Random(seed)
    said: list[tuple[str, str]] = []
    for number in range(count):
        if said and chance.random() < 0.1:
            said.append((chance.choice(said)[0], f"Edited, buy now {number}"))
            continue
        text = chance.choice(
            [
                "Lovely concert {}",
                "When does the bus come {}?",
                "Buy now, offer {}",
                "I will hurt you {}",
                "Buy now!",
            ]
        )
        said.append((f"c{number}", text.format(number)))
    return said
