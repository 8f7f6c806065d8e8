from __future__ import annotations

import json
import select
import shlex
import subprocess
from pathlib import Path
from typing import Any

from classifiers.base import Category
from tests.modbot.installation import MODBOT, Answer, command, environment

THREAT = "I will come to your house and shoot you"


def score(*lines: bytes, end: bytes = b"\n") -> tuple[Answer, list[dict[str, Any]]]:
    answer = command("score", text=end.join(lines) + end)
    return answer, [json.loads(line) for line in answer.out.splitlines()]


def as_line(**values: object) -> bytes:
    return json.dumps(values).encode()


def test_every_category_gets_a_score_and_those_over_their_threshold_a_flag() -> None:
    answer, (found,) = score(as_line(id="a-1", text=THREAT))
    assert answer.status == 0
    assert found["id"] == "a-1"
    assert set(found["scores"]) == {category.value for category in Category}
    assert all(0 <= probability <= 1 for probability in found["scores"].values())
    assert found["flags"] == ["threats"]


def test_spans_count_characters_of_the_text_as_received() -> None:
    text = "👩‍👩‍👧 \u200b Größe: " + THREAT
    _, (found,) = score(as_line(id=1, text=text))
    spans = found["spans"]["threats"]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert any("shoot" in text[start:end] for start, end in spans)
    assert spans == sorted(spans)


def test_plain_lines_are_numbered_and_blank_ones_skipped() -> None:
    answer, found = score(b"Nice concert", b"", b"   ", b"See you there", end=b"\r\n")
    assert answer.status == 0
    assert [each["id"] for each in found] == [1, 4]


def test_a_line_that_cannot_be_read_is_told_and_the_others_go_on() -> None:
    answer, found = score(
        as_line(id=1, text="one"),
        b"nonsense",
        as_line(id=3, text=5),
        as_line(id=4),
        b'{"id": 5, "text": "\xff"}',
        b"[1]",
        b"[" * 100_000,
        as_line(text="eight"),
    )
    assert answer.status == 1
    assert [each["id"] for each in found] == [1, 8]
    told = [line.split(":")[0] for line in answer.err.splitlines()]
    assert told == [f"line {number}" for number in range(2, 8)]


def test_odd_characters_do_not_stop_it() -> None:
    answer, found = score(
        as_line(id="\ud83d", text="half \ud83d a pair \x00 \x1b[31m"),
        "\ufeff".encode() + as_line(id=2, text="a mark in the middle"),
    )
    assert [each["id"] for each in found] == ["\ud83d"]
    assert "line 2: it is not JSON" in answer.err


def test_a_byte_order_mark_is_no_part_of_the_first_text() -> None:
    answer, (found,) = score(b"\xef\xbb\xbf" + as_line(id=1, text="hello"))
    assert (answer.status, found["id"]) == (0, 1)


def test_nothing_in_gives_nothing_out() -> None:
    answer = command("score", text=b"")
    assert (answer.status, answer.out) == (0, "")


def test_the_last_line_needs_no_end() -> None:
    assert json.loads(command("score", text=b"hello").out)["id"] == 1


def test_the_same_text_gets_the_same_score_in_any_company() -> None:
    _, alone = score(as_line(id=1, text=THREAT))
    _, among = score(*(as_line(id=n, text=THREAT if n == 300 else f"text {n}") for n in range(400)))
    assert among[300]["scores"] == alone[0]["scores"]
    assert among[300]["spans"] == alone[0]["spans"]


def test_other_members_come_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "modbot.toml").write_text('[classifiers]\nmembers = ["patterns"]')
    answer = command("score", "--config", str(tmp_path), text=b"Nice concert\nSee you on Friday\n")
    one, other = (json.loads(line)["scores"] for line in answer.out.splitlines())
    assert one == other, "no pattern tells them apart; the linear member would"
    (tmp_path / "modbot.toml").write_text('[classifiers]\nmembers = ["oracle"]')
    answer = command("score", "--config", str(tmp_path), text=b"Nice concert")
    assert (answer.status, "There is no classifier oracle" in answer.err) == (1, True)


def test_missing_models_are_told(tmp_path: Path) -> None:
    (tmp_path / "modbot.toml").write_text('[classifiers]\nmodels = "nothing"')
    answer = command("score", "--config", str(tmp_path), text=b"Nice concert")
    assert answer.status == 1
    assert answer.out == ""
    assert "manifest.json" in answer.err


def test_a_slow_writer_is_answered_line_by_line(tmp_path: Path) -> None:
    # From an empty folder: scoring needs no installation.
    scoring = subprocess.Popen(
        [*MODBOT, "score"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )
    assert scoring.stdin
    assert scoring.stdout
    try:
        for number in (1, 2):
            scoring.stdin.write(as_line(id=number, text="hello") + b"\n")
            scoring.stdin.flush()
            assert select.select([scoring.stdout], [], [], 60)[0], "no answer to a whole line"
            assert json.loads(scoring.stdout.readline())["id"] == number
        scoring.stdin.close()
        assert scoring.wait(20) == 0
    finally:
        scoring.kill()
        scoring.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    done = subprocess.run(
        f"yes hello | {shlex.join(MODBOT)} score | head -n 1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        env=environment(),
        check=False,
    )
    assert done.stderr == b""
    assert json.loads(done.stdout)["id"] == 1


def test_a_very_long_line_is_scored_like_any_other() -> None:
    """A pattern that backtracks would not come to an end on it."""
    answer, found = score(as_line(id=1, text="go otters " * 20_000))
    assert (answer.status, len(found)) == (0, 1)
