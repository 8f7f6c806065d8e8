"""Discord's limits, checked before a message leaves. Each failure names the field.

From "Execute Webhook" and "Embed Limits" in Discord's documentation and its OpenAPI description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modbot.alerts.discord_webhook.errors import InvalidMessage
from modbot.alerts.discord_webhook.files import File

CONTENT = 2_000
USERNAME = 80
EMBEDS = 10
EMBED_CHARACTERS = 6_000
FIELDS = 25
FILES = 10
FILE_BYTES = 10 * 1024 * 1024
"""Of one file, in a server without boosts."""
REQUEST_BYTES = 25 * 1024 * 1024
FILE_DESCRIPTION = 1_024
MENTIONED = 100
EMBED_TEXTS = {"title": 256, "description": 4_096}
PART_TEXTS = {("footer", "text"): 2_048, ("author", "name"): 256}
FIELD_TEXTS = {"name": 256, "value": 1_024}


def check(payload: Mapping[str, Any], files: Sequence[File], *, new: bool) -> None:
    """Raises InvalidMessage. `new`: a message that is sent, which may not be empty."""
    content, embeds = payload.get("content"), payload.get("embeds") or ()
    if new and not ((content and content.strip()) or embeds or files):
        raise InvalidMessage("content", "a message needs content, embeds or files")
    _text("content", content, CONTENT)
    if "username" in payload and not payload["username"].strip():
        raise InvalidMessage("username", "may not be empty")
    _text("username", payload.get("username"), USERNAME)
    _count("embeds", embeds, EMBEDS)
    for number, embed in enumerate(embeds):
        _embed(f"embeds[{number}]", embed)
    characters = sum(_characters(embed) for embed in embeds)
    if characters > EMBED_CHARACTERS:
        raise InvalidMessage("embeds", f"{characters:,} characters together, more than {EMBED_CHARACTERS:,}")
    for name in ("users", "roles"):
        _count(f"allowed_mentions.{name}", (payload.get("allowed_mentions") or {}).get(name, ()), MENTIONED)
    _files(files)


def _embed(place: str, embed: Mapping[str, Any]) -> None:
    for name, most in EMBED_TEXTS.items():
        _text(f"{place}.{name}", embed.get(name), most)
    for (part, name), most in PART_TEXTS.items():
        _text(f"{place}.{part}.{name}", embed.get(part, {}).get(name), most)
    color = embed.get("color")
    if color is not None and not 0 <= color <= 0xFFFFFF:
        raise InvalidMessage(f"{place}.color", "must be between 0 and 0xFFFFFF")
    fields = embed.get("fields", ())
    _count(f"{place}.fields", fields, FIELDS)
    for number, field in enumerate(fields):
        for name, most in FIELD_TEXTS.items():
            if not field[name].strip():
                raise InvalidMessage(f"{place}.fields[{number}].{name}", "may not be empty")
            _text(f"{place}.fields[{number}].{name}", field[name], most)


def _files(files: Sequence[File]) -> None:
    _count("files", files, FILES)
    for number, file in enumerate(files):
        _text(f"files[{number}].description", file.description, FILE_DESCRIPTION)
        if len(file.data) > FILE_BYTES:
            raise InvalidMessage(f"files[{number}]", f"{len(file.data):,} bytes, more than {FILE_BYTES:,}")
    if sum(len(file.data) for file in files) > REQUEST_BYTES:
        raise InvalidMessage("files", f"more than {REQUEST_BYTES:,} bytes together")


def _characters(embed: Mapping[str, Any]) -> int:
    texts = [embed.get(name) for name in EMBED_TEXTS]
    texts += [embed.get(part, {}).get(name) for part, name in PART_TEXTS]
    texts += [field[name] for field in embed.get("fields", ()) for name in FIELD_TEXTS]
    return sum(len(text) for text in texts if text)


def _text(field: str, text: str | None, most: int) -> None:
    if text is not None and len(text) > most:
        raise InvalidMessage(field, f"{len(text):,} characters, more than {most:,}")


def _count(field: str, values: Sequence[Any], most: int) -> None:
    if len(values) > most:
        raise InvalidMessage(field, f"{len(values)} of them, more than {most}")
