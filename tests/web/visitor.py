"""A browser without a screen: asks an application in this process as one would over HTTP."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI

from modbot import config
from modbot.config import Settings

HERE = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Visitor:
    app: FastAPI
    token: str = ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._send("GET", path, None, headers)

    def post(
        self, path: str, data: Mapping[str, str], *, script: bool = True, **headers: str
    ) -> httpx.Response:
        """A form of our own page, sent by its script or by the browser itself."""
        ours = {"Origin": HERE} | ({"HX-Request": "true"} if script else {}) | headers
        return self._send("POST", path, {"token": self.token} | dict(data), ours)

    def _send(
        self, method: str, path: str, data: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
                return await client.request(method, path, data=data, headers=dict(headers))

        return asyncio.run(send())


def visit(app: FastAPI) -> Visitor:
    """Somebody who has loaded the practice page, and so holds its token."""
    page = Visitor(app).get("/practice").text
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return Visitor(app, found[1])


def words(page: str) -> str:
    """What a reader sees of a page or a part of it, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def settings(folder: Path, *pages: str, host: str = "127.0.0.1") -> Settings:
    """Settings that watch pages of these keys."""
    named = [{"key": key, "platform": "memory"} for key in pages]
    return config.build({"page": named, "web": {"host": host}}, folder / "modbot.toml")
