from __future__ import annotations

import csv
import gzip
import json
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from platforms.base import ActionKind, Batch, Comment, Event, EventKind, Kind, NotAuthorised, Unsupported
from platforms.replay import UNDATED, Replay, ReplaySettings

pytestmark = pytest.mark.anyio

TEXTS = [
    "plain",
    'said "yes", twice',
    "two\nlines\r\nand more",
    "\u05e9\u05dc\u05d5\u05dd \U0001f600\u200d",
    "  spaces  ",
]


def lines(*rows: object) -> bytes:
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def table(header: Iterable[str], *rows: Iterable[str], path: Path) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


async def replayed(path: Path, **settings: Any) -> tuple[list[Event], Replay]:
    """Every event of the file from its beginning; the replay is closed."""
    replay = Replay("page", ReplaySettings(path=path, **settings))
    await replay.open()
    events = await rest(replay, None)
    await replay.close()
    return events, replay


async def rest(replay: Replay, cursor: str | None) -> list[Event]:
    events: list[Event] = []
    for _ in range(10_000):
        batch = await replay.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if batch.done:
            return events
    raise AssertionError("no end")


def comments(events: list[Event]) -> list[Comment]:
    return [event.comment for event in events if event.comment]


async def test_id_and_text_are_enough_and_the_rest_is_filled_in_the_same_way_every_time(
    tmp_path: Path,
) -> None:
    path = tmp_path / "few.jsonl"
    path.write_bytes(lines({"id": 7, "text": "one"}, {"id": "b", "text": "two"}))
    events, _ = await replayed(path)
    assert events == (await replayed(path))[0]
    first, second = comments(events)
    assert (first.id, first.text, first.author, first.parent, first.kind) == (
        "7",
        "one",
        "",
        None,
        Kind.COMMENT,
    )
    assert first.payload == {"id": 7, "text": "one"}
    assert [first.created_at, second.created_at] == [UNDATED + timedelta(seconds=n) for n in (1, 2)]


async def test_every_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / "full.jsonl"
    row = {
        "id": "1",
        "text": "hello",
        "author": "Ana",
        "author_id": 12,
        "created_at": "2026-03-04T05:06:07-08:00",
        "post": "p",
        "post_title": "Title",
        "parent": "0",
        "permalink": "https://example.org/1",
        "kind": "mention",
    }
    path.write_bytes(lines(row))
    [comment] = comments((await replayed(path))[0])
    assert comment.created_at == datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=-8)))
    assert (comment.author, comment.author_id, comment.post, comment.post_title) == (
        "Ana",
        "12",
        "p",
        "Title",
    )
    assert (comment.parent, comment.permalink, comment.kind) == ("0", "https://example.org/1", Kind.MENTION)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-04T05:06:07Z", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026-03-04 05:06:07", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("20260304", datetime(2026, 3, 4, tzinfo=UTC)),
        (1772600767, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("1772600767.5", datetime(2026, 3, 4, 5, 6, 7, 500_000, tzinfo=UTC)),
    ],
)
async def test_times_are_read_in_the_usual_forms(tmp_path: Path, written: object, meant: datetime) -> None:
    path = tmp_path / "times.jsonl"
    path.write_bytes(lines({"id": "1", "text": "x", "created_at": written}))
    assert comments((await replayed(path))[0])[0].created_at == meant


async def test_edits_and_deletions_are_events_with_their_own_time(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    made, later = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"
    path.write_bytes(
        lines(
            {"id": "1", "text": "before", "created_at": made},
            {"id": "1", "text": "after", "created_at": made, "at": later, "event": "edited"},
            {"id": "1", "event": "deleted", "at": later},
        )
    )
    events, _ = await replayed(path)
    assert [event.kind for event in events] == [EventKind.CREATED, EventKind.EDITED, EventKind.DELETED]
    edited = comments(events)[1]
    assert (edited.created_at.hour, edited.edited_at and edited.edited_at.hour, events[1].at.hour) == (
        10,
        11,
        11,
    )
    assert (events[2].comment, events[2].at.hour) == (None, 11)


async def test_csv_texts_with_quotes_and_line_breaks_come_back_exactly(tmp_path: Path) -> None:
    rows = [[str(number), text] for number, text in enumerate(TEXTS)]
    path = table(["id", "text"], *rows, path=tmp_path / "texts.csv")
    assert [comment.text for comment in comments((await replayed(path))[0])] == TEXTS


async def test_columns_are_renamed_by_the_settings(tmp_path: Path) -> None:
    path = table(["Comment ID", "body", "extra"], ["c1", "hello", "kept"], path=tmp_path / "export.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # as spreadsheets do
    [comment] = comments((await replayed(path, columns={"id": "Comment ID", "text": "body"}))[0])
    assert (comment.id, comment.text) == ("c1", "hello")
    assert comment.payload == {"Comment ID": "c1", "body": "hello", "extra": "kept"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.gz"])
async def test_any_cursor_of_any_file_goes_on_exactly_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    texts = TEXTS * 4
    table(["id", "text"], *([str(n), text] for n, text in enumerate(texts)), path=tmp_path / "plain.csv")
    content = (tmp_path / "plain.csv").read_bytes()
    if "jsonl" in name:
        content = lines(*({"id": str(n), "text": text} for n, text in enumerate(texts)))
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    replay = Replay("page", ReplaySettings(path=path, batch=3))
    await replay.open()
    cursor: str | None = None
    seen: list[str] = []
    batch = Batch((), "")
    while not batch.done:
        batch = await replay.poll(cursor)
        seen, cursor = [*seen, *(event.id for event in batch.events)], batch.cursor
        restarted = Replay("page", replay.settings)
        await restarted.open()
        assert [*seen, *(event.id for event in await rest(restarted, cursor))] == [str(n) for n in range(20)]
        await restarted.close()
    await replay.close()


async def test_a_bad_line_is_skipped_counted_and_logged_with_its_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = {"id": "1", "text": "good"}
    bad = [
        b"{not json\n",
        b"\xff\xfe\n",
        b"[1, 2]\n",
        b'{"id": "2", "text": NaN}\n',
        b"[" * 100_000 + b"\n",
        {"text": "no id"},
        {"id": "", "text": "empty id"},
        {"id": "2"},
        {"id": "2", "text": None},
        {"id": "2", "text": "x", "created_at": "last Tuesday"},
        {"id": "2", "text": "x", "created_at": 1e30},
        {"id": "2", "text": "x", "kind": "song"},
    ]
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(lines(good, *bad, b"\n", good))
    with caplog.at_level(logging.WARNING, "platforms.replay"):
        events, replay = await replayed(path)
    assert [event.id for event in events] == ["1", "1"]
    assert replay.skipped == len(bad)
    assert [record.args[1] for record in caplog.records if isinstance(record.args, tuple)] == list(
        range(2, 14)
    )
    assert "song" not in caplog.text


async def test_reading_a_bad_line_again_counts_it_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(lines({"id": "1", "text": "x"}, b"{\n", {"id": "2", "text": "y"}))
    replay = Replay("page", ReplaySettings(path=path))
    await replay.open()
    assert len(await rest(replay, None)) == len(await rest(replay, None)) == 2
    assert replay.skipped == 1
    await replay.close()


async def test_a_stray_quote_in_a_csv_costs_one_line_and_not_those_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "stray.csv"
    path.write_text(
        'id,text\n1,one\n2,"never closed\n3,three\n4,four,too many\n5,"fi"ve"\n6,"s\nix"\n', "utf-8"
    )
    events, replay = await replayed(path)
    assert [(comment.id, comment.text) for comment in comments(events)] == [
        ("1", "one"),
        ("3", "three"),
        ("6", "s\nix"),
    ]
    assert replay.skipped == 3


async def test_a_comment_longer_than_the_csv_modules_limit_is_counted_and_the_next_ones_come(
    tmp_path: Path,
) -> None:
    path = table(["id", "text"], ["1", "x" * 200_000], ["2", "y"], path=tmp_path / "long.csv")
    events, replay = await replayed(path)
    assert ([event.id for event in events], replay.skipped) == (["2"], 1)


UNREADABLE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("no.jsonl", Path.exists, "No such file"),
    "a folder": ("folder.jsonl", lambda path: path.mkdir(), "Is a directory"),
    "of an unknown kind": ("file.txt", lambda path: path.write_text("{}"), "`format`"),
    "not what its name says": ("x.jsonl", lambda path: path.write_text("id,text\n1,a\n"), "line 1: not JSON"),
    "with other columns": ("x.csv", lambda path: path.write_text("a,b\n1,2\n"), "line 2: no 'id'"),
    "in UTF-16": ("x.csv", lambda path: path.write_text("id,text\n1,a\n", "utf-16"), "no CSV header"),
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_a_file_that_cannot_be_used_is_refused_when_the_page_is_opened(
    tmp_path: Path, case: str
) -> None:
    name, make, message = UNREADABLE[case]
    make(tmp_path / name)
    with pytest.raises(NotAuthorised, match=message):
        await Replay("page", ReplaySettings(path=tmp_path / name)).open()


async def test_a_damaged_archive_gives_what_is_whole_and_then_says_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    whole = gzip.compress(lines(*({"id": str(n), "text": f"{n * 7919} text"} for n in range(2000))))
    path.write_bytes(whole[: len(whole) // 2])
    replay = Replay("page", ReplaySettings(path=path))
    await replay.open()
    cursor: str | None = None
    seen: list[str] = []
    with pytest.raises(NotAuthorised, match="damaged after line"):
        while True:
            batch = await replay.poll(cursor)
            seen, cursor = [*seen, *(event.id for event in batch.events)], batch.cursor
    with pytest.raises(NotAuthorised, match=f"damaged after line {len(seen)}"):
        await replay.poll(cursor)
    assert seen == [str(n) for n in range(len(seen))]
    assert 500 < len(seen) < 2000
    await replay.close()


async def test_a_file_replaced_by_another_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(*({"id": str(n), "text": "x"} for n in range(10))))
    replay = Replay("page", ReplaySettings(path=path))
    await replay.open()
    cursor = (await replay.poll(None)).cursor
    await replay.close()
    path.write_bytes(lines({"id": "1", "text": "x"}))
    await replay.open()
    with pytest.raises(NotAuthorised, match="shortened or replaced"):
        await replay.poll(cursor)
    await replay.close()


async def test_an_empty_file_is_over_at_once(tmp_path: Path) -> None:
    for name, content in (("empty.jsonl", ""), ("empty.csv", ""), ("header.csv", "id,text\n")):
        path = tmp_path / name
        path.write_text(content)
        assert (await replayed(path))[0] == []


async def test_the_recorded_speed_is_kept_and_multiplied(tmp_path: Path) -> None:
    path = tmp_path / "timed.jsonl"
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [(start + timedelta(seconds=10 * n)).isoformat() for n in range(5)]
    path.write_bytes(lines(*({"id": str(n), "text": "x", "created_at": at} for n, at in enumerate(times))))
    replay = Replay("page", ReplaySettings(path=path, speed=100))
    await replay.open()
    began, cursor, arrived = time.monotonic(), None, []
    for _ in range(100):
        batch = await replay.poll(cursor)
        cursor = batch.cursor
        arrived += [(event.id, time.monotonic() - began) for event in batch.events]
        if batch.done:
            break
    await replay.close()
    assert [event_id for event_id, _ in arrived] == ["0", "1", "2", "3", "4"]
    assert all(at >= 0.1 * number for number, (_, at) in enumerate(arrived))
    assert arrived[-1][1] < 10


async def test_waiting_for_the_recorded_time_returns_within_a_second_or_so(tmp_path: Path) -> None:
    path = tmp_path / "slow.jsonl"
    path.write_bytes(lines(*({"id": str(n), "text": "x", "created_at": n * 3600} for n in (1, 2))))
    replay = Replay("page", ReplaySettings(path=path, speed=1))
    await replay.open()
    first = await replay.poll(None)
    began = time.monotonic()
    waited = await replay.poll(first.cursor)
    assert time.monotonic() - began < 5
    assert (list(waited.events), waited.cursor, waited.more, waited.done) == ([], first.cursor, True, False)
    await replay.close()


async def test_a_recording_obeys_no_action(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines({"id": "1", "text": "x"}))
    with pytest.raises(Unsupported):
        await Replay("page", ReplaySettings(path=path)).act(ActionKind.HIDE, "1")


async def test_twenty_thousand_events_are_read_to_the_last(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    text = "a comment of the usual length, with some words about the school board " * 2
    row = {"text": text, "author": "A reader", "created_at": "2026-01-02T03:04:05Z", "post": "1"}
    path.write_bytes(lines(*({"id": str(n), **row} for n in range(20_000))))
    replay = Replay("page", ReplaySettings(path=path))
    await replay.open()
    assert len(await rest(replay, None)) == 20_000
    await replay.close()
