from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

import platforms
from platforms.base import ActionKind, Comment, Kind
from platforms.manual import Columns, Manual, Row, Unreadable, rows, task

AT = datetime(2026, 11, 22, 16, tzinfo=UTC)
HERE = ZoneInfo("America/Los_Angeles")
PLACES = [name for name in platforms.BUILTIN if issubclass(platforms.load(name), Manual)]


def comment(row: Row, name: str = "manual") -> Comment:
    adapter = platforms.load(name)
    platform = adapter("page", adapter.Settings())
    assert isinstance(platform, Manual)
    return platform.comment(row, by="ana", at=AT, zone=HERE)


@pytest.mark.parametrize("name", PLACES)
def test_each_place_says_what_people_can_do_there_and_no_program_can(name: str) -> None:
    able = platforms.load(name).capabilities
    assert not able.actions
    assert able.note
    for action, effect in able.by_hand.items():
        assert task(name, action) in effect.note
        assert effect.reversible == (action is not ActionKind.DELETE)
    assert (ActionKind.HIDE in able.by_hand) == (ActionKind.UNHIDE in able.by_hand)


def test_the_places_that_the_policies_name_are_there() -> None:
    assert {"manual", "nextdoor", "pinterest", "threads", "tiktok"} <= set(PLACES)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-22 08:00", datetime(2026, 11, 22, 16, tzinfo=UTC)),
        ("2026-11-22T08:00", datetime(2026, 11, 22, 16, tzinfo=UTC)),
        ("2026-11-22T08:00:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("11/22/2026 8:05 AM", datetime(2026, 11, 22, 16, 5, tzinfo=UTC)),
        ("11/22/2026 20:05", datetime(2026, 11, 23, 4, 5, tzinfo=UTC)),
        ("7/4/2026", datetime(2026, 7, 4, 7, tzinfo=UTC)),
        ("", AT),
    ],
)
def test_times_are_read_as_people_here_write_them(written: str, moment: datetime) -> None:
    assert comment(Row(text="x", written_at=written)).created_at == moment


@pytest.mark.parametrize(
    "row",
    [
        Row(text=" \n"),
        Row(text="x", written_at="tomorrow"),
        Row(text="x", written_at="22.11.2026"),
        Row(text="x", link="javascript:alert(1)"),
        Row(text="x", link="//example.org"),
    ],
)
def test_what_cannot_be_a_comment_is_refused(row: Row) -> None:
    with pytest.raises(Unreadable):
        comment(row)


def test_a_link_is_made_of_the_post_where_the_place_allows_it_and_a_given_one_wins() -> None:
    assert comment(Row(text="x", post="77"), "pinterest").permalink == "https://www.pinterest.com/pin/77/"
    given = "https://www.pinterest.com/pin/78/#c1"
    assert comment(Row(text="x", post="77", link=given), "pinterest").permalink == given
    assert comment(Row(text="x", post="77"), "nextdoor").permalink == ""


def test_the_same_comment_gets_the_same_id_and_another_gets_another() -> None:
    ids = [comment(Row(text=text, author=author)).id for text, author in (("a", "b"), ("a", "b"), ("ab", ""))]
    assert ids[0] == ids[1] != ids[2]
    assert comment(Row(text="x", id="7")).id == "7"


def test_a_file_is_read_with_its_own_names_separators_and_line_breaks() -> None:
    content = '\ufeffComment;"User name";Answers\r\n"two\r\nlines; one text";Ana;\r\nyes;Bo;1\r\n'.encode()
    found = list(rows(content, Columns(text="comment", author="User name", parent="answers")))
    assert [(row.text, row.author) for row in found] == [("two\r\nlines; one text", "Ana"), ("yes", "Bo")]
    assert comment(found[1]).kind is Kind.REPLY
    assert found[0].source == {"Comment": "two\r\nlines; one text", "User name": "Ana", "Answers": ""}


def test_a_file_of_a_spreadsheet_in_an_older_encoding_is_read() -> None:
    [row] = rows("text\nA “quoted” word – déjà vu\n".encode("cp1252"), Columns())
    assert row.text == "A “quoted” word – déjà vu"


def test_a_row_with_more_or_fewer_cells_keeps_what_it_has() -> None:
    content = b"text,author\none\ntwo,Bo,extra,cells\n"
    assert [(row.text, row.author) for row in rows(content, Columns())] == [("one", ""), ("two", "Bo")]


def test_a_file_without_the_column_of_the_words_says_what_it_found() -> None:
    with pytest.raises(Unreadable, match="Its first line is: Message,User"):
        list(rows(b"Message,User\nx,y\n", Columns()))
