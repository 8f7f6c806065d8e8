"""Following lists that give the newest first and know no "since": what of a listing is new.

A scan offers everything that the platform lists; what was not seen before is handed out, oldest first, in
batches that each carry their own cursor. The cursor remembers the newest items of each stream, so a restart
goes on from it. While the process runs, every id that was listed is known as well, so an item that the
platform shows late, under an old date, is still found.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from platforms.base import Batch, Comment, Event, EventKind, Kind

TAIL = 90
"""Items remembered of each stream. Nine tenths of a page of a hundred: a quiet page costs one call."""
EPOCH = datetime.fromtimestamp(0, UTC)

Entry = tuple[int, str]
"""When an item was written, in milliseconds, and its id."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one stream was handed out: its last items, the oldest first."""

    tail: tuple[Entry, ...] = ()

    @property
    def floor(self) -> int:
        """Everything older was handed out, in milliseconds; 0 while everything ever seen is in `tail`."""
        return self.tail[0][0] if len(self.tail) >= TAIL else 0

    def is_new(self, entry: Entry) -> bool:
        return entry[0] >= self.floor and entry not in self.tail

    def moved(self, entries: Iterable[Entry]) -> Mark:
        ordered = sorted({*self.tail, *entries})
        if len(ordered) <= TAIL:
            return Mark(tuple(ordered))
        # All that share the oldest remembered moment stay, else one of them could come twice or never.
        start = bisect_left(ordered, (ordered[-TAIL][0], ""))
        return Mark(tuple(ordered[start:]))


Marks = Mapping[str, Mark]


def read(cursor: str | None) -> tuple[int, Marks]:
    """How many batches were handed out, and how far each stream."""
    if not cursor:
        return 0, {}
    batches, streams = json.loads(cursor)
    return batches, {stream: Mark(tuple((at, id_) for at, id_ in tail)) for stream, tail in streams.items()}


def written(batches: int, marks: Marks) -> str:
    tails = {stream: marks[stream].tail for stream in sorted(marks)}
    return json.dumps([batches, tails], separators=(",", ":"))


@dataclass(slots=True)
class Scan:
    """One look at the page. Dropped unfinished, it has changed nothing."""

    marks: Marks
    known: set[str]
    whole_before: bool
    """Whether this process has listed the page in full, so that an unknown id is new whatever its date."""
    fresh: list[Comment] = field(default_factory=list)
    changes: list[Event] = field(default_factory=list)
    """Edits and deletions that the platform told of."""
    listed: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def offer(self, comment: Comment, *, whatever_its_date: bool = False) -> None:
        """Once for each item. An old one is new where its list could not be read until now."""
        if self.lists(comment.id):
            return
        self.listed.add(comment.id)
        if self.whole_before or whatever_its_date or self._mark(comment).is_new(_entry(comment)):
            self.fresh.append(comment)

    def lists(self, comment_id: str) -> bool:
        """Whether it was offered, now or in an earlier scan of this process."""
        return comment_id in self.known or comment_id in self.listed

    def reaches(self, moment: datetime, kind: Kind = Kind.COMMENT) -> bool:
        """Whether a list that gives the newest first has come, at `moment`, to what was handed out before."""
        return _milliseconds(moment) < self.marks.get(_stream(kind), Mark()).floor

    def _mark(self, comment: Comment) -> Mark:
        return self.marks.get(_stream(comment.kind), Mark())


class Follower:
    """What an adapter remembers between two polls. It is only good for the cursor that it gave last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._given: str | None = None
        self._asked_at: datetime | None = None
        self._forget(None)
        self.whole = False

    def at(self, cursor: str | None) -> Batch | None:
        """The next batch of the last scan; None when the page must be looked at again."""
        if self._last is not None and cursor == self._last[0]:
            # It was not committed: the same once more, since a list may not show its items as new again.
            return self._last[1]
        if cursor != self._given:
            # Another cursor was committed than ours: what we remember may never have been archived.
            self._forget(cursor)
        return self._next() if self._waiting else None

    @property
    def newest(self) -> datetime | None:
        """When the newest item that was ever handed out was written."""
        times = [mark.tail[-1][0] for mark in self._marks.values() if mark.tail]
        return EPOCH + timedelta(milliseconds=max(times)) if times else None

    def scan(self) -> Scan:
        return Scan(self._marks, self._known, self.whole)

    def finish(self, scan: Scan, *, whole: bool) -> Batch:
        """`whole`: everything was listed that this page lists at all."""
        self._known |= scan.listed
        self.notes |= scan.notes
        self.whole = self.whole or whole
        # Lists come newest first: reversed, those of the same second keep the order of their writing.
        scan.fresh.reverse()
        events = [*map(created, scan.fresh), *scan.changes]
        self._waiting.extend(sorted(events, key=lambda each: each.at))
        self._asked_at = scan.began
        if not self._waiting:
            self._given = self._given or written(self._batches, self._marks)
            return Batch((), self._given)
        return self._next()

    def _forget(self, cursor: str | None) -> None:
        self._given = cursor
        self._last: tuple[str | None, Batch] | None = None
        """The last batch with events, and the cursor that it followed."""
        self._batches, self._marks = read(cursor)
        self._known: set[str] = set()
        self._waiting: deque[Event] = deque()
        self.notes: dict[str, str] = {}
        self.whole = False

    def _next(self) -> Batch:
        events = [self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))]
        comments = [event.comment for event in events if event.comment and event.kind is EventKind.CREATED]
        self._marks = moved(self._marks, comments)
        # Counted, so that a batch of old items alone has a cursor of its own too.
        self._batches += 1
        before, self._given = self._given, written(self._batches, self._marks)
        batch = Batch(events, self._given, more=bool(self._waiting), asked_at=self._asked_at)
        self._last = (before, batch)
        return batch


def moved(marks: Marks, comments: Sequence[Comment]) -> Marks:
    after = dict(marks)
    for stream in sorted({_stream(comment.kind) for comment in comments}):
        entries = [_entry(comment) for comment in comments if _stream(comment.kind) == stream]
        after[stream] = after.get(stream, Mark()).moved(entries)
    return after


def created(comment: Comment) -> Event:
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)


def titled(comments: Sequence[Comment], titles: Mapping[str, str]) -> list[Comment]:
    return [replace(comment, post_title=titles.get(comment.post, "")) for comment in comments]


def _stream(kind: Kind) -> str:
    """Answers are found by other calls than what they answer, so they are followed apart."""
    return "replies" if kind is Kind.REPLY else "comments"


def _entry(comment: Comment) -> Entry:
    return _milliseconds(comment.created_at), comment.id


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)
