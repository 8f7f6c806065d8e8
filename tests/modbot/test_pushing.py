"""From a platform's delivery to a case in the queue, with the bot and its web application running."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from modbot import checkpoints, config, wiring
from modbot.service import Service
from modbot.store import Store, table, utcnow
from modbot.tables import Case, Comment, Page, Presence, PushDelivery
from modbot.web.app import create_app
from modbot.web.desk import Desk
from platforms.budget import Period, Quota
from platforms.memory import Memory
from tests.modbot.scene import District, district
from tests.modbot.test_service import until

SECRET = "whsec_" + base64.b64encode(b"an invented key of 24 by").decode()
PAGE = {"key": "letters", "platform": "inbox", "settings": {"secret": SECRET}}


class Scene:
    def __init__(self, here: District, folder: Path) -> None:
        self.here = here
        checkpoints.make_key(folder / "checkpoint.key")
        body = {"page": [PAGE], "intake": {"poll_seconds": 0.05, "reconcile_seconds": 120}}
        self.settings = config.build(body, folder / "modbot.toml")
        wiring.register_pages(here.store, self.settings.page)
        inbox = wiring.open_page(self.settings.page[0])
        wiring.make_lasting(inbox, here.store, self.settings)
        bot = wiring.Bot(self.settings, here.store, (here.scorer,), {"letters": inbox})
        self.service = Service(bot)
        self.app = create_app(Desk(self.settings, here.store))

    async def tell(self, name: str, what: str, **data: Any) -> int:
        now = datetime.now(UTC)
        body = json.dumps({"type": f"comment.{what}", "timestamp": now.isoformat(), "data": data})
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(name, now, body),
        }
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return (await client.post("/push/letters", content=body, headers=headers)).status_code

    async def told(self, name: str, what: str, words: str) -> int:
        at = "2026-11-22T08:00:00Z"
        return await self.tell(name, what, id="1", text=words, post="17", created_at=at)

    async def run(self, story: Callable[[], Any]) -> None:
        running = asyncio.create_task(self.service.run())
        try:
            await story()
        finally:
            self.service.stop()
            await asyncio.wait_for(running, 30)


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Scene:
    return Scene(district(store), tmp_path)


@pytest.mark.anyio
async def test_what_is_pushed_is_archived_scored_and_queued_and_edits_and_deletions_follow(
    scene: Scene,
) -> None:
    here = scene.here

    async def story() -> None:
        assert await scene.told("one", "created", "Buy now, half price") == 200
        assert await scene.told("one", "created", "Buy now, half price") == 200
        await until(lambda: here.rows(Case), 30)
        assert await scene.told("two", "edited", "Buy now, a third off") == 200
        await until(lambda: len(here.rows(Comment)) == 2, 30)
        assert await scene.tell("three", "deleted", id="1") == 200
        await until(lambda: here.rows(Presence), 30)

    await scene.run(story)
    assert [row.state for row in here.rows(PushDelivery)] == ["read"] * 3
    checkpoints.verify(here.store)


@pytest.mark.anyio
async def test_what_came_while_nothing_ran_is_read_at_the_next_start(scene: Scene) -> None:
    await scene.told("one", "created", "Hello")
    await scene.run(lambda: until(lambda: scene.here.rows(Comment), 30))


@pytest.mark.anyio
async def test_a_page_that_is_pushed_to_is_polled_slowly_beside(scene: Scene) -> None:
    pages = table(Page)

    def rest() -> float:
        with scene.here.store.read() as connection:
            row = connection.execute(sa.select(pages).where(pages.c.key == "letters")).one()
        return (row.next_poll_at - utcnow()).total_seconds() if row.next_poll_at else 0.0

    await scene.told("one", "created", "Hello")
    await scene.run(lambda: until(lambda: rest() > 60, 30))


@pytest.mark.anyio
async def test_one_pass_reads_what_was_pushed(scene: Scene) -> None:
    await scene.told("one", "created", "Buy now")
    assert await scene.service.run_once() == {}
    assert len(scene.here.rows(Case)) == 1


class Metered(Memory):
    """Each poll costs a unit of a small quota."""

    async def open(self) -> Any:
        self.budget.allow(Quota("units", 3, Period.DAY, hard=True))
        return await super().open()

    async def poll(self, cursor: str | None) -> Any:
        self.budget.spend("units")
        return await super().poll(cursor)


@pytest.mark.anyio
async def test_a_page_whose_cap_is_reached_shows_it_and_is_never_silently_left(
    store: Store, tmp_path: Path
) -> None:
    here = district(store)
    checkpoints.make_key(tmp_path / "checkpoint.key")
    settings = config.build({"intake": {"poll_seconds": 0.01}}, tmp_path / "modbot.toml")
    page = Metered("blog", Memory.Settings())
    wiring.make_lasting(page, store, settings)
    service = Service(wiring.Bot(settings, store, (here.scorer,), {"blog": page}))
    running = asyncio.create_task(service.run())
    await until(lambda: here.rows(Page)[0].failing_since, 60)
    service.stop()
    await asyncio.wait_for(running, 30)
    failing = next(row for row in here.rows(Page) if row.key == "blog")
    assert failing.failure.startswith("CapReached: the day's 3 units are used up")
