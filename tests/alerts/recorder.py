"""A server that stands where Discord does: keeps every request, and answers as it is told to."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any

from aiohttp import web

MESSAGE = {
    "id": "5",
    "channel_id": "2",
    "content": "Hello",
    "author": {"id": "1", "username": "w", "discriminator": "0000", "avatar": None},
    "embeds": [{"type": "rich", "title": "News"}],
    "timestamp": "2026-11-22T01:02:03.000000+00:00",
    **dict.fromkeys(("attachments", "mentions", "mention_roles", "components"), ()),
    **dict.fromkeys(("pinned", "mention_everyone", "tts"), False),
    **{"edited_timestamp": None, "flags": 0, "type": 0, "webhook_id": "1"},
}
WEBHOOK = {"id": "1", "type": 1, "name": "Alerts", "channel_id": "2", "guild_id": "3", "avatar": None}


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    payload: Any
    """The JSON, wherever in the body it stood; None without any."""
    files: list[tuple[str, str, bytes]]
    at: float


class Recorder:
    """`script` answers the first requests; after them, what Discord answers when all is well."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.script: list[Answer] = []
        self.url = ""

    async def __aenter__(self) -> Recorder:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        payload, files = read(request.headers.get("Content-Type", ""), await request.read())
        kept = Request(request.method, request.path, dict(request.query), payload, files, time.monotonic())
        self.requests.append(kept)
        answer = self.script.pop(0) if self.script else _as_discord(request)
        if answer.body is None:
            return web.Response(status=204 if answer.status == 200 else answer.status, headers=answer.headers)
        return web.Response(
            status=answer.status,
            body=json.dumps(answer.body, default=list).encode(),
            headers={"Content-Type": "application/json"} | dict(answer.headers),
        )


def _as_discord(request: web.Request) -> Answer:
    if request.method == "DELETE":
        return Answer()
    if request.method == "GET" and "/messages/" not in request.path:
        return Answer(body=WEBHOOK)
    waits = request.method != "POST" or request.query.get("wait") in ("1", "true")
    return Answer(body=MESSAGE if waits else None)


def read(content_type: str, body: bytes) -> tuple[Any, list[tuple[str, str, bytes]]]:
    """The payload and the files of a request's body."""
    if not body:
        return None, []
    if not content_type.startswith("multipart/"):
        return json.loads(body), []
    form = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = form.get_payload()
    assert isinstance(parts, list)
    payload: Any = None
    files = []
    for part in parts:
        assert isinstance(part, Message)
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if name == "payload_json":
            payload = json.loads(content)
        else:
            files.append((name, part.get_content_type(), content))
    return payload, files
