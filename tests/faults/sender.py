"""A site that sends its comments to the receiver of the running app: late, twice, in another order."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from modbot.config import Settings
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.simulators import serve
from tests.simulators.site import Delivery, Site


@dataclass
class Sender:
    site: Site
    url: str
    chance: random.Random
    broken: bool = True
    """Some answers do not arrive, so that the same is sent again."""

    async def run(self) -> None:
        taken: set[int] = set()
        async with httpx.AsyncClient(timeout=60) as client:
            while True:
                waiting = [n for n in range(len(self.site.deliveries)) if n not in taken]
                self.chance.shuffle(waiting)
                for number in waiting:
                    if await self._send(client, self.site.deliveries[number]):
                        taken.add(number)
                await asyncio.sleep(0.1)

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery) -> bool:
        answer = await client.post(self.url, content=delivery.body, headers=delivery.headers)
        lost = self.broken and self.chance.random() < 0.1
        return answer.is_success and not lost


@contextlib.asynccontextmanager
async def sending(
    site: Site, settings: Settings, store: Store, chance: random.Random
) -> AsyncIterator[Sender]:
    with serve(create_app(Desk(settings, store))) as url:
        sender = Sender(site, f"{url}/push/inbox", chance)
        running = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
