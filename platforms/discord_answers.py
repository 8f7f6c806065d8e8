"""The fixed answer to who wrote to the bot in private, and whether it stands there already."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from platforms.discord_rest import AT_ONCE, DiscordRest

FIRST_MS = 1_420_070_400_000
"""When Discord's numbers began to count, in milliseconds since 1970; the lowest 22 bits are no time."""
CLOCKS = timedelta(minutes=5)
"""By how much Discord's clock and ours may differ."""
LONGEST_NONCE = 25


async def send(rest: DiscordRest, person: str, text: str) -> None:
    """Raises Unsupported where this person takes no messages of the bot."""
    await rest.write(await rest.private_channel(person), text, _nonce(person, text))


async def was_sent(rest: DiscordRest, own: str, person: str, text: str, since: datetime) -> bool:
    """Whether `own`, the bot, has written this text to them since then."""
    channel, after = await rest.private_channel(person), _first_number(since - CLOCKS)
    while True:
        found = await rest.messages(channel, after)
        for message in found:
            by = str((message.get("author") or {}).get("id", ""))
            if by == own and str(message.get("content", "")).split() == text.split():
                return True
        if len(found) < AT_ONCE:
            return False
        after = str(found[-1]["id"])


def _nonce(person: str, text: str) -> str:
    return hashlib.sha256(f"{person}/{text}".encode("utf-8", "surrogatepass")).hexdigest()[:LONGEST_NONCE]


def _first_number(at: datetime) -> str:
    """The lowest number that a message of this time can have."""
    return str(max(0, round(at.timestamp() * 1000) - FIRST_MS) << 22)
