from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modbot import cases, outbox
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Case
from tests.modbot.installation import Installation, settings_file
from tests.modbot.scene import district

PAGES = '[[page]]\nkey = "forum"\nplatform = "manual"\n[[page]]\nkey = "live"\nplatform = "memory"\n'


@pytest.fixture
def office(tmp_path: Path, migrated_file: Path) -> Iterator[Installation]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{tmp_path / 'modbot.db'}"
    settings_file(tmp_path / "office", url, PAGES)
    store = Store(url)
    yield Installation(tmp_path / "office", district(store))
    store.close()


def test_one_comment_is_brought_in_and_known_the_second_time(office: Installation) -> None:
    command = ("comment", "add", "--page", "forum", "--text", "Buy now", "--author", "Pat", "--as", "ana")
    assert office.modbot(*command).out == "It is on record.\n"
    assert office.modbot(*command).out == "It was on record before.\n"


def test_a_file_is_brought_in_and_what_was_left_out_is_told(office: Installation, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("text,written_at\none,2026-11-22\ntwo,soon\n")
    answer = office.modbot("comment", "import", str(file), "--page", "forum", "--as", "ana")
    assert answer.out == "1 new, 0 with other words than before, 0 known already.\n"
    assert "Row 2 was left out: its time is not understood: soon." in answer.err


def test_what_is_wrong_is_said_with_what_to_do(office: Installation, tmp_path: Path) -> None:
    missing = office.modbot("comment", "import", str(tmp_path / "none.csv"), "--page", "forum", "--as", "ana")
    assert (missing.status, "Name the CSV file" in missing.err) == (1, True)
    other = office.modbot("comment", "add", "--page", "live", "--text", "x", "--as", "ana")
    assert (other.status, "Name one of these pages: forum" in other.err) == (1, True)
    viewer = office.modbot("comment", "add", "--page", "forum", "--text", "x", "--as", "vic")
    assert (viewer.status, "Ask a moderator" in viewer.err) == (1, True)


def test_tasks_are_listed_and_settled_once(office: Installation) -> None:
    assert office.modbot("task", "list").out == "Nothing waits to be done by hand.\n"
    office.modbot("comment", "add", "--page", "forum", "--text", "Buy now", "--as", "ana")
    store = office.here.store
    office.here.score()
    [case] = office.here.rows(Case)
    ruling = Ruling(choice=Choice.HIDE, by="ben", clause="C7", quote="Buy now", reason="an ad")
    cases.decide(store, office.here.rules, case.id, ruling)
    [due] = outbox.due(store, "forum")
    outbox.failed(store, due, "Hide it there")
    [task] = office.modbot("task", "list", "--json").data
    assert (task["what"], task["kind"], task["decided_by"]) == ("Hide it there", "hide", "ben")
    assert "Buy now" in office.modbot("task", "list").out
    number = str(task["id"])
    assert office.modbot("task", "done", number, "--as", "ana").out == "Noted as done.\n"
    again = office.modbot("task", "gone", number, "--as", "ana")
    assert (again.status, "modbot task list" in again.err) == (1, True)
