"""The process that is killed while it calls people: alerts at work, quicker than in life."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modbot import config
from modbot.alerts import calls, service
from modbot.alerts.service import AlertService
from modbot.config import Settings
from modbot.store import Store, table
from modbot.tables import Call, Case, Delivery
from tests.alerts.scenery import channel, letters, person

STEPS = 3
"""How far a call goes before the test answers it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the process works, and who takes what it sends."""

    folder: str
    database: str
    url: str
    mail: dict[str, Any]


def settings(at: Place) -> Settings:
    """Two people with signed webhooks, which know a message again; one has Discord too, one mail."""
    folder, url = at.folder, at.url
    discord = f"{url}/api/webhooks/1/a-token-that-is-long-enough"
    channels = [
        channel("ana-phone", url),
        channel("ana-room", discord, "discord"),
        channel("ben-phone", url),
        letters("ben-mail", "ben@example.org"),
    ]
    own = {
        "database": {"url": at.database},
        "mail": at.mail,
        "web": {"address": "https://modbot.example.org"},
        "alerts": {"channel": channels, "route": [{"to": ["ana-phone"], "about": ["report_ready"]}]},
        "on_call": {
            "step_minutes": 0.01,
            "channel_seconds": 0.05,
            "person": [person("ana", "ana-phone", "ana-room"), person("ben", "ben-phone", "ben-mail")],
        },
    }
    return config.build(own, Path(folder) / "modbot.toml")


def run(at: Place, at_work: Connection) -> None:
    """Call for ever; somebody else ends this process. `at_work` is closed when it has begun."""

    def never() -> bool:
        at_work.close()
        return False

    asyncio.run(_work(settings(at), Store(at.database), never))


def finish(at: Place, seconds: float) -> None:
    """Call, and answer what has gone far enough, until nothing is left. Raises TimeoutError."""
    store = Store(at.database)
    end = time.monotonic() + seconds

    def answered() -> bool:
        if time.monotonic() > end:
            raise TimeoutError("not everybody was called in time")
        answer(store)
        return _all_called(store)

    asyncio.run(_work(settings(at), store, answered))
    store.close()


async def _work(made: Settings, store: Store, done: Callable[[], bool]) -> None:
    service.LOOK_SECONDS = service.STEP_SECONDS = 0.01
    alerts = AlertService(store, made, worker="caller")
    task = asyncio.create_task(alerts.run())
    while not await asyncio.to_thread(done):
        await asyncio.sleep(0.05)
    alerts.stop()
    await task


def answer(store: Store) -> None:
    """Somebody answers every call whose first steps have all been sent."""
    calls_, d = table(Call), table(Delivery).c
    unsent = (
        sa.select(d.alert_id)
        .where(d.alert_id == calls_.c.alert_id, d.step <= STEPS, d.state.in_(("due", "sending")))
        .exists()
    )
    with store.read() as connection:
        far = sa.select(calls_.c.id).where(calls_.c.state == "calling", calls_.c.step >= STEPS, ~unsent)
        ids = list(connection.execute(far).scalars())
    for call in ids:
        calls.acknowledge(store, call, "ana", "page")


def _all_called(store: Store) -> bool:
    """Every case has had its call, and each was answered."""
    counted = sa.select(sa.func.count())
    with store.read() as connection:
        many = [connection.execute(counted.select_from(table(each))).scalar() for each in (Case, Call)]
        calling = connection.execute(counted.where(table(Call).c.state == "calling")).scalar()
    return many[0] == many[1] and not calling
