"""Killed at any instant, the bot loses nothing and does nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.faults import ledger, page, worker

LONG = os.environ.get("MODBOT_FAULTS") == "long"
KILLS = 200 if LONG else 12
SEED = int(os.environ.get("MODBOT_FAULTS_SEED", "4007"))
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800 if LONG else 300)]

# A fork server has everything imported, so that a restart costs milliseconds and most kills hit real work.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.faults.worker", "platforms.wordpress"])


@pytest.fixture
def server() -> Iterator[page.Server]:
    started = page.Server()
    yield started
    started.close()


def test_killed_at_any_instant_it_archives_once_and_acts_once(database_url: str, server: page.Server) -> None:
    chance = random.Random(SEED)
    said = list(page.texts(KILLS * 8, SEED))
    for number in range(KILLS):
        for comment_id, text in said[number * 8 : number * 8 + 8]:
            server.wall.say(comment_id, text)
        process = processes.Process(target=worker.run, args=(database_url, server.url, number))
        process.start()
        time.sleep(0.05 + chance.random() * 0.35)
        process.kill()
        process.join()
        assert process.exitcode == -9, "the bot ended by itself"
    bot = worker.finish(
        database_url, server.url, events=len(server.wall.events), seconds=900 if LONG else 120
    )
    ledger.check(bot.store, server.wall)
    assert len(server.wall.changes) > KILLS / 2
    bot.store.close()
