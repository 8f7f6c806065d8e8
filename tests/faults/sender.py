"""Platforms that send to the receiver of the running app: late, twice, in another order, and some never."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import httpx

from modbot.config import Settings
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.faults.pushing import Pushes
from tests.simulators import serve
from tests.simulators.site import Delivery


@dataclass
class Sender:
    pushes: Mapping[str, Pushes]
    """By page."""
    url: str
    chance: random.Random
    broken: bool = True
    happened: Counter[str] = field(default_factory=Counter)
    """What became of deliveries, by page: "x sent", "x again", "x lost"."""
    _waiting: dict[str, list[Delivery]] = field(default_factory=dict)

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            while True:
                for page, pushes in self.pushes.items():
                    fresh = [each for each in pushes.fresh() if not self._is_lost(page, pushes)]
                    waiting = [*self._waiting.get(page, ()), *fresh]
                    self.chance.shuffle(waiting)
                    self._waiting[page] = [
                        each for each in waiting if not await self._is_sent(client, page, each)
                    ]
                await asyncio.sleep(0.1)

    def _is_lost(self, page: str, pushes: Pushes) -> bool:
        lost = self.broken and pushes.may_be_lost and self.chance.random() < 0.15
        self.happened[f"{page} lost"] += lost
        return lost

    async def _is_sent(self, client: httpx.AsyncClient, page: str, delivery: Delivery) -> bool:
        """False: it is sent in a later round, once more where the answer was lost."""
        if self.broken and self.chance.random() < 0.4:
            return False
        if not await self._is_taken(client, page, delivery) or (self.broken and self.chance.random() < 0.1):
            self.happened[f"{page} again"] += 1
            return False
        self.happened[f"{page} sent"] += 1
        return True

    async def _is_taken(self, client: httpx.AsyncClient, page: str, delivery: Delivery) -> bool:
        address = f"{self.url}/push/{page}"
        try:
            answer = await client.post(address, content=delivery.body, headers=delivery.headers)
        except httpx.TransportError:
            return False  # an idle connection was closed while it was used again, as between real servers
        return answer.is_success


@contextlib.asynccontextmanager
async def sending(
    pushes: Mapping[str, Pushes], settings: Settings, store: Store, chance: random.Random
) -> AsyncIterator[Sender]:
    with serve(create_app(Desk(settings, store))) as url:
        sender = Sender(pushes, url, chance)
        running = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
