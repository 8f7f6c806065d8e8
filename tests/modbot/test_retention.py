"""How long records are kept: what was said of each page, what is past it, what the platforms' terms say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import platforms
from modbot import config, resources, users, wiring
from modbot import store as storing
from modbot.checkups import keeping
from modbot.checkups.finding import State
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.records import retention
from modbot.records.disposition import dispose
from modbot.store import Store
from modbot.tables import Comment
from tests.modbot.installation import command
from tests.modbot.scene import District, deleted, district, edited, said

TWO_YEARS = {"authority": "GS2010-001", "years": 2}
VIDEOS = {"key": "videos", "platform": "youtube", "title": "District videos"}


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock so many years on from the test's beginning."""
    began = storing.utcnow()

    def set_on(years: float) -> None:
        at = began + timedelta(days=365.25 * years)
        for module in ("store", "records.retention"):
            monkeypatch.setattr(f"modbot.{module}.utcnow", lambda: at)

    return set_on


def settings(folder: Path, *pages: dict[str, Any], **said: Any) -> Settings:
    blog = {"key": "blog", "platform": "memory", "title": "District blog"}
    return config.build({"page": [blog, *pages], **said}, folder / "modbot.toml")


def kept(here: District, settings: Settings, page: str = "blog") -> retention.Kept:
    return next(each for each in retention.kept(here.store, settings) if each.page == page)


def test_nothing_is_past_its_time_while_nobody_has_said_how_long_it_is(
    here: District, tmp_path: Path, on: Callable[[float], None]
) -> None:
    here.arrive(said("1", "A"), deleted("1"))
    on(90)
    found = kept(here, settings(tmp_path))
    assert (found.authority, found.years, found.left, found.standing) == ("", 0, 0, 0)


def test_what_left_its_page_long_enough_ago_is_counted_apart_from_what_still_stands_there(
    here: District, tmp_path: Path, on: Callable[[float], None]
) -> None:
    here.arrive(said("1", "A"), said("2", "B"), edited("2", "B2"), said("3", "C"), said("4", "D"))
    here.arrive(deleted("1"), deleted("4"))
    on(1)
    here.arrive(deleted("2"), said("4", "D"), said("5", "E"))
    two = settings(tmp_path, retention=TWO_YEARS)
    on(1.9)
    assert (kept(here, two).left, kept(here, two).standing) == (0, 0)
    on(2.1)
    assert (kept(here, two).left, kept(here, two).standing) == (1, 2)
    on(3.1)
    assert (kept(here, two).left, kept(here, two).standing) == (2, 3)


def test_words_that_were_released_are_no_longer_counted(
    here: District, tmp_path: Path, on: Callable[[float], None]
) -> None:
    users.add(here.store, "rio", "Rio", "records_officer")
    here.arrive(said("1", "A"), deleted("1"))
    on(2.1)
    two = settings(tmp_path, retention=TWO_YEARS)
    assert kept(here, two).left == 1
    dispose(here.store, [here.rows(Comment)[0].id], by="rio", authority="GS2010-001")
    assert kept(here, two).left == 0


def test_a_page_may_have_its_own_and_one_that_is_left_has_the_districts(
    here: District, tmp_path: Path
) -> None:
    own = {"key": "board", "platform": "memory", "retention": {"authority": "GS50-01-12", "years": 6}}
    found = settings(tmp_path, own, retention=TWO_YEARS)
    wiring.register_pages(here.store, found.page)
    said = {each.page: (each.authority, each.years) for each in retention.kept(here.store, found)}
    assert said["board"] == ("GS50-01-12", 6)
    assert said["blog"] == said["news"] == ("GS2010-001", 2)


@pytest.mark.parametrize("half", [{"authority": "GS2010-001"}, {"years": 2}])
def test_years_without_the_schedules_item_are_refused_and_so_is_the_item_alone(
    tmp_path: Path, half: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="needed together"):
        settings(tmp_path, retention=half)


@pytest.mark.parametrize(
    ("day", "years", "earlier"), [("2028-02-29", 1, "2027-02-28"), ("2028-02-29", 4, "2024-02-29")]
)
def test_a_leap_day_has_its_day_in_other_years(day: str, years: int, earlier: str) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert retention.years_before(moment, years).date().isoformat() == earlier


def test_the_doctor_asks_for_the_schedule_and_shows_the_platforms_terms_beside_it(tmp_path: Path) -> None:
    asked = list(keeping.keeping(settings(tmp_path, VIDEOS)))
    assert [(each.what, each.state) for each in asked] == [
        ("retention", State.LOOK),
        ("retention videos", State.LOOK),
    ]
    assert "blog, videos" in asked[0].says
    told = list(keeping.keeping(settings(tmp_path, VIDEOS, retention=TWO_YEARS)))
    assert {each.state for each in told} == {State.FINE}
    assert told[1].says.startswith("GS2010-001, 2 years. YouTube's developer policies")


@pytest.mark.parametrize("name", sorted(platforms.BUILTIN))
def test_what_the_help_tells_counsel_of_a_platform_stands_beside_the_schedule_too(name: str) -> None:
    help_page = resources.folder("docs") / "platforms" / f"{name}.md"
    told = help_page.is_file() and "how-long-records-are-kept" in help_page.read_text(encoding="utf-8")
    assert bool(retention.terms(name)) is told


def test_the_command_shows_every_page_with_its_schedule_and_the_terms(
    tmp_path: Path, migrated_file: Path
) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    (tmp_path / "modbot.toml").write_text(
        '[retention]\nauthority = "GS2010-001"\nyears = 2\n[[page]]\nkey = "company"\nplatform = "linkedin"\n'
    )
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    wiring.register_pages(store, config.load(tmp_path / "modbot.toml").page)
    store.close()
    told = command("retention", "--config", str(tmp_path))
    assert told.status == 0
    assert "GS2010-001" in told.out
    assert "company: LinkedIn's Data Storage Requirements" in told.out
    assert "Nothing is destroyed by itself." in told.out
    [line] = command("retention", "--config", str(tmp_path), "--json").data
    assert (line["page"], line["years"], line["left"], line["standing"]) == ("company", 2, 0, 0)
