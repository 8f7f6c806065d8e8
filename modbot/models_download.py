"""Large files from public addresses: over checked connections, compared with their SHA-256 before use."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx

from modbot.errors import ModbotError
from platforms.addresses import CheckedTransport
from platforms.base import PlatformError

REDIRECTS = 5
SILENCE_SECONDS = 60.0
"""A server that sends nothing for so long is given up."""
PIECE = 1 << 20


class _Elsewhere(Exception):
    """The server names another address."""


async def fetch(
    url: str,
    target: Path,
    *,
    sha256: str,
    most: int,
    progress: Callable[[int], None],
    allow_loopback: bool = False,
) -> str:
    """Download to `target`; the SHA-256 that was found, which begins with `sha256` (empty: any).

    `most` bytes are taken, `progress` is told how many came so far. What is not what it should be is removed.
    Raises ModbotError.
    """
    part = target.with_name(target.name + ".part")
    try:
        found = await _followed(url, part, most, progress, allow_loopback)
        refuse_other(target.name, found, sha256)
        part.replace(target)
    except (httpx.HTTPError, httpx.InvalidURL, PlatformError, ssl.SSLError) as error:
        raise ModbotError(
            f"{url} could not be fetched: {error or type(error).__name__}.",
            remedy="Is there a way to the internet from here? If not, download the files elsewhere and name "
            "their folder: modbot models add detoxify --from FOLDER",
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return found


def refuse_other(name: str, found: str, sha256: str) -> None:
    """Raises ModbotError for a hash that does not begin as published."""
    if not found.startswith(sha256):
        raise ModbotError(
            f"{name} is not the published file: its SHA-256 begins with {found[:12]}, not {sha256[:12]}.",
            remedy="Nothing was installed. Try again; if it stays so, tell whoever looks after your network.",
        )


async def _followed(
    url: str, part: Path, most: int, progress: Callable[[int], None], allow_loopback: bool
) -> str:
    for _ in range(REDIRECTS + 1):
        try:
            return await _fetched(url, part, most, progress, allow_loopback)
        except _Elsewhere as other:
            url = str(other)
    raise ModbotError(f"{url} leads from one address to the next without end.", remedy="Try again later.")


async def _fetched(
    url: str, part: Path, most: int, progress: Callable[[int], None], allow_loopback: bool
) -> str:
    digest, size = hashlib.sha256(), 0
    # A client for each address: connections of a checked transport belong to one host.
    async with (
        httpx.AsyncClient(
            transport=CheckedTransport(allow_loopback=allow_loopback), timeout=SILENCE_SECONDS
        ) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.next_request is not None:
            raise _Elsewhere(answer.next_request.url)
        answer.raise_for_status()
        with part.open("wb") as file:
            async for piece in answer.aiter_bytes(PIECE):
                size += len(piece)
                if size > most:
                    raise ModbotError(
                        f"{url} sends more than the {most:,} bytes that it should.",
                        remedy="Nothing was installed. Try again later.",
                    )
                digest.update(piece)
                file.write(piece)
                progress(size)
    return digest.hexdigest()
