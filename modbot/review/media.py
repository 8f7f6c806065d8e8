"""Whether a comment came with more than words, such as a picture or a video, by its native payload."""

from __future__ import annotations

from typing import Any

_PLACES = (
    ("attachment",),  # Facebook's comments
    ("attachments",),  # X, Discord
    ("message", "attachments"),  # messages that Facebook and Instagram push
    ("media_type",),  # posts on Instagram that mention the page
    ("embeds",),  # Discord: films and pictures behind a link
    ("sticker_items",),  # Discord
)
_QUOTES = "app.bsky.embed.record"
"""What Bluesky calls another post that is quoted; everything else that it embeds is to be seen."""


def carries_media(payload: Any) -> bool:
    """`payload` as it was archived; anything where it was disposed of."""
    if any(_at(payload, *place) for place in _PLACES):
        return True
    embedded = _at(payload, "record", "embed", "$type")
    # LinkedIn's comments list their pictures under a name that others use for text.
    return isinstance(_at(payload, "content"), list) or bool(embedded and embedded != _QUOTES)


def _at(value: Any, *names: str) -> Any:
    """What stands under these names, one inside the other; None where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
