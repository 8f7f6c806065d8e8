"""The bot measures the classifiers that run, week after week, and puts what came out on record."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from classifiers.training import reading
from modbot import config
from modbot.reports import making, schedule
from modbot.store import Store, body_of, table, utcnow
from modbot.tables import AuditEvent
from tests.modbot.installation import Installation, install

events = table(AuditEvent)


@pytest.fixture
def office(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An office of three days, with one quick member; a tenth of the corpus stands for all of it."""
    with store.write(now=utcnow() - timedelta(days=3)) as tx:
        tx.record("user.changed", "user:ana", {})
    rows = list(reading.corpus())[::10]
    monkeypatch.setattr(reading, "corpus", lambda: iter(rows))
    # In this process, where that tenth is known.
    monkeypatch.setattr(
        schedule, "ProcessPoolExecutor", lambda max_workers, **_: ThreadPoolExecutor(max_workers)
    )
    made = install(tmp_path / "office", store)
    with (made.folder / "modbot.toml").open("a") as file:
        file.write('[classifiers]\nmembers = ["patterns"]\n')
    return made


def look(office: Installation, now: datetime, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bot's look at that moment, when all reports are made; the measurements on record after it."""
    settings, store = config.load(office.folder / "modbot.toml"), office.here.store
    for week in making.due(store, ZoneInfo(settings.district.timezone), now):
        with store.write() as tx:
            tx.record(making.MADE, f"report:{week}")
    monkeypatch.setattr(schedule, "utcnow", lambda: now)
    asyncio.run(schedule.Schedule(store, settings).look())
    with store.read() as connection:
        of_kind = events.c.kind == "neutrality.measured"
        return list(connection.execute(sa.select(events.c.seq).where(of_kind)).scalars())


def test_parity_between_viewpoints_is_measured_once_in_every_week_of_use(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utcnow()
    assert len(look(office, now, monkeypatch)) == 1
    assert len(look(office, now, monkeypatch)) == 1
    first, second = look(office, now + timedelta(days=7), monkeypatch)
    with office.here.store.read() as connection:
        for body in (body_of(connection, first), body_of(connection, second)):
            assert body is not None
            assert body["pooled"]["pairs"] >= 105
            assert body["version"].startswith("patterns:")
            assert body["district_pairs"] == ""


def test_what_the_district_argues_about_is_measured_each_week_too(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = office.folder / "district" / "pairs.jsonl"
    own.parent.mkdir()
    own.write_text('{"issue": "bells", "first": "Bells on", "second": "Bells off", "breaks": false}\n')
    (seq,) = look(office, utcnow(), monkeypatch)
    with office.here.store.read() as connection:
        body = body_of(connection, seq)
    assert body is not None
    assert [each["pairs"] for each in body["strata"] if "district's own" in each["name"]] == [1]
    assert body["district_pairs"] == hashlib.sha256(own.read_bytes()).hexdigest()
