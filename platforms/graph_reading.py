"""Reading comments that stand under many posts: newest posts at every poll, older ones on a slow walk.

Each edge of a page (its feed, its ads, …) is a list of posts, newest first. Its first stretch, the head, is
read at every poll. The walk goes through the whole list, at first from the beginning of time and later only
for what is newer than its last round. Every post has a mark up to which its comments were handed out.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from platforms.base import Batch, Comment, Event, EventKind
from platforms.graph import BadParameter

OVERLAP = 600
"""Seconds: a comment may show up in a list after one that is newer."""
MARGIN = 86_400
"""Seconds that a walk looks back behind the start of the walk before."""
PAUSE = timedelta(hours=6)
"""Between two walks. Pushes and the head are the quick ways; the walk finds what they missed."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one post was handed out."""

    at: int = 0
    """The newest comment's time in seconds; 0: nothing was."""
    ids: Mapping[str, int] = field(default_factory=dict)
    """Id → time, for those of the last OVERLAP seconds."""
    count: int = -1
    """How many comments the post said it had, where the platform says so."""

    @property
    def horizon(self) -> int:
        """Everything up to here was handed out, in seconds."""
        return max(0, self.at - OVERLAP)

    def is_news(self, comment: Comment) -> bool:
        return (self.at == 0 or seconds(comment) > self.horizon) and comment.id not in self.ids

    def is_behind(self, listed: Sequence[Comment]) -> bool:
        """Whether all that follows was handed out: only where the list really goes from new to old."""
        times = [comment.created_at for comment in listed]
        if not times or times != sorted(times, reverse=True):
            return False
        return times[-1].timestamp() <= self.horizon

    def moved(self, comment: Comment) -> Mark:
        at = max(self.at, seconds(comment))
        ids = {**self.ids, comment.id: seconds(comment)}
        return Mark(at, {key: when for key, when in ids.items() if when > at - OVERLAP}, self.count)


@dataclass(frozen=True, slots=True)
class Post:
    id: str
    count: int
    """How many comments it says it has; -1 where it does not say."""
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Posts:
    items: Sequence[Post]
    after: str | None


class Source(ABC):
    """What the reader asks of a platform."""

    edges: Sequence[str]

    @abstractmethod
    async def posts(self, edge: str, after: str | None) -> Posts:
        """A stretch of an edge, newest posts first."""

    @abstractmethod
    async def fresh(self, edge: str, post: Post, mark: Mark) -> Sequence[Comment]:
        """Every comment of the post that is news by the mark, oldest first."""


@dataclass(slots=True)
class Track:
    """How far one edge was read."""

    marks: dict[str, Mark] = field(default_factory=dict)
    floor: int = 0
    """Comments up to here are behind us wherever a post has no mark; 0 during the first walk."""
    began: int = 0
    walk: str | None = None
    """Where the walk goes on; None: at the end of the head."""
    rested: datetime | None = None
    """When the last walk ended in this process."""

    def mark(self, post: Post) -> Mark:
        return self.marks.get(post.id) or Mark(at=self.floor and self.floor + OVERLAP)

    def is_walking(self, now: datetime) -> bool:
        return self.floor == 0 or self.rested is None or now - self.rested > PAUSE

    def begin(self, at: int) -> None:
        """A new walk. No count of comments is trusted any longer: one gone and one new look like none."""
        self.began = at
        if self.floor:
            self.marks = {key: replace(mark, count=-1) for key, mark in self.marks.items()}

    def walked(self, after: str | None, head: Sequence[Post], now: datetime) -> None:
        """A stretch of the walk is handed out; the next begins at `after`."""
        self.walk = after
        if after is None:
            self.floor, self.began, self.rested = self.began, 0, now
        kept = {post.id for post in head}
        # Of older posts only what the next walk could take for news.
        recent = self.floor or self.began
        self.marks = {
            key: mark for key, mark in self.marks.items() if key in kept or recent < mark.at - OVERLAP
        }

    @classmethod
    def read(cls, told: Mapping[str, object]) -> Track:
        marks = told.get("marks")
        assert isinstance(marks, dict)  # noqa: S101 - our own cursor
        return cls({key: Mark(*mark) for key, mark in marks.items()}, *told["walk"])  # type: ignore[misc]

    def written(self) -> dict[str, object]:
        marks = {key: [mark.at, dict(mark.ids), mark.count] for key, mark in self.marks.items()}
        return {"marks": marks, "walk": [self.floor, self.began, self.walk]}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A comment that was read and not yet handed out. `count`: its post is read up to this many."""

    track: Track
    post: str
    comment: Comment
    count: int


class Reader:
    """Turns a source into batches. Only the cursor outlives it."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._size = size
        self._cursor: str | None = ""
        self._tracks: dict[str, Track] = {}
        self._waiting: list[Waiting] = []
        self._asked_at: datetime | None = None
        self._ends: list[tuple[Track, str | None, Sequence[Post]]] = []
        """Stretches of walks that end once everything waiting was handed out."""
        self._unread = False

    async def poll(self, cursor: str | None, skew: timedelta = timedelta(0)) -> Batch:
        """`skew`: the platform's clock minus ours."""
        if cursor != self._cursor:
            self._start_from(cursor)
        if not self._waiting:
            self._unread = True
            self._asked_at = datetime.now(UTC)
            self._unread = await self._look(datetime.now(UTC) + skew)
        batch = self._hand_out()
        if not batch.events and not batch.more and cursor is not None:
            batch = replace(batch, cursor=cursor)
        self._cursor = batch.cursor
        return batch

    def _start_from(self, cursor: str | None) -> None:
        told = json.loads(cursor) if cursor else {}
        self._tracks = {edge: Track.read(told[edge]) for edge in self._source.edges if edge in told}
        self._waiting, self._ends, self._cursor = [], [], cursor

    async def _look(self, now: datetime) -> bool:
        """Read until enough is waiting; returns whether something was left unread."""
        self._ends = []
        for edge in self._source.edges:
            track = self._tracks.setdefault(edge, Track())
            head = await self._source.posts(edge, None)
            if not await self._read(edge, track, head.items):
                return True
            if track.is_walking(now) and not await self._walk(edge, track, head, now):
                return True
        return False

    async def _walk(self, edge: str, track: Track, head: Posts, now: datetime) -> bool:
        if not track.began:
            track.begin(int(now.timestamp()) - MARGIN)
        position = track.walk or head.after
        after = None
        if position is not None:
            try:
                stretch = await self._source.posts(edge, position)
            except BadParameter:
                # Cursors do not last; the walk begins again, and the marks say what is known.
                track.walk = None
                raise
            known = {post.id for post in head.items}
            if not await self._read(edge, track, [post for post in stretch.items if post.id not in known]):
                return False
            after = stretch.after
        self._ends.append((track, after, head.items))
        if not self._waiting:
            self._finish()
        return True

    async def _read(self, edge: str, track: Track, posts: Sequence[Post]) -> bool:
        """False: enough is waiting, and some posts were not read."""
        for post in reversed(posts):
            if len(self._waiting) >= self._size:
                return False
            fresh = await self._source.fresh(edge, post, track.mark(post))
            counts = [-1] * (len(fresh) - 1) + [post.count]
            self._waiting += [
                Waiting(track, post.id, comment, count) for comment, count in zip(fresh, counts, strict=False)
            ]
            if not fresh and post.count >= 0:
                track.marks[post.id] = replace(track.mark(post), count=post.count)
        return True

    def _hand_out(self) -> Batch:
        self._waiting.sort(key=lambda each: each.comment.created_at)
        out, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
        for each in out:
            mark = each.track.marks.get(each.post, Mark()).moved(each.comment)
            each.track.marks[each.post] = mark if each.count < 0 else replace(mark, count=each.count)
        if not self._waiting:
            self._finish()
        written = {edge: track.written() for edge, track in self._tracks.items()}
        cursor = json.dumps(written, separators=(",", ":"), sort_keys=True)
        more = bool(self._waiting) or self._unread or any(track.floor == 0 for track in self._tracks.values())
        return Batch([created(each.comment) for each in out], cursor, more=more, asked_at=self._asked_at)

    def _finish(self) -> None:
        for track, after, head in self._ends:
            track.walked(after, head, datetime.now(UTC))
        self._ends = []


def created(comment: Comment) -> Event:
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)


def seconds(comment: Comment) -> int:
    return int(comment.created_at.timestamp())
