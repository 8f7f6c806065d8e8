"""Channels that were shown to the bot once and no longer are, until they are shown again."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping

AGAIN = 300.0
"""Seconds after which a closed channel is asked again: too many refused calls get an address banned."""
NAMED = 5
"""Channels that are called by their names; of the others only the number is told."""


class Closed:
    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def note(self, channel: str) -> None:
        self._due[channel] = time.monotonic() + AGAIN

    def opened(self, channel: str) -> None:
        self._due.pop(channel, None)

    def due(self) -> list[str]:
        """Those that may be asked again now."""
        now = time.monotonic()
        return [channel for channel, at in self._due.items() if at <= now]

    def __contains__(self, channel: object) -> bool:
        return channel in self._due

    def __iter__(self) -> Iterator[str]:
        return iter(self._due)

    def in_words(self, names: Mapping[str, str]) -> str:
        """For who runs the page; empty where nothing is closed."""
        if not self._due:
            return ""
        return (
            f"Discord no longer shows modbot {named(self._due, names)}: give the bot's role View "
            "Channel and Read Message History there, or name the channels to read under channels in this "
            "page's settings"
        )


def named(channels: Collection[str], names: Mapping[str, str]) -> str:
    """Some of them by their names, the others by their number."""
    shut = [f"#{names[each]}" if names.get(each) else f"the thread {each}" for each in sorted(channels)]
    more = f" and {len(shut) - NAMED} more" if len(shut) > NAMED else ""
    return f"{', '.join(shut[:NAMED])}{more}"
