"""Everybody who reads the policy sees which election the machine knows, and whether that is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from modbot import config
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot.scene import district
from tests.web.member import member
from tests.web.visitor import words

TODAY = datetime.now(ZoneInfo("America/Los_Angeles")).date()
Shown = Callable[[str, int, int], str]


@pytest.fixture
def shown(tmp_path: Path, migrated_file: Path) -> Iterator[Shown]:
    """The policy's page in words, with these members and an election of these days from today."""
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    district(store)
    file = tmp_path / "district" / "election.toml"
    file.parent.mkdir()

    def page(classifier: str, begins: int, day: int) -> str:
        first, last = (TODAY + timedelta(days=days) for days in (begins, day))
        file.write_text(
            f'name = "Special <b>election</b>"\nbegins = {first}\nday = {last}\n'
            '[[measure]]\nname = "Measure 4"\n[[candidate]]\nname = "Ana Duarte"\n',
            encoding="utf-8",
        )
        settings = config.build(
            {"classifiers": {"members": ["patterns", classifier]}}, tmp_path / "modbot.toml"
        )
        return words(member(create_app(Desk(settings, store)), store, "vic").get("/policy").text)

    yield page
    store.close()


def test_an_election_under_way_is_shown_with_what_is_on_its_ballot(shown: Shown) -> None:
    said = shown("ballot", -30, 2)
    assert "Special <b>election</b>" in said
    assert "for and against alike" in said
    assert "Measure 4" in said
    assert "Ana Duarte" in said


def test_an_election_that_is_over_or_to_come_says_so_and_what_to_do(shown: Shown) -> None:
    assert "write down the next election" in shown("ballot", -30, -2)
    assert "It has not begun" in shown("ballot", 2, 30)


def test_an_election_that_nobody_looks_for_is_not_shown(shown: Shown) -> None:
    assert "Measure 4" not in shown("linear", -30, 2)
