"""Waiting as Discord asks: before a bucket is empty, after a 429, and for everybody after a global one.

Discord names the bucket that a route shares with others in each answer's X-RateLimit-Bucket header. Until
then a route has a bucket of its own. One request of a bucket runs at a time, so that the next one knows what
the last one was told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Route = tuple[str, str]
"""Method and path; the path of a message's requests without the message."""


@dataclass(slots=True)
class Bucket:
    free_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class TooLong(Exception):
    """Raised instead of waiting; `seconds` is how long it would have been."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class RateLimits:
    def __init__(self) -> None:
        self._everything_free_at = 0.0
        self._buckets: dict[Route, Bucket] = {}
        self._named: dict[tuple[str, str], Bucket] = {}

    @asynccontextmanager
    async def turn(self, route: Route, longest: float | None) -> AsyncIterator[None]:
        """Hold the route's bucket once it has room. Raises TooLong rather than wait beyond `longest`."""
        bucket = self._buckets.setdefault(route, Bucket())
        async with bucket.lock:
            await _pause(max(bucket.free_at, self._everything_free_at) - time.monotonic(), longest)
            yield

    async def wait(self, seconds: float, longest: float | None) -> None:
        """After a 429. Raises TooLong rather than wait beyond `longest`."""
        await _pause(seconds, longest)

    def note(self, route: Route, headers: Mapping[str, str]) -> None:
        """Remember what an answer said of its bucket."""
        bucket = self._buckets[route]
        name = headers.get("x-ratelimit-bucket")
        if name:
            # Buckets are counted for each webhook by itself, so its path is part of the name.
            webhook = "/".join(route[1].split("/")[:3])
            bucket = self._buckets[route] = self._named.setdefault((webhook, name), bucket)
        if headers.get("x-ratelimit-remaining") == "0":
            bucket.free_at = time.monotonic() + seconds_in(headers.get("x-ratelimit-reset-after"), 1.0)

    def hold(self, route: Route, seconds: float) -> None:
        """The bucket is empty for so long."""
        self._buckets[route].free_at = time.monotonic() + seconds

    def hold_all(self, seconds: float) -> None:
        """No webhook of this client may ask for so long."""
        self._everything_free_at = time.monotonic() + seconds


def seconds_in(text: str | None, otherwise: float) -> float:
    try:
        return max(0.0, float(text or ""))
    except ValueError:
        return otherwise


async def _pause(seconds: float, longest: float | None) -> None:
    if seconds <= 0:
        return
    if longest is not None and seconds > longest:
        raise TooLong(seconds)
    await asyncio.sleep(seconds)
