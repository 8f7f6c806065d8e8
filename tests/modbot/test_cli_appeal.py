"""Appeals on the command line, on a file: what lies below is tested on both engines."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modbot import users
from modbot.store import Store
from modbot.tables import Case
from tests.modbot.installation import Installation, install


@pytest.fixture
def office(tmp_path: Path, migrated_file: Path) -> Iterator[Installation]:
    shutil.copy(migrated_file, tmp_path / "modbot.db")
    made = install(tmp_path / "office", Store(f"sqlite:///{tmp_path / 'modbot.db'}"))
    users.add(made.here.store, "alma", "Alma Reyes", "appeals_officer")
    made.here.comes_in("buy now, last chance")
    case = str(made.only_case())
    hide = ("--choice", "hide", "--clause", "C7", "--quote", "buy now", "--as", "ana")
    assert made.modbot("case", "decide", case, *hide).status == 0
    yield made
    made.here.store.close()


def test_an_appeal_is_filed_listed_and_decided(office: Installation) -> None:
    case = str(office.here.rows(Case)[0].id)
    given = ("--words", "I asked\x1b[2J", "--received", "2026-01-05", "--as", "ben")
    filed = office.modbot("appeal", "file", case, *given)
    assert filed.status == 0, filed.err
    (entry,) = office.modbot("appeal", "list", "--json").data
    assert (entry["case_id"], entry["state"]) == (int(case), "waiting")
    listed = office.modbot("appeal", "list").out
    assert "late" in listed
    assert "\x1b" not in listed
    number = str(entry["id"])
    ruling = ("--outcome", "overturned", "--reason", "It asks")
    refused = office.modbot("appeal", "decide", number, *ruling, "--as", "lee")
    assert refused.status == 1
    assert "may not decide appeals" in refused.err
    decided = office.modbot("appeal", "decide", number, *ruling, "--as", "alma")
    assert decided.out == f"Appeal {number}: overturned by alma.\n"
    assert office.modbot("appeal", "list", "--json").data[0]["reason"] == "It asks"


def test_what_is_no_day_is_refused_in_words(office: Installation) -> None:
    answer = office.modbot("appeal", "file", "1", "--words", "x", "--received", "yesterday", "--as", "ben")
    assert answer.status == 1
    assert "Write it as 2026-11-22." in answer.err
