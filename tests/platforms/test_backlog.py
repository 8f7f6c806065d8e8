from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from platforms.backlog import Backlog, Item, Mark
from platforms.base import Event, EventKind

MINUTE = 60_000
OVERLAP = timedelta(minutes=10)
START = 1_800_000_000_000


def item(key: str, at: int) -> Item:
    return Item(at, key, Event(kind=EventKind.DELETED, id=key, at=datetime.fromtimestamp(at / 1000, UTC)))


def look(
    listed: list[Item], backlog: Backlog, cursor: str | None, size: int = 3
) -> tuple[list[str], str, bool]:
    """One poll of an adapter whose page holds `listed`."""
    if not backlog.continues(cursor):
        floor = backlog.floor(cursor)
        backlog.fill(cursor, [each for each in listed if each.at > floor])
    batch = backlog.take(cursor, size)
    return [event.id for event in batch.events], batch.cursor, batch.more


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_late_lost_or_restarted_everything_is_archived_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    listed: list[Item] = []
    archived: list[str] = []
    backlog, cursor, now = Backlog(OVERLAP), None, START
    for round_number in range(60):
        now += chance.randrange(5 * MINUTE)
        for number in range(chance.randrange(5)):
            late = chance.choice([0, 0, 0, chance.randrange(4 * MINUTE)])
            listed.append(item(f"{round_number}-{number}", now - late))
        more = True
        while more:
            ids, moved, more = look(listed, backlog, cursor)
            if chance.random() < 0.1:
                continue  # the archive did not take it: asked again from the last cursor
            archived += ids
            cursor = moved
            if chance.random() < 0.2:
                backlog = Backlog(OVERLAP)
    while (found := look(listed, backlog, cursor))[0]:
        archived, cursor = [*archived, *found[0]], found[1]
    assert sorted(archived) == sorted(each.key for each in listed)
    assert len(archived) == len(set(archived))


def test_with_nothing_new_the_cursor_stays() -> None:
    backlog = Backlog(OVERLAP)
    listed = [item("a", START), item("b", START + 1)]
    _, cursor, _ = look(listed, backlog, None)
    assert look(listed, backlog, cursor) == ([], cursor, False)
    assert look([], Backlog(OVERLAP), None) == ([], str(Mark()), False)


def test_a_flood_within_the_overlap_comes_in_batches() -> None:
    listed = [item(str(number), START + number // 7) for number in range(100)]
    backlog, cursor, found, more = Backlog(OVERLAP), None, list[str](), True
    while more:
        ids, cursor, more = look(listed, backlog, cursor, 9)
        assert len(ids) <= 9
        found += ids
        backlog = Backlog(OVERLAP)
    assert set(found) == {each.key for each in listed}
    assert len(found) == 100
