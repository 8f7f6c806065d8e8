"""From platforms that list the newest first to batches that go oldest first, with a cursor between restarts.

A comment may appear in a list after one that is newer: it was under way, or its writer's clock was wrong. So
every look goes back by an overlap behind the newest comment that was handed out, and the cursor remembers
which comments of that stretch were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from platforms.base import Batch, Event


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One event of a list, in the list's own order."""

    at: int
    """Milliseconds, by the platform's clock and the list's order."""
    key: str
    """What tells it from every other: the id, with the revision where that changes."""
    event: Event = field(compare=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a list has been handed out: up to `at`, and of the last stretch the items in `seen`."""

    at: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    """Digest of the key → its time."""

    @classmethod
    def read(cls, cursor: str | None) -> Mark:
        return cls(*json.loads(cursor)) if cursor else cls()

    def __str__(self) -> str:
        return json.dumps([self.at, self.seen], separators=(",", ":"), sort_keys=True)

    def floor(self, overlap: int) -> int:
        """Everything up to here was handed out."""
        return max(0, self.at - overlap)

    def is_news(self, item: Item, overlap: int) -> bool:
        return (self.at == 0 or item.at > self.floor(overlap)) and _digest(item.key) not in self.seen

    def moved(self, items: Iterable[Item], overlap: int) -> Mark:
        seen = {**self.seen, **{_digest(item.key): item.at for item in items}}
        at = max([self.at, *seen.values()])
        return Mark(at, {key: when for key, when in seen.items() if when > at - overlap})


class Backlog:
    """What one look found and has not been handed out yet. It is lost with the adapter: the cursor is not."""

    def __init__(self, overlap: timedelta) -> None:
        self._overlap = round(overlap.total_seconds() * 1000)
        self._waiting: list[Item] = []
        self._cursor: str | None = None

    def floor(self, cursor: str | None) -> int:
        """The time in milliseconds down to which the next look must go; 0: to the very beginning."""
        return Mark.read(cursor).floor(self._overlap)

    def continues(self, cursor: str | None) -> bool:
        """Whether the batch behind `cursor` is already here."""
        return bool(self._waiting) and cursor == self._cursor

    def fill(self, cursor: str | None, found: Iterable[Item]) -> None:
        """Take over what a look down to `floor` found; what was handed out before is left out."""
        mark = Mark.read(cursor)
        unique = {item.key: item for item in found if mark.is_news(item, self._overlap)}
        self._waiting = sorted(unique.values())

    def take(self, cursor: str | None, size: int) -> Batch:
        """The next `size` events, oldest first."""
        items, self._waiting = self._waiting[:size], self._waiting[size:]
        moved = str(Mark.read(cursor).moved(items, self._overlap)) if items or cursor is None else cursor
        self._cursor = moved
        return Batch([item.event for item in items], moved, more=bool(self._waiting))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
