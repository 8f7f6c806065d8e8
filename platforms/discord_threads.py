"""Threads that Discord has put away, which no list of the server's channels has any more.

A thread is put away an hour after its last message at the earliest, or by a person at any time. So each
channel is asked more often than once an hour, back to the threads that were put away when all had been read.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from platforms.base import CommentGone, Denied
from platforms.discord_closed import Closed
from platforms.discord_rest import DiscordRest, Listed, Native

AGAIN = 1800.0
"""Seconds between two looks at a channel."""
OVERLAP = timedelta(days=1)
"""What was put away so long before the newest one that was read is looked at again: costs no further call."""

Listing = Callable[[str, str], Awaitable[Listed]]
"""Of a channel, from a place on: threads that were put away, and whether there are more."""


@dataclass(slots=True)
class _Look:
    """One look at a channel, from the newest thread back; cut off by a rate limit, it goes on."""

    before: str = ""
    newest: str = ""


class PutAway:
    """`by_number`: the list is not sorted by when they were put away, so each look goes to its end."""

    def __init__(self, *, by_number: bool = False) -> None:
        self.waiting: dict[str, Native] = {}
        """By id: threads of which something may be unread."""
        self._by_number = by_number
        self._begun: dict[str, _Look] = {}
        self._newest: dict[str, str] = {}
        self._due: dict[str, float] = {}

    def is_due(self, channel: str) -> bool:
        return time.monotonic() >= self._due.get(channel, 0.0)

    def put_off(self, channel: str) -> None:
        self._due[channel] = time.monotonic() + AGAIN

    async def look(self, listing: Listing, channel: str, until: str = "") -> None:
        """Everything that was put away in a channel since `until`, a moment as Discord writes it."""
        look = self._begun.setdefault(channel, _Look())
        more = True
        while more:
            threads, more = await listing(channel, look.before)
            self.waiting |= {thread["id"]: thread for thread in threads if thread.get("last_message_id")}
            places = self._places(threads)
            if not places or places[-1] == look.before or self._is_known(places[-1], until):
                more = False
            look.newest = look.newest or (places[0] if places else "")
            look.before = places[-1] if places else look.before
        self._newest[channel] = self._begun.pop(channel).newest
        self.put_off(channel)

    def _places(self, threads: Sequence[Native]) -> list[str]:
        """Where the list can be gone on with."""
        if self._by_number:
            return [str(thread["id"]) for thread in threads]
        return [thread["thread_metadata"]["archive_timestamp"] for thread in threads]

    def _is_known(self, place: str, until: str) -> bool:
        if self._by_number or not until:
            return False
        return datetime.fromisoformat(place) < datetime.fromisoformat(until) - OVERLAP

    def is_read(self, thread: str) -> None:
        self.waiting.pop(thread, None)

    def read_to(self) -> Mapping[str, str]:
        """By channel: when the newest thread was put away, where all are read up to that; empty: none was."""
        unread = {str(thread.get("parent_id")) for thread in self.waiting.values()}
        return {channel: at for channel, at in self._newest.items() if channel not in unread}


class PrivateThreads:
    """Private ones: all of a channel where the bot may manage threads, else those that it was added to."""

    def __init__(self) -> None:
        self._all, self._joined = PutAway(), PutAway(by_number=True)
        self._refused: set[str] = set()
        """Channels of which the bot is not shown all."""
        self.closed = Closed()
        """Of these, those of which it was shown all before."""

    @property
    def waiting(self) -> Mapping[str, Native]:
        return {**self._joined.waiting, **self._all.waiting}

    async def look(self, rest: DiscordRest, channel: str, until: str | None) -> None:
        """Where it is due. `until` as above; None: it was never shown all. Raises RateLimited."""
        if self._all.is_due(channel) or channel in self.closed.due():
            await self._look_at_all(rest, channel, until)
        if channel in self._refused and self._joined.is_due(channel):
            try:
                await self._joined.look(rest.joined_threads, channel)
            except (Denied, CommentGone):
                # The channel's own messages tell.
                self._joined.put_off(channel)

    async def _look_at_all(self, rest: DiscordRest, channel: str, until: str | None) -> None:
        try:
            await self._all.look(rest.private_threads, channel, until or "")
        except Denied:
            self._all.put_off(channel)
            self._refused.add(channel)
            if until is not None:
                self.closed.note(channel)
        except CommentGone:
            self._all.put_off(channel)
        else:
            self._refused.discard(channel)
            self.closed.opened(channel)

    def is_read(self, thread: str) -> None:
        self._all.is_read(thread)
        self._joined.is_read(thread)

    def read_to(self) -> Mapping[str, str]:
        """As of PutAway, where the bot is shown all."""
        return self._all.read_to()
