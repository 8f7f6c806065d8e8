"""The names of a simulated network's records: addresses, keys, content ids, times."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"


def split(uri: str) -> tuple[str, str, str]:
    did, collection, rkey = uri.removeprefix("at://").split("/")
    return did, collection, rkey


def strong(record: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": record["uri"], "cid": record["cid"]}


def shown_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tid(moment: datetime) -> str:
    number = int(moment.timestamp() * 1_000_000) << 10
    return "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def content_id(value: Any) -> str:
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return "b" + base64.b32encode(b"\x01\x71\x12\x20" + digest).decode().lower().rstrip("=")


def token_part(claims: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
