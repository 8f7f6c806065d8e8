"""Reading posts under many edges: what is handed out once, what is found late, what survives a restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from platforms.base import Batch, Comment
from platforms.graph import BadParameter
from platforms.graph_reading import OVERLAP, PAUSE, Mark, Post, Posts, Reader, Source

pytestmark = pytest.mark.anyio

START = datetime(2026, 11, 22, 6, tzinfo=UTC)
HEAD = 3


class Wall(Source):
    """Posts with comments in memory, three posts to a stretch; counts what is asked."""

    edges: Sequence[str] = ("feed",)

    def __init__(self, posts: int) -> None:
        self.under: dict[str, list[Comment]] = {f"p{number}": [] for number in range(posts)}
        """Newest post first."""
        self.asked: list[str] = []
        self.broken: set[str] = set()
        self.expired = False
        self.numbers = 0

    def write(self, post: str, *, at: datetime = START) -> str:
        self.numbers += 1
        text = f"{post} {self.numbers}"
        made = Comment(id=f"c{self.numbers}", revision="r", post=post, text=text, payload={}, created_at=at)
        self.under[post].append(made)
        return made.id

    async def posts(self, edge: str, after: str | None) -> Posts:
        if after and self.expired:
            self.expired = False
            raise BadParameter("this cursor has run out")
        start = int(after or 0)
        names = list(self.under)[start : start + HEAD]
        end = start + HEAD
        items = [Post(name, len(self.under[name]), {}) for name in names]
        return Posts(items, str(end) if end < len(self.under) else None)

    async def fresh(self, edge: str, post: Post, mark: Mark) -> Sequence[Comment]:
        self.asked.append(post.id)
        if post.id in self.broken:
            raise RuntimeError("the network is down")
        return [comment for comment in self.under[post.id] if mark.is_news(comment)]


async def drained(reader: Reader, cursor: str | None = None) -> tuple[list[str], Batch]:
    found: list[str] = []
    for _ in range(100):
        batch = await reader.poll(cursor)
        found += [event.id for event in batch.events]
        cursor = batch.cursor
        if not batch.more:
            return found, batch
    raise AssertionError("a hundred batches and no end")


async def test_the_first_reading_goes_through_every_post() -> None:
    wall = Wall(10)
    ids = [wall.write(f"p{number}") for number in range(10)]
    found, _ = await drained(Reader(wall, 4))
    assert sorted(found) == sorted(ids)


async def test_a_reader_may_be_stopped_at_any_batch_of_the_first_reading() -> None:
    wall = Wall(10)
    ids = [wall.write(f"p{number % 10}") for number in range(40)]
    cursor: str | None = None
    found: list[str] = []
    for _ in range(60):
        batch = await Reader(wall, 4).poll(cursor)
        found += [event.id for event in batch.events]
        cursor = batch.cursor
        if not batch.more:
            break
    assert sorted(found) == sorted(ids)


async def test_what_waited_for_its_batch_tells_when_it_was_asked_for() -> None:
    wall = Wall(1)
    for _ in range(10):
        wall.write("p0")
    reader = Reader(wall, 4)
    first = await reader.poll(None)
    second = await reader.poll(first.cursor)
    assert second.events
    assert first.asked_at == second.asked_at is not None


async def test_within_a_batch_the_oldest_comes_first_over_all_posts() -> None:
    wall = Wall(2)
    late = wall.write("p1", at=START + timedelta(minutes=1))
    early = wall.write("p0")
    found, _ = await drained(Reader(wall, 10))
    assert found == [early, late]


async def test_with_nothing_new_only_the_newest_posts_are_looked_at_and_the_cursor_stays() -> None:
    wall = Wall(10)
    wall.write("p0")
    reader = Reader(wall, 10)
    _, last = await drained(reader)
    wall.asked.clear()
    again = await reader.poll(last.cursor)
    assert (again.events, again.cursor, again.more) == ([], last.cursor, False)
    assert wall.asked == ["p2", "p1", "p0"]


async def test_a_comment_that_shows_up_after_a_newer_one_is_found() -> None:
    wall = Wall(1)
    wall.write("p0")
    reader = Reader(wall, 10)
    _, last = await drained(reader)
    late = wall.write("p0", at=START - timedelta(seconds=OVERLAP - 1))
    found, _ = await drained(Reader(wall, 10), last.cursor)
    assert found == [late]


async def test_a_comment_under_an_old_post_is_found_by_the_next_walk_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall = Wall(10)
    reader = Reader(wall, 10)
    _, last = await drained(reader)
    old = wall.write("p9", at=datetime.now(UTC))
    assert (await drained(reader, last.cursor))[0] == []
    monkeypatch.setattr("platforms.graph_reading.PAUSE", timedelta(0))
    found: list[str] = []
    cursor = last.cursor
    for _ in range(20):
        batch = await reader.poll(cursor)
        found, cursor = found + [event.id for event in batch.events], batch.cursor
    assert found == [old]


async def test_after_a_restart_the_walk_begins_at_once() -> None:
    assert timedelta(hours=1) < PAUSE < timedelta(days=1)
    wall = Wall(10)
    wall.write("p0")
    _, last = await drained(Reader(wall, 10))
    old = wall.write("p9", at=datetime.now(UTC))
    restarted = Reader(wall, 10)
    found: list[str] = []
    cursor = last.cursor
    for _ in range(5):
        batch = await restarted.poll(cursor)
        found, cursor = found + [event.id for event in batch.events], batch.cursor
    assert found == [old]


async def test_a_failure_in_the_middle_hands_out_what_was_read_before_it() -> None:
    wall = Wall(2)
    reader = Reader(wall, 10)
    _, last = await drained(reader)
    read, unread = wall.write("p1", at=datetime.now(UTC)), wall.write("p0", at=datetime.now(UTC))
    wall.broken = {"p0"}
    with pytest.raises(RuntimeError):
        await reader.poll(last.cursor)
    batch = await reader.poll(last.cursor)
    assert [event.id for event in batch.events] == [read]
    assert batch.more
    wall.broken = set()
    assert (await drained(reader, batch.cursor))[0] == [unread]


async def test_a_cursor_of_the_platform_that_ran_out_is_an_error_once_and_loses_nothing() -> None:
    wall = Wall(10)
    ids = [wall.write(f"p{number}") for number in range(10)]
    wall.expired = True
    reader = Reader(wall, 100)
    found: list[str] = []
    cursor: str | None = None
    for _ in range(20):
        try:
            batch = await reader.poll(cursor)
        except BadParameter:
            continue
        found, cursor = found + [event.id for event in batch.events], batch.cursor
        if not batch.more:
            break
    assert sorted(found) == sorted(ids)


async def test_the_cursor_stays_small_when_there_are_many_old_posts() -> None:
    wall = Wall(300)
    for number in range(300):
        wall.write(f"p{number}", at=START - timedelta(days=30))
    _, last = await drained(Reader(wall, 50))
    assert len(last.cursor) < 1_000


async def test_an_edge_that_is_named_later_is_read_from_its_beginning() -> None:
    wall = Wall(2)
    first = wall.write("p0")
    reader = Reader(wall, 10)
    found, last = await drained(reader)
    assert found == [first]
    wall.edges = ("feed", "ads")
    again, _ = await drained(Reader(wall, 10), last.cursor)
    assert again == [first]
