"""Threads that Discord has put away, which no list of the server's channels has any more.

A thread is put away an hour after its last message at the earliest, or by a person at any time. So each
channel is asked more often than once an hour, back to the threads that were put away when all had been read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from platforms.discord_rest import DiscordRest, Native

AGAIN = 1800.0
"""Seconds between two looks at a channel."""
OVERLAP = timedelta(days=1)
"""What was put away so long before the newest one that was read is looked at again: costs no further call."""


@dataclass(slots=True)
class _Look:
    """One look at a channel, from the newest thread back; cut off by a rate limit, it goes on."""

    before: str = ""
    newest: str = ""


class PutAway:
    def __init__(self) -> None:
        self.waiting: dict[str, Native] = {}
        """By id: threads of which something may be unread."""
        self._begun: dict[str, _Look] = {}
        self._newest: dict[str, str] = {}
        self._due: dict[str, float] = {}

    def is_due(self, channel: str) -> bool:
        return time.monotonic() >= self._due.get(channel, 0.0)

    def put_off(self, channel: str) -> None:
        self._due[channel] = time.monotonic() + AGAIN

    async def look(self, rest: DiscordRest, channel: str, until: str) -> None:
        """Everything that was put away in a channel since `until`, a moment as Discord writes it."""
        look = self._begun.setdefault(channel, _Look())
        more = True
        while more:
            threads, more = await rest.archived_threads(channel, look.before)
            self.waiting |= {thread["id"]: thread for thread in threads if thread.get("last_message_id")}
            stamps = [thread["thread_metadata"]["archive_timestamp"] for thread in threads]
            if not stamps or stamps[-1] == look.before or _is_before(stamps[-1], until):
                more = False
            look.newest = look.newest or (stamps[0] if stamps else "")
            look.before = stamps[-1] if stamps else look.before
        self._newest[channel] = self._begun.pop(channel).newest
        self.put_off(channel)

    def is_read(self, thread: str) -> None:
        self.waiting.pop(thread, None)

    def read_to(self) -> Mapping[str, str]:
        """By channel: when the newest thread was put away, where all are read up to that."""
        unread = {str(thread.get("parent_id")) for thread in self.waiting.values()}
        return {channel: at for channel, at in self._newest.items() if at and channel not in unread}


def _is_before(stamp: str, until: str) -> bool:
    return bool(until) and datetime.fromisoformat(stamp) < datetime.fromisoformat(until) - OVERLAP
