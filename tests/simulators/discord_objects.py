"""Discord's objects as a bot is shown them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

SERVER = "4000"
STARTED = datetime(2026, 11, 1, tzinfo=UTC)
ANA = {"id": "77", "username": "ana", "global_name": "Ana", "discriminator": "0", "avatar": None}
ME = {"id": "9", "username": "modbot", "discriminator": "0", "avatar": None, "bot": True}
APPLICATION: dict[str, Any] = {
    "id": "9",
    "name": "modbot",
    "description": "",
    "icon": None,
    "verify_key": "",
    "flags": 0,
    "bot_public": False,
    "bot_require_code_grant": False,
    "owner": ANA,
    "team": None,
}
EPOCH_MS = 1_420_070_400_000
_COUNTER = count()

Native = dict[str, Any]


def snowflake(number: int) -> int:
    """An id as Discord makes them: milliseconds since 2015, then a counter."""
    return (int(STARTED.timestamp() * 1000) + number * 1000 - EPOCH_MS) << 22 | number % 4096


def message_of(number: int, text: str, channel: str, *, answers: bool) -> Native:
    """Ana's, written so many seconds after the beginning."""
    return {
        "id": str(snowflake(number)),
        "channel_id": channel,
        "type": 19 if answers else 0,
        "content": text,
        "author": ANA,
        "timestamp": datetime.fromtimestamp(STARTED.timestamp() + number, UTC).isoformat(),
        "edited_timestamp": None,
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


def written_now() -> Native:
    """What tells the time of a message that is written at this moment."""
    at = datetime.now(UTC)
    number = (int(at.timestamp() * 1000) - EPOCH_MS) << 22 | next(_COUNTER) % 4096
    return {"id": str(number), "timestamp": at.isoformat()}


def stopped(text: str, channel: str) -> Native:
    """What the gateway tells of a message of Ana's that AutoMod acted on."""
    return {
        "guild_id": SERVER,
        "rule_id": "6000",
        "rule_trigger_type": 1,
        "user_id": ANA["id"],
        "content": text,
        "matched_keyword": "levy",
        "matched_content": "levy",
        "channel_id": channel,
    }
