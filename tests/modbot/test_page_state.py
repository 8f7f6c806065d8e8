"""What of a page is not read or not looked through: noted with it, told to people, cleared in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from modbot import checkpoints, config, health, wiring
from modbot.checkups import pages as checkup
from modbot.config import Settings
from modbot.records import archive
from modbot.records.page_state import GAP, PARTIAL
from modbot.service import Service
from modbot.store import Store, body_of, table
from modbot.tables import AuditEvent, Comment, Page
from modbot.web.app import create_app
from modbot.web.desk import Desk
from platforms.base import Batch, Event, NotAuthorised, RateLimited
from platforms.memory import Memory
from tests.modbot.scene import District, district, on_file, said
from tests.web.member import member
from tests.web.visitor import words

CLOSED = "Discord no longer shows modbot #general"


@pytest.fixture
def here(tmp_path: Path, migrated_file: Path) -> Iterator[District]:
    with on_file(tmp_path, migrated_file) as made:
        yield made


@pytest.fixture
def settings(here: District, tmp_path: Path) -> Settings:
    checkpoints.make_key(tmp_path / "checkpoint.key")
    body = {
        "page": [{"key": key, "platform": "memory"} for key in ("blog", "news")],
        "district": {"timezone": "America/Los_Angeles"},
        "database": {"url": here.store.engine.url.render_as_string(hide_password=False)},
    }
    return config.build(body, tmp_path / "modbot.toml")


@pytest.fixture
def shown(here: District, settings: Settings) -> Callable[[], str]:
    """The words of Health as they are now."""
    visitor = member(create_app(Desk(settings, here.store)), here.store, "vic")
    return lambda: words(visitor.get("/health").text)


class Sealed(Memory):
    """Comments can be read, and none can be looked up while there is an `error`."""

    error: Exception | None = None

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        if self.error:
            raise self.error
        return await super().lookup(known)


def page_of(here: District) -> Any:
    return here.rows(Page)[0]


def age(here: District, **since: timedelta) -> None:
    pages = table(Page)
    with here.store.write(logged=False) as tx:
        changed = {name: tx.now - each for name, each in since.items()}
        tx.execute(sa.update(pages).where(pages.c.key == "blog").values(polled_at=tx.now, **changed))


def complaints(here: District, settings: Settings) -> list[str]:
    told = health.complaints(health.measure(here.store), settings)
    return [each for each in told if "signed" not in each]


def told_by_doctor(settings: Settings) -> list[str]:
    return [each.says for each in checkup.pages(settings) if each.state.name == "LOOK"]


@pytest.mark.anyio
async def test_a_sweep_that_fails_is_noted_with_its_page_until_one_succeeds(
    store: Store, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    here = district(store)
    page = Sealed(request.node.nodeid, Memory.Settings())
    settings = config.build({}, tmp_path / "modbot.toml")
    service = Service(wiring.Bot(settings, store, (here.scorer,), {"blog": page}))
    here.arrive(said("1", "Hello"))
    service._opened.add("blog")
    for error in (NotAuthorised("refused"), RateLimited("slow", retry_after=9), KeyError("nobody foresaw")):
        page.error = error
        with pytest.raises(type(error)):
            await service.sweep("blog", page)
        since = page_of(here).unchecked_since
        with pytest.raises(type(error)):
            await service.sweep("blog", page)
        assert page_of(here).unchecked.startswith(f"{type(error).__name__}: ")
        assert page_of(here).unchecked_since == since is not None
        page.error = None
        assert await service.sweep("blog", page) == 1
        assert (page_of(here).unchecked_since, page_of(here).unchecked) == (None, "")


def test_people_are_told_once_it_has_failed_for_long_and_no_more_when_it_works(
    here: District, settings: Settings, shown: Callable[[], str]
) -> None:
    pages = table(Page)
    here.arrive(said("1", "Hello"))
    with here.store.write(logged=False) as tx:
        values = {"unchecked_since": tx.now, "unchecked": "NotAuthorised: give the bot View Channel"}
        tx.execute(sa.update(pages).where(pages.c.key == "blog").values(**values))
    assert complaints(here, settings) == []
    assert "Edits and deletions" not in shown()
    age(here, unchecked_since=timedelta(hours=3))
    since = page_of(here).unchecked_since.replace(tzinfo=UTC)
    local = since.astimezone(ZoneInfo("America/Los_Angeles"))
    (told,) = complaints(here, settings)
    assert told.startswith("page blog: edits and deletions have not been looked at since")
    assert f"{local:%B %-d, %-I:%M %p}" in told
    assert "View Channel" in told
    assert "Edits not looked at" in shown()
    assert "Edits and deletions have not been looked at since" in shown()
    assert any("edits and deletions have not been looked at" in each for each in told_by_doctor(settings))
    archive.recheck(here.store, "blog", (), 0)
    assert complaints(here, settings) == []
    assert "Edits and deletions" not in shown()
    assert told_by_doctor(settings) == []


def test_a_part_that_is_closed_is_told_and_the_time_is_on_record_when_it_opens(
    here: District, settings: Settings, shown: Callable[[], str]
) -> None:
    archive.take_in(here.store, "blog", Batch((), "1"))
    for cursor in ("2", "3"):
        archive.take_in(here.store, "blog", Batch((), cursor, unreadable=CLOSED))
    assert complaints(here, settings) == [f"part of page blog cannot be read: {CLOSED}"]
    page = shown()
    assert "Read in part" in page
    assert CLOSED in page
    assert "Something needs a person." in page
    assert told_by_doctor(settings) == [CLOSED]
    assert PARTIAL not in here.kinds()
    archive.take_in(here.store, "blog", Batch((), "4"))
    assert complaints(here, settings) == []
    assert GAP not in here.kinds()
    (entry,) = [row for row in here.rows(AuditEvent) if row.kind == PARTIAL]
    with here.store.read() as connection:
        body = body_of(connection, entry.seq)
    assert body
    assert body["failure"] == CLOSED
    assert datetime.fromisoformat(body["from"]) < datetime.fromisoformat(body["to"])
    assert "Last gap" in shown()


def test_another_part_that_closes_begins_another_time(here: District) -> None:
    for cursor, unreadable in (("1", CLOSED), ("2", f"{CLOSED}, #sports"), ("3", "")):
        archive.take_in(here.store, "blog", Batch((), cursor, unreadable=unreadable))
    assert here.kinds().count(PARTIAL) == 2
    assert not here.rows(Comment)
