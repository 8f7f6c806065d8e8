"""An election that is over, or pairs that cannot be read, are told before anybody relies on them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from modbot import config
from modbot.checkups import district
from modbot.checkups.finding import Finding, State

HOME = ZoneInfo("Pacific/Honolulu")
ELECTION = 'name = "Special election"\nbegins = 2026-11-01\nday = 2027-02-09\n'
MEASURE = '[[measure]]\nname = "Measure 4"\n'


def found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, now: str = "2026-12-01 12:00", ballot: bool = True
) -> dict[str, Finding]:
    members = ["patterns", *(["ballot"] if ballot else [])]
    settings = config.build(
        {"classifiers": {"members": members}, "district": {"timezone": HOME.key}}, folder / "modbot.toml"
    )
    moment = datetime.fromisoformat(now).replace(tzinfo=HOME).astimezone(ZoneInfo("UTC"))
    monkeypatch.setattr(district, "utcnow", lambda: moment)
    return {each.what: each for each in district.district(settings)}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of the district's own data."""
    folder = tmp_path / "district"
    folder.mkdir()
    (folder / "election.toml").write_text(ELECTION + MEASURE, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("now", "state", "says"),
    [
        ("2026-10-31 23:00", State.LOOK, "begins on November 1, 2026"),
        ("2026-11-01 01:00", State.FINE, "until February 9, 2027: candidates: 0, measures: 1"),
        # Already the next day in Greenwich, and in Seattle; polls are open in Honolulu.
        ("2027-02-09 22:30", State.FINE, "until February 9, 2027"),
        ("2027-02-10 00:30", State.LOOK, "was on February 9, 2027"),
    ],
)
def test_an_election_counts_from_its_first_to_its_last_day_where_the_district_is(
    own: Path, monkeypatch: pytest.MonkeyPatch, now: str, state: State, says: str
) -> None:
    finding = found(own.parent, monkeypatch, now=now)["election"]
    assert (finding.state, says in finding.says) == (state, True), finding
    assert str(own / "election.toml") in finding.remedy or state is State.FINE


def test_what_to_do_after_the_election_is_told(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(own.parent, monkeypatch, now="2027-03-01 12:00")["election"]
    assert finding.remedy.startswith(f"Write the next one into {own / 'election.toml'}")
    assert 'take "ballot" out of [classifiers] members' in finding.remedy


def test_an_election_without_anybody_is_worth_a_look(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own / "election.toml").write_text(ELECTION, encoding="utf-8")
    finding = found(own.parent, monkeypatch)["election"]
    assert (finding.state, "nothing is found" in finding.says) == (State.LOOK, True)


def test_nothing_is_said_of_an_election_that_nobody_looks_for(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(own.parent, monkeypatch, now="2027-03-01 12:00", ballot=False) == {}
    (own / "election.toml").unlink()
    assert found(own.parent, monkeypatch) == {}


def test_pairs_of_the_districts_own_are_counted_and_mistakes_in_them_are_wrong(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = '{"issue": "bells", "first": "Keep the bells", "second": "End the bells", "breaks": false}\n'
    (own / "pairs.jsonl").write_text(pair, encoding="utf-8")
    finding = found(own.parent, monkeypatch)["matched pairs"]
    assert (finding.state, finding.says.startswith("1 of the district's own")) == (State.FINE, True)
    (own / "pairs.jsonl").write_text(pair * 2, encoding="utf-8")
    finding = found(own.parent, monkeypatch)["matched pairs"]
    assert finding.state is State.WRONG
    assert "neutrality is not measured" in finding.says
    assert "line 2: this pair stands in line 1 already" in finding.says
