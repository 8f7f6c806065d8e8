"""A platform that fails, a database that goes away, a disk that is full: afterwards nothing is missing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import migrations
from modbot.errors import StoreUnavailable
from modbot.service import Service
from modbot.store import Store
from tests.faults import ledger, page, worker
from tests.peers.postgres import Postgres

LONG = os.environ.get("MODBOT_FAULTS") == "long"
COMMENTS = 1500 if LONG else 150
CUTS = 60 if LONG else 8
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800 if LONG else 300)]


@pytest.fixture
def server() -> Iterator[page.Server]:
    started = page.Server()
    for comment_id, text in page.texts(COMMENTS, seed=7):
        started.wall.say(comment_id, text)
    yield started
    started.close()


def test_a_platform_that_answers_429_500_garbage_half_a_body_or_not_at_all(
    database_url: str, server: page.Server
) -> None:
    server.wall.failing = 0.4
    bot = worker.finish(database_url, server.url, events=len(server.wall.events), seconds=600)
    ledger.check(bot.store, server.wall)
    bot.store.close()


def test_a_database_connection_that_is_cut_again_and_again(
    postgres: Postgres, migrated_database: str, server: page.Server
) -> None:
    name = postgres.create(template=migrated_database)
    stop = threading.Event()
    cutter = threading.Thread(target=_cut, args=(postgres.url(name), stop))
    cutter.start()
    try:
        bot = _finish_through_cuts(postgres.url(name), server)
    finally:
        stop.set()
        cutter.join()
    ledger.check(bot.store, server.wall)
    bot.store.close()


def _finish_through_cuts(url: str, server: page.Server) -> Any:
    """Building the bot writes as well, and may be cut: then it is simply started again."""
    for _ in range(200):
        with contextlib.suppress(StoreUnavailable):
            return worker.finish(url, server.url, events=len(server.wall.events), seconds=300)
        time.sleep(0.1)
    raise AssertionError("the bot never came to rest")


def _cut(url: str, stop: threading.Event) -> None:
    """End every other connection of this role to the database, a bounded number of times."""
    chance = random.Random(11)
    engine = sa.create_engine(
        url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        for _ in range(CUTS):
            if stop.wait(0.05 + chance.random() * 0.3):
                break
            connection.exec_driver_sql(others)
    engine.dispose()


def test_a_database_server_that_is_killed_and_started_again(
    postgres: Postgres, migrated_database: str, server: page.Server
) -> None:
    name = postgres.create(template=migrated_database)
    result: list[Any] = []
    work = threading.Thread(target=lambda: result.append(_finish_through_cuts(postgres.url(name), server)))
    work.start()
    for _ in range(2):
        time.sleep(0.5)
        postgres.kill()
        postgres.start()
    work.join()
    ledger.check(result[0].store, server.wall)
    result[0].store.close()


def test_a_full_disk_stops_the_bot_visibly_and_space_lets_it_go_on(
    tmp_path: Any, server: page.Server
) -> None:
    url = f"sqlite:///{tmp_path / 'modbot.db'}"
    store = Store(url)
    migrations.upgrade(store.engine)
    store.close()
    bot = worker.build(url, server.url)
    pages = _pages(bot.store)
    # SQLite's own limit gives the very error of a full disk, on any machine and without root.
    limit = f"PRAGMA max_page_count = {pages + 20}"
    sa.event.listen(bot.store.engine, "connect", lambda raw, _: raw.execute(limit).close())
    bot.store.engine.dispose()
    with pytest.raises(StoreUnavailable) as caught:
        asyncio.run(_read_everything(bot))
    assert "Free some space" in caught.value.remedy
    bot.store.close()
    bot = worker.finish(url, server.url, events=len(server.wall.events))
    ledger.check(bot.store, server.wall)
    bot.store.close()


def _pages(store: Store) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


async def _read_everything(bot: Any) -> None:
    service, platform = Service(bot), bot.pages[worker.PAGE]
    try:
        while (await service.poll(worker.PAGE, platform)).more:
            await service.score(bot.scorer)
    finally:
        await platform.close()
