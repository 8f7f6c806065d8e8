"""The process that is killed while it calls people: alerts at work, quicker than in life."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import sqlalchemy as sa

from modbot import config
from modbot.alerts import service
from modbot.alerts.service import AlertService
from modbot.config import Settings
from modbot.store import Store, table
from modbot.tables import Call, Case, Delivery
from tests.alerts.scenery import channel, person

STEPS = 3
"""How far a call goes before the test answers it."""


def settings(folder: str, database: str, url: str) -> Settings:
    """Two people with two channels each: signed webhooks, which know a message again, and Discord."""
    discord = f"{url}/api/webhooks/1/a-token-that-is-long-enough"
    channels = [
        channel("ana-phone", url),
        channel("ana-room", discord, "discord"),
        channel("ben-phone", url),
        channel("ben-room", discord, "discord"),
    ]
    own = {
        "database": {"url": database},
        "web": {"address": "https://modbot.example.org"},
        "alerts": {"channel": channels, "route": [{"to": ["ana-phone"], "about": ["report_ready"]}]},
        "on_call": {
            "step_minutes": 0.005,
            "channel_seconds": 0.05,
            "person": [person("ana", "ana-phone", "ana-room"), person("ben", "ben-phone", "ben-room")],
        },
    }
    return config.build(own, Path(folder) / "modbot.toml")


def run(folder: str, database: str, url: str) -> None:
    """Call for ever; somebody else ends this process."""
    asyncio.run(_work(settings(folder, database, url), Store(database), float("inf")))


def finish(folder: str, database: str, url: str, seconds: float) -> None:
    """Call until every call has gone far enough and everything due was sent. Raises TimeoutError."""
    store = Store(database)
    asyncio.run(_work(settings(folder, database, url), store, seconds))
    store.close()


async def _work(made: Settings, store: Store, seconds: float) -> None:
    service.LOOK_SECONDS = service.STEP_SECONDS = 0.01
    alerts = AlertService(store, made, worker="caller")
    task = asyncio.create_task(alerts.run())
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(_far_enough, store):
        if time.monotonic() > end:
            raise TimeoutError("not everybody was called in time")
        await asyncio.sleep(0.05)
    alerts.stop()
    await task


def _far_enough(store: Store) -> bool:
    calls, cases, deliveries = table(Call), table(Case), table(Delivery)
    with store.read() as connection:
        many = [
            connection.execute(sa.select(sa.func.count()).select_from(each)).scalar()
            for each in (cases, calls)
        ]
        short = connection.execute(sa.select(sa.func.count()).where(calls.c.step < STEPS)).scalar()
        unsent = connection.execute(
            sa.select(sa.func.count()).where(
                deliveries.c.step <= STEPS, deliveries.c.state.in_(("due", "sending"))
            )
        ).scalar()
    return many[0] == many[1] and not short and not unsent
