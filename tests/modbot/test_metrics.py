"""Every figure of /metrics, scraped from one running bot: one page is read, one fails, one pushes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from modbot import cases, config, observe, wiring
from modbot.config import Settings
from modbot.rulings import Choice, Ruling
from modbot.service import Service
from modbot.store import Store
from modbot.tables import Case
from modbot.web.app import create_app
from modbot.web.desk import Desk
from platforms.base import Batch, Identity, NotAuthorised
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, district
from tests.modbot.test_service import until
from tests.web.test_push import PAGES as PUSHED
from tests.web.test_push import post, signed
from tests.web.visitor import Visitor

PAGES = [{"key": "blog", "platform": "memory"}, {"key": "news", "platform": "memory"}, PUSHED[0]]

LONG = 60
"""Seconds that each step may take on a busy machine."""


class Overlapping(Memory):
    """Hands its first comment over at each poll, as a platform does that is read with an overlap."""

    async def poll(self, cursor: str | None) -> Batch:
        whole = await super().poll(None)
        batch = await super().poll(cursor)
        return Batch(batch.events + whole.events[:1], batch.cursor, more=batch.more)


class Locked(Memory):
    async def open(self) -> Identity:
        raise NotAuthorised("the password was changed")


class Scrape:
    """What a scrape tells, and by how much each counter has grown since the one before the bot ran."""

    def __init__(self, visitor: Visitor, before: Scrape | None = None) -> None:
        families = text_string_to_metric_families(visitor.get("/metrics").text)
        self.before = before
        self.families = {family.name: family for family in families}
        self._values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        return self._values.get((name, frozenset(labels.items())), 0.0)

    def gained(self, name: str, **labels: str) -> float:
        return self.value(name, **labels) - (self.before.value(name, **labels) if self.before else 0.0)


class Scene:
    def __init__(self, here: District, folder: Path, name: str) -> None:
        self.here = here
        body = {"page": PAGES, "intake": {"poll_seconds": 0.02}}
        self.settings: Settings = config.build(body, folder / "modbot.toml")
        wiring.register_pages(here.store, self.settings.page)
        watched = {
            "blog": Overlapping(f"{name}-blog", Memory.Settings()),
            "news": Locked(f"{name}-news", Memory.Settings()),
            "letters": wiring.open_page(self.settings.page[2]),
        }
        self.page: MemoryPage = memory_page(f"{name}-blog")
        self.bot = wiring.Bot(self.settings, here.store, (here.scorer,), watched)
        self.visitor = Visitor(create_app(Desk(self.settings, here.store)))
        self.before = Scrape(self.visitor)

    def scrape(self) -> Scrape:
        return Scrape(self.visitor, self.before)

    def deliver(self) -> None:
        """A letter, brought twice: its sender is not sure that it arrived."""
        written = {"id": "1", "text": "Hello", "post": "1", "created_at": "2026-11-21T20:00:00Z"}
        body = json.dumps({"type": "comment.created", "data": written}).encode()
        for _ in range(2):
            assert post(self.visitor.app, body=body, **signed(body)).status_code == 200

    def hide_the_case(self) -> None:
        (case,) = self.here.rows(Case)
        cases.decide(
            self.here.store,
            self.here.rules,
            case.id,
            Ruling(choice=Choice.HIDE, by="ana", clause="C1", quote="hurt you"),
        )


@pytest.fixture
def scene(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    """`checkpoint.key` is missing, so that one of the bot's own loops fails."""
    return Scene(district(store), tmp_path, request.node.name)


def reached(scene: Scene, name: str, **labels: str) -> Callable[[], bool]:
    return lambda: scene.scrape().gained(name, **labels) > 0


async def a_day(scene: Scene) -> None:
    service = Service(scene.bot)
    task = asyncio.create_task(service.run())
    scene.page.post("Nice concert")
    threat = scene.page.post("I will hurt you")
    typo = scene.page.post("See yuo there")
    await until(reached(scene, "modbot_scored_total", outcome="queued"), LONG)
    scene.page.edit(typo, "See you there")
    scene.page.delete(scene.page.post("Never mind"))
    await asyncio.to_thread(scene.deliver)
    await asyncio.to_thread(scene.hide_the_case)
    await until(reached(scene, "modbot_actions_total", page="blog", kind="hide"), LONG)
    assert threat not in {each.id for each in scene.page.seen_by_public()}
    await until(reached(scene, "modbot_comments_total", page="blog", step="deleted"), LONG)
    await until(reached(scene, "modbot_comments_total", page="letters", step="archived"), LONG)
    await until(lambda: scene.scrape().value("modbot_unscored_now") == 0, LONG)
    scene.here.member.broken = True
    scene.page.post("Nobody can score this")
    await until(reached(scene, "modbot_scored_total", outcome="not_scored"), LONG)
    await until(reached(scene, "modbot_platform_errors_total", page="news", error="NotAuthorised"), LONG)
    await until(reached(scene, "modbot_loop_failures_total", error="ConfigError"), LONG)
    service.stop()
    await asyncio.wait_for(task, LONG)


def test_one_day_of_a_bot_stands_in_every_figure(scene: Scene) -> None:
    asyncio.run(a_day(scene))
    told = scene.scrape()
    families = {family.name for family in observe.REGISTRY.collect()}
    assert families <= {name for name, family in told.families.items() if family.samples}
    by_step = {
        step: told.gained("modbot_comments_total", page="blog", step=step)
        for step in ("seen", "archived", "edited", "deleted")
    }
    assert (by_step["archived"], by_step["edited"], by_step["deleted"]) == (5, 1, 1)
    assert by_step["seen"] > 7
    assert told.gained("modbot_pushed_total", page="letters", what="new") == 1
    assert told.gained("modbot_pushed_total", page="letters", what="again") == 1
    assert told.gained("modbot_scored_total", outcome="scored") >= 5
    assert told.gained("modbot_scored_total", outcome="queued") == 1
    assert told.gained("modbot_scoring_seconds_count") > 0
    assert told.value("modbot_unscored_now") == 1
    assert told.value("modbot_actions_now", state="done") == 1
    assert told.value("modbot_actions_now", state="failed") == 0
    assert told.value("modbot_cases_now", state="closed") == 1
