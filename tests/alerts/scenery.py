"""A district with channels and people on call, and its alerts at work in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modbot import config
from modbot.alerts.service import AlertService
from modbot.config import Settings
from modbot.store import Store
from modbot.tables import Alert, AuditEvent, Call, Delivery
from tests.alerts.receiver import PASSWORD, SECRET, USER, Desk, PostOffice
from tests.modbot.scene import District, district

ADDRESS = "http://127.0.0.1:8080"
NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""


def channel(name: str, url: str, kind: str = "webhook", **more: Any) -> dict[str, Any]:
    """A channel of kind webhook or discord on this machine."""
    return {"name": name, "kind": kind, "url": url, "secret": SECRET, "allow_loopback": True} | more


def letters(name: str, *to: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "mail", "to": list(to)} | more


def mail(office: PostOffice) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": office.port,
        "user": USER,
        "password": PASSWORD,
        "sender": "modbot@example.org",
        "ca_file": str(office.ca_file),
    }


def person(name: str, *channels: str) -> dict[str, Any]:
    return {"name": name, "channels": list(channels)}


def settings(folder: Path, *channels: dict[str, Any], **tables: Any) -> Settings:
    """Channels, and tables of settings over the shipped ones; both pages are watched."""
    alerts = {"channel": list(channels), "digest_minutes": 0} | tables.pop("alerts", {})
    pages = [{"key": key, "platform": "memory", "title": f"The {key}"} for key in ("blog", "news")]
    own = {"alerts": alerts, "page": pages, "web": {"address": ADDRESS}} | tables
    return config.build(own, folder / "modbot.toml")


class Scene:
    def __init__(self, store: Store, settings: Settings) -> None:
        self.here: District = district(store)
        self.store = store
        self.settings = settings

    def service(self, worker: str = "here") -> AlertService:
        return AlertService(self.store, self.settings, worker=worker)

    def work(self, until: Callable[[], object], seconds: float = 8) -> None:
        """Let alerts run until something is true."""

        async def run() -> None:
            service = self.service()
            task = asyncio.create_task(service.run())
            end = time.monotonic() + seconds
            try:
                while not await asyncio.to_thread(until):
                    assert time.monotonic() < end, f"it did not happen in time: {self.deliveries()}"
                    await asyncio.sleep(0.02)
            finally:
                service.stop()
                await asyncio.wait_for(task, 15)

        asyncio.run(run())

    def round(self) -> None:
        """One look, and all that it sends."""

        async def look() -> None:
            service = self.service()
            await service.step()
            await service.look()
            await service.settle()
            await service.close()

        asyncio.run(look())

    def alerts(self) -> list[Any]:
        return self.here.rows(Alert)

    def calls(self) -> list[Any]:
        return self.here.rows(Call)

    def deliveries(self) -> list[tuple[int, str, str]]:
        """Step, channel and state of each, in order."""
        rows = sorted(self.here.rows(Delivery), key=lambda row: (row.alert_id, row.step, row.place))
        return [(row.step, row.channel, row.state) for row in rows]

    def logged(self, *beginnings: str) -> list[str]:
        return [row.kind for row in self.here.rows(AuditEvent) if row.kind.startswith(beginnings)]


@contextmanager
def two_desks() -> Iterator[tuple[Desk, Desk]]:
    first, second = Desk(), Desk()
    try:
        yield first, second
    finally:
        first.close()
        second.close()
