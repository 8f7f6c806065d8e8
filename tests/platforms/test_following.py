"""What of a list that gives the newest first is new: across batches, restarts and items that come late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from platforms.base import Batch, Comment, Kind, text_revision
from platforms.following import TAIL, Follower

START = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)


def comment(number: int, *, second: int | None = None, kind: Kind = Kind.COMMENT) -> Comment:
    return Comment(
        id=f"c{number:05d}",
        revision=text_revision("words"),
        post="1",
        kind=kind,
        text="words",
        payload={},
        created_at=START + timedelta(seconds=number if second is None else second),
    )


def look(follower: Follower, cursor: str | None, page: list[Comment], *, whole: bool = True) -> Batch:
    """One poll of a page that lists its newest comments first."""
    waiting = follower.at(cursor)
    if waiting is not None:
        return waiting
    scan = follower.scan()
    for each in reversed(page):
        scan.offer(each)
    return follower.finish(scan, whole=whole)


def drained(follower: Follower, cursor: str | None, page: list[Comment]) -> tuple[list[str], str]:
    ids: list[str] = []
    for _ in range(500):
        batch = look(follower, cursor, page)
        ids, cursor = [*ids, *(event.id for event in batch.events)], batch.cursor
        if not batch.more:
            return ids, cursor
    raise AssertionError("five hundred batches and no end")


def ids_of(page: list[Comment]) -> list[str]:
    return [each.id for each in page]


def test_batches_come_oldest_first_and_end() -> None:
    page = [comment(number) for number in range(250)]
    ids, cursor = drained(Follower(30), None, page)
    assert ids == ids_of(page)
    assert drained(Follower(30), cursor, page) == ([], cursor)


@settings(deadline=None, max_examples=60)
@given(
    seconds=st.lists(st.integers(0, 40), min_size=1, max_size=3 * TAIL),
    size=st.integers(1, 60),
    stop=st.integers(1, 8),
)
def test_after_a_restart_at_any_cursor_everything_comes_once(
    seconds: list[int], size: int, stop: int
) -> None:
    page = [comment(number, second=second) for number, second in enumerate(sorted(seconds))]
    follower, cursor, before = Follower(size), None, []
    for _ in range(stop):
        batch = look(follower, cursor, page)
        before, cursor = [*before, *(event.id for event in batch.events)], batch.cursor
    after, _ = drained(Follower(size), cursor, page)
    assert sorted(before + after) == ids_of(page)


def test_a_batch_that_was_never_committed_comes_again() -> None:
    page = [comment(number) for number in range(5)]
    follower = Follower(30)
    assert len(look(follower, None, page).events) == 5
    assert len(look(follower, None, page).events) == 5


def test_every_batch_of_a_look_tells_when_the_look_began() -> None:
    page, follower, before = [comment(number) for number in range(5)], Follower(2), datetime.now(UTC)
    first = look(follower, None, page)
    looked = datetime.now(UTC)
    second = look(follower, first.cursor, page)
    again = look(follower, first.cursor, page)
    assert first.asked_at == second.asked_at == again.asked_at
    assert first.asked_at is not None
    assert before <= first.asked_at <= looked


def test_what_a_list_shows_late_under_an_old_date_is_found_while_the_process_runs() -> None:
    page = [comment(number) for number in range(2 * TAIL)]
    follower = Follower(500)
    _, cursor = drained(follower, None, page)
    late = comment(9999, second=3)
    ids, after = drained(follower, cursor, [*page, late])
    assert ids == [late.id]
    assert after != cursor


def test_a_late_item_whose_batch_was_not_committed_comes_again() -> None:
    page = [comment(number) for number in range(2 * TAIL)]
    follower = Follower(500)
    _, cursor = drained(follower, None, page)
    late = comment(9999, second=3)
    page.append(late)
    assert ids_of([event.comment for event in look(follower, cursor, page).events if event.comment]) == [
        late.id
    ]
    ids, after = drained(follower, cursor, page)
    assert ids == [late.id]
    assert drained(follower, after, page) == ([], after)


def test_answers_are_followed_apart_from_what_they_answer() -> None:
    page = [comment(number) for number in range(200)]
    _, cursor = drained(Follower(500), None, page)
    answer = comment(777, second=5, kind=Kind.REPLY)
    assert drained(Follower(500), cursor, [*page, answer])[0] == [answer.id]


def test_a_dropped_scan_changes_nothing() -> None:
    follower = Follower(30)
    _, cursor = drained(follower, None, [comment(1)])
    scan = follower.scan()
    scan.offer(comment(2))
    scan.notes["thread"] = "5 answers"
    assert follower.notes == {}
    assert drained(follower, cursor, [comment(1), comment(2)])[0] == [comment(2).id]


def test_a_list_is_read_back_to_what_was_handed_out_and_no_further() -> None:
    page = [comment(number) for number in range(2 * TAIL)]
    follower = Follower(500)
    drained(follower, None, page)
    scan = follower.scan()
    assert not scan.reaches(page[TAIL].created_at)
    assert scan.reaches(page[TAIL - 1].created_at)
