"""The way between the adapters and their platforms, on which things go wrong."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from platforms.addresses import CheckedTransport

KINDS = ("no answer", "lost", "429", "503", "half")
"""Nothing is sent; it is sent and the answer is lost; it is refused for now; half of the answer comes."""
QUOTA = b"quotaExceeded"

_carry = CheckedTransport.handle_async_request


@dataclass
class Line:
    chance: random.Random
    share: float
    """Of all calls, those that something happens to."""
    broken: bool = True
    down: set[str] = field(default_factory=set)
    """The addresses (host:port) of platforms that do not answer at all for a while."""
    happened: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By address: how often a platform itself said that its quota is used up."""

    async def carry(self, transport: CheckedTransport, request: httpx.Request) -> httpx.Response:
        where = request.url.netloc.decode()
        fault = self._fault(where)
        self.happened[fault] += 1
        self.calls += 1
        if fault == "no answer":
            raise httpx.ConnectTimeout("nothing came", request=request)
        if fault in ("429", "503"):
            soon = {"retry-after": "1", "x-rate-limit-reset": str(int(time.time()) + 1)}
            return httpx.Response(int(fault), headers=soon, json={"retry_after": 1}, request=request)
        response = await _carry(transport, request)
        return await self._given(response, fault, where)

    def _fault(self, where: str) -> str:
        if not self.broken:
            return ""
        if where in self.down:
            return "503"
        return self.chance.choice(KINDS) if self.chance.random() < self.share else ""

    async def _given(self, response: httpx.Response, fault: str, where: str) -> httpx.Response:
        body = await response.aread()
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or QUOTA in body:
            self.refused[where] += 1
        if fault == "lost":
            raise httpx.ReadTimeout("the answer did not come")
        headers = [(name, value) for name, value in response.headers.raw if name.lower() not in FRAMING]
        whole = body[: len(body) // 2] if fault == "half" else body
        # As a stream, which the client closes, or it would not know how long the answer took.
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(whole))


FRAMING = (b"content-length", b"content-encoding", b"transfer-encoding")
"""What no longer holds of a body that was read."""


@contextmanager
def laid(monkeypatch: pytest.MonkeyPatch, chance: random.Random, share: float) -> Iterator[Line]:
    """Every call of every adapter goes over this line."""
    line = Line(chance, share)

    async def carry(transport: CheckedTransport, request: httpx.Request) -> httpx.Response:
        return await line.carry(transport, request)

    with monkeypatch.context() as patch:
        patch.setattr(CheckedTransport, "handle_async_request", carry)
        yield line
