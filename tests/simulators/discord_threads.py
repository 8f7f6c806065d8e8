"""The threads of a simulated Discord server: active, put away, private."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

STARTED = datetime(2026, 11, 1, tzinfo=UTC)
PUBLIC, PRIVATE = 11, 12

Native = dict[str, Any]
Query = tuple[str, str | None]
"""A channel, and where its list is gone on with."""


@dataclass
class Threads:
    every: list[Native] = field(default_factory=list)
    """In the order in which they were put away."""
    shows_all: bool = False
    """Whether the bot may manage threads, and so sees every private one."""
    joined: set[str] = field(default_factory=set)
    """Private ones that the bot was added to."""

    def open(self, number: str, channel: str, *, archived: bool, private: bool) -> None:
        at = STARTED + timedelta(hours=len(self.every))
        about = {"archived": archived, "archive_timestamp": at.isoformat(), "auto_archive_duration": 60}
        about |= {"locked": False}
        kind = PRIVATE if private else PUBLIC
        thread = {"id": number, "type": kind, "name": "a thread", "parent_id": channel}
        self.every.append(thread | {"thread_metadata": about})

    def put_away(self, number: str) -> None:
        """After all that were put away before."""
        (thread,) = [each for each in self.every if each["id"] == number]
        self.every.remove(thread)
        self.open(number, thread["parent_id"], archived=True, private=thread["type"] == PRIVATE)

    def active(self) -> list[Native]:
        """Those that the bot is shown."""
        return [each for each in self._that_are(archived=False) if not self.is_kept_from_us(each["id"])]

    def by_time(self, query: Query, *, private: bool = False) -> Sequence[Native]:
        """Put away last first, from a moment on."""
        channel, before = query
        return [
            each
            for each in reversed(self._that_are(archived=True))
            if each["parent_id"] == channel
            and (each["type"] == PRIVATE) is private
            and (before is None or each["thread_metadata"]["archive_timestamp"] < before)
        ]

    def by_number(self, query: Query) -> Sequence[Native]:
        """Private ones that the bot was added to, the highest number first, from a number on."""
        channel, before = query
        joined = [each for each in self.by_time((channel, None), private=True) if each["id"] in self.joined]
        ordered = sorted(joined, key=lambda each: int(each["id"]), reverse=True)
        return [each for each in ordered if before is None or int(each["id"]) < int(before)]

    def is_kept_from_us(self, number: object) -> bool:
        private = any(each["id"] == number and each["type"] == PRIVATE for each in self.every)
        return private and not (self.shows_all or number in self.joined)

    def _that_are(self, *, archived: bool) -> list[Native]:
        return [each for each in self.every if each["thread_metadata"]["archived"] is archived]
