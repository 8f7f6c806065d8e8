"""All platforms at once, with lines that break and a bot that is stopped: nothing lost, nothing twice.

The simulated platforms behave as themselves; what goes wrong on the way (no answer, 429, 5xx, half of a body)
is put between them and the adapters.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from modbot import cases, checkpoints, config, reconcile, wiring
from modbot.rulings import Choice, Ruling
from modbot.service import Service
from modbot.store import Store, table
from modbot.tables import Action, Case, CaseComment, Comment, Page
from platforms.addresses import CheckedTransport
from platforms.base import ActionKind, Platform
from tests.contracts.stages import Stage
from tests.modbot.scene import District, add_page, district

LONG = os.environ.get("MODBOT_FAULTS") == "long"
ROUNDS = 40 if LONG else 2
A_ROUND = 5
"""Comments on each page."""
SEED = int(os.environ.get("MODBOT_FAULTS_SEED", "4007"))
PLATFORMS = ("bluesky", "facebook", "flickr", "instagram", "linkedin", "vimeo", "x", "youtube")
FAULTS = 0.08
"""Of all calls, those that something happens to."""
SETTLE_SECONDS = 1200 if LONG else 90
pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(3600 if LONG else 240)]


@dataclass
class Line:
    """The way between the adapters and their platforms."""

    chance: random.Random
    broken: bool = True
    happened: Counter[str] = field(default_factory=Counter)

    async def carry(self, transport: CheckedTransport, request: httpx.Request) -> httpx.Response:
        fault = self.chance.choice(FAULT_KINDS) if self.broken and self.chance.random() < FAULTS else ""
        self.happened[fault] += 1
        if fault == "no answer":
            raise httpx.ReadTimeout("nothing came", request=request)
        if fault in ("429", "503"):
            soon = {"retry-after": "1", "x-rate-limit-reset": str(int(time.time()) + 1)}
            return httpx.Response(int(fault), headers=soon, json={"retry_after": 1}, request=request)
        response = await _carry(transport, request)
        if fault == "half":
            body = await response.aread()
            kept = {"content-type": response.headers.get("content-type", "")}
            return httpx.Response(response.status_code, headers=kept, content=body[: len(body) // 2])
        return response


FAULT_KINDS = ("no answer", "429", "503", "half")
_carry = CheckedTransport.handle_async_request


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line(random.Random(SEED))

    async def carry(transport: CheckedTransport, request: httpx.Request) -> httpx.Response:
        return await made.carry(transport, request)

    monkeypatch.setattr(CheckedTransport, "handle_async_request", carry)
    return made


@pytest.fixture
def stages(request: pytest.FixtureRequest) -> Iterator[dict[str, Stage]]:
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(import_module(f"tests.contracts.stages.{name}").stage(request))
            for name in PLATFORMS
        }


@pytest.fixture
def here(tmp_path: Path, migrated_file: Path) -> Iterator[District]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    made = district(store)
    checkpoints.make_key(tmp_path / "checkpoint.key")
    yield made
    store.close()


async def test_every_comment_is_archived_once_and_every_decision_carried_out_once(
    here: District, stages: Mapping[str, Stage], line: Line, tmp_path: Path
) -> None:
    settings = config.build({"intake": {"poll_seconds": 0.2, "recheck_seconds": 1}}, tmp_path / "modbot.toml")
    chance = random.Random(SEED)
    written: dict[str, list[str]] = {name: [] for name in stages}
    with here.store.write() as tx:
        for name in stages:
            add_page(tx, name, name, tx.record("page.registered", f"page:{name}"))
    for number in range(ROUNDS):
        async with _running(here, settings, stages, gently=chance.random() < 0.5):
            for name, stage in stages.items():
                texts = [_text(chance, name, number, each) for each in range(A_ROUND)]
                written[name] += await asyncio.to_thread(stage.write, texts)
            await asyncio.sleep(chance.uniform(0.5, 2))
            await asyncio.to_thread(_decide, here, stages)
    line.broken = False
    async with _running(here, settings, stages, gently=True):
        await _until(here, stages, written)
    _check(here, stages, written)
    assert sum(line.happened[fault] for fault in FAULT_KINDS) > 0


@contextlib.asynccontextmanager
async def _running(
    here: District, settings: config.Settings, stages: Mapping[str, Stage], *, gently: bool
) -> AsyncIterator[None]:
    """The bot with new adapters, as after a restart; ended gently or in the midst of what it does."""
    pages: dict[str, Platform] = {}
    for name, stage in stages.items():
        pages[name] = stage.platform()
        pages[name].page = name
        wiring.make_lasting(pages[name], here.store, settings)
    service = Service(wiring.Bot(settings, here.store, (here.scorer,), pages))
    running = asyncio.create_task(service.run())
    try:
        yield
    finally:
        if gently:
            service.stop()
        else:
            running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        for platform in pages.values():
            await platform.close()


def _text(chance: random.Random, name: str, number: int, each: int) -> str:
    said = "Buy now, half price" if chance.random() < 0.3 else "Lovely concert"
    # Unlike each other, or they would be one case.
    return f"{said}: {' '.join(chance.choices('abcdefghijklmnop', k=30))} {name} {number} {each}"


def _decide(here: District, stages: Mapping[str, Stage]) -> None:
    with here.store.read() as connection:
        waiting = connection.execute(
            sa.select(table(Case).c.id, table(Comment).c.page)
            .join(table(CaseComment), table(CaseComment).c.case_id == table(Case).c.id)
            .join(table(Comment), table(Comment).c.id == table(CaseComment).c.comment_id)
            .where(table(Case).c.state == "open")
        ).all()
    for case_id, page in {row.id: row.page for row in waiting}.items():
        can = ActionKind.HIDE in stages[page].platform().capabilities.actions
        hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
        cases.decide(
            here.store, here.rules, case_id, hide if can else Ruling(choice=Choice.LEAVE_UP, by="ana")
        )


async def _until(here: District, stages: Mapping[str, Stage], written: Mapping[str, list[str]]) -> None:
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        await asyncio.to_thread(_decide, here, stages)
        archived = Counter(row.page for row in here.rows(Comment))
        waiting = any(row.state == "pending" for row in here.rows(Action))
        undecided = any(row.state == "open" for row in here.rows(Case))
        if all(archived[name] >= len(ids) for name, ids in written.items()) and not waiting and not undecided:
            return
        await asyncio.sleep(0.5)


def _check(here: District, stages: Mapping[str, Stage], written: Mapping[str, list[str]]) -> None:
    archived = Counter((row.page, row.native_id) for row in here.rows(Comment))
    failures = {row.key: row.failure for row in here.rows(Page) if row.failure}
    for name, ids in written.items():
        assert {each: archived[name, each] for each in ids} == dict.fromkeys(ids, 1), (name, failures)
    actions = here.rows(Action)
    assert Counter(row.state for row in actions) == Counter({"done": len(actions)}), failures
    hidden = Counter(row.comment_id for row in actions)
    assert set(hidden.values()) <= {1}
    by_id = {row.id: row for row in here.rows(Comment)}
    for comment_id in hidden:
        comment = by_id[comment_id]
        assert not stages[comment.page].reader_sees(comment.native_id)
    checkpoints.verify(here.store)
    reconcile.check(here.store)
