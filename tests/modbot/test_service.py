"""The whole bot on a page in memory: from a comment that arrives to a decision that is carried out."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from classifiers.base import Scores
from modbot import cases, checkpoints, config, page_openings, wiring
from modbot.records import archive, rechecking
from modbot.rulings import Choice, Ruling
from modbot.service import Service
from modbot.store import Store, table, utcnow
from modbot.tables import AuditEvent, Case, Checkpoint, Comment, Page, Presence, Unscored
from platforms import memory
from platforms.base import Batch, Event, Identity, RateLimited, Unavailable
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, deleted, district, edited, said


class Line(Memory):
    """The memory page at the end of a line that can be down, or do something nobody foresaw."""

    error: Exception | None = None

    async def open(self) -> Identity:
        self._fail()
        return await super().open()

    async def poll(self, cursor: str | None) -> Batch:
        self._fail()
        return await super().poll(cursor)

    def _fail(self) -> None:
        if self.error:
            raise self.error


class Scene:
    def __init__(self, here: District, folder: Path, name: str) -> None:
        self.here = here
        self.lines = {key: Line(f"{name}-{key}", Memory.Settings()) for key in ("blog", "news")}
        body = {"intake": {"poll_seconds": 0.02, "recheck_seconds": 0.05}}
        self.settings = config.build(body, folder / "modbot.toml")
        checkpoints.make_key(folder / "checkpoint.key")
        self.bot = wiring.Bot(self.settings, here.store, (here.scorer,), self.lines)

    def page(self, key: str = "blog") -> MemoryPage:
        return memory_page(self.lines[key].page)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        service = Service(self.bot)
        task = asyncio.create_task(service.run())
        yield service
        service.stop()
        await asyncio.wait_for(task, 10)


async def until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def scene(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Scene:
    return Scene(district(store), tmp_path, request.node.nodeid)


@pytest.mark.anyio
async def test_from_a_comment_to_a_hidden_comment_and_back(scene: Scene) -> None:
    page, here = scene.page(), scene.here
    async with scene.running():
        page.post("Lovely concert")
        page.post("Buy now, half price")
        await until(lambda: here.rows(Case))
        (case,) = here.rows(Case)
        ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
        cases.decide(here.store, here.rules, case.id, ruling)
        await until(lambda: [each.text for each in page.seen_by_public()] == ["Lovely concert"])
        cases.undo(here.store, here.rules, case.id, "ana")
        await until(lambda: len(page.seen_by_public()) == 2)
    assert checkpoints.verify(here.store).entries > 10


class Accounted(Line):
    """Notes at each poll how many comments it had handed over and how many of them were archived by then."""

    def __init__(self, page: str, here: District) -> None:
        super().__init__(page, Memory.Settings())
        self.here, self.handed_over = here, 0
        self.noted: list[tuple[int, int]] = []

    async def poll(self, cursor: str | None) -> Batch:
        self.noted.append((self.handed_over, len(self.here.rows(Comment))))
        batch = await super().poll(cursor)
        self.handed_over += len(batch.events)
        return batch


@pytest.mark.anyio
async def test_a_page_is_asked_for_its_next_batch_once_the_one_before_is_committed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "BATCH", 3)
    line = scene.lines["blog"] = Accounted(scene.lines["blog"].page, scene.here)
    for number in range(10):
        scene.page().post(f"Comment number {number}")
    async with scene.running():
        await until(lambda: len(line.noted) > 4)
    assert line.noted[:5] == [(0, 0), (3, 3), (6, 6), (9, 9), (10, 10)]


class Overtaken(Line):
    """Answers once with words from before an edit that is archived while the answer is on its way."""

    capabilities = replace(Memory.capabilities, sees_edits="lookup")

    def __init__(self, page: str, here: District, asked_by: str) -> None:
        super().__init__(page, Memory.Settings())
        self.here, self.asked_by, self.answered = here, asked_by, 0

    async def poll(self, cursor: str | None) -> Batch:
        return Batch(await self._answer("poll"), cursor or "1")

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        return await self._answer("lookup")

    async def _answer(self, asked_by: str) -> Sequence[Event]:
        if asked_by != self.asked_by:
            return ()
        self.answered += 1
        if self.answered > 1:
            return ()
        await asyncio.to_thread(self.here.arrive, edited("1", "Second words"))
        return (edited("1", "First words"),)


@pytest.mark.anyio
@pytest.mark.parametrize("asked_by", ["poll", "lookup"])
async def test_words_that_an_edit_overtook_on_their_way_are_not_archived_as_another_edit(
    scene: Scene, asked_by: str
) -> None:
    scene.here.arrive(said("1", "First words"))
    line = scene.lines["blog"] = Overtaken(scene.lines["blog"].page, scene.here, asked_by)
    async with scene.running():
        await until(lambda: line.answered > 2)
    assert len(scene.here.rows(Comment)) == 2


class Waited(Line):
    """Hands out what it was told at `asked_at`."""

    asked_at: datetime

    async def poll(self, cursor: str | None) -> Batch:
        return Batch((edited("1", "First words"),), "1", asked_at=self.asked_at)


@pytest.mark.anyio
async def test_words_that_waited_in_the_adapter_while_an_edit_was_archived_are_no_other_edit(
    scene: Scene,
) -> None:
    line = Waited(scene.lines["blog"].page, Memory.Settings())
    scene.here.arrive(said("1", "First words"))
    line.asked_at = utcnow()
    scene.here.arrive(edited("1", "Second words"))
    await Service(scene.bot).poll("blog", line)
    assert len(scene.here.rows(Comment)) == 2


@pytest.mark.anyio
async def test_a_page_is_read_on_while_scoring_hangs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    here, going_on = scene.here, threading.Event()
    score = here.member.classify

    def hang(texts: Sequence[str]) -> list[Scores]:
        assert going_on.wait(20)
        return score(texts)

    monkeypatch.setattr(here.member, "classify", hang)
    monkeypatch.setattr(memory, "BATCH", 3)
    async with scene.running():
        for number in range(10):
            scene.page().post(f"Comment number {number}")
        await until(lambda: len(here.rows(Comment)) == 10)
        assert len(here.rows(Unscored)) == 10
        going_on.set()
        await until(lambda: not here.rows(Unscored))


@pytest.mark.anyio
async def test_for_whom_and_as_which_account_a_page_is_worked_on_is_on_record_once(scene: Scene) -> None:
    for _ in range(2):
        await Service(scene.bot).run_once()
    opened = [row.subject for row in scene.here.rows(AuditEvent) if row.kind == page_openings.OPENED]
    assert opened == ["page:blog", "page:news"]
    with scene.here.store.read() as connection:
        told = page_openings.last(connection, "news")
    assert (told["district"], told["platform"]) == (scene.settings.district.name, "memory")


@pytest.mark.anyio
async def test_an_edit_and_a_deletion_on_the_page_reach_the_archive(scene: Scene) -> None:
    page, here = scene.page(), scene.here
    async with scene.running():
        first, second = page.post("Helo"), page.post("Bye")
        await until(lambda: len(here.rows(Comment)) == 2)
        page.edit(first, "Hello")
        page.delete(second)
        await until(lambda: len(here.rows(Comment)) == 3 and here.rows(Presence))


@pytest.mark.anyio
@pytest.mark.parametrize("error", [Unavailable("down"), KeyError("something nobody foresaw")])
async def test_a_page_that_fails_is_shown_as_failing_while_the_others_go_on(
    scene: Scene, error: Exception
) -> None:
    here = scene.here
    scene.lines["blog"].error = error
    async with scene.running():
        scene.page("news").post("Buy now, half price")
        await until(lambda: here.rows(Case))
        await until(lambda: here.rows(Page)[0].failing_since)
        scene.lines["blog"].error = None
        scene.page("blog").post("Hello again")
        await until(lambda: len(here.rows(Comment)) == 2)
    assert "capture.gap" in here.kinds()
    assert here.rows(Page)[0].failing_since is None


@pytest.mark.anyio
async def test_a_look_that_the_platform_puts_off_goes_on_as_soon_as_it_may(scene: Scene) -> None:
    service, looks = Service(scene.bot), 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RateLimited("not so fast", retry_after=0.1)
        service.stop()

    await asyncio.wait_for(service._every(3_600, look), 60)
    assert looks == 2


@pytest.mark.anyio
async def test_a_checkpoint_is_signed_at_the_start_and_leaves_the_database(scene: Scene) -> None:
    async with scene.running():
        await until(lambda: scene.here.rows(Checkpoint))
    assert checkpoints.read_file(scene.settings.folder / "checkpoints" / checkpoints.FILE_NAME)


@pytest.mark.anyio
async def test_one_pass_reads_scores_and_carries_out_everything_and_ends(scene: Scene) -> None:
    for number in range(600):
        scene.page().post(f"Lovely concert number {number}")
    scene.lines["news"].error = Unavailable("down")
    failures = await Service(scene.bot).run_once()
    assert list(failures) == ["news"]
    assert len(scene.here.rows(Comment)) == 600
    assert scene.here.kinds().count("comment.scored") == 600


def test_the_sweep_asks_for_the_newest_revision_of_what_is_still_there(store: Store) -> None:
    here = district(store)
    here.arrive(said("1", "A"), said("2", "B"), said("3", "C"), edited("1", "A2"), deleted("3"))
    known, restart = rechecking.due(store, "blog", timedelta(days=1))
    newest = {row.native_id: row.revision for row in here.rows(Comment)}
    assert known == {"2": newest["2"], "1": newest["1"], "3": ""}
    assert restart == 0


def test_the_sweep_leaves_out_what_is_too_old_and_goes_round_in_hundreds(store: Store) -> None:
    here = district(store)
    here.arrive(*(said(str(number), f"Text {number}") for number in range(150)))
    known, restart = rechecking.due(store, "blog", timedelta(days=1))
    assert len(known) == 100
    archive.recheck(store, "blog", (), restart)
    known, restart = rechecking.due(store, "blog", timedelta(days=1))
    assert (len(known), restart) == (50, 0)
    with store.write(logged=False) as tx:
        tx.execute(sa.update(table(Page)).values(polled_at=utcnow()))
    assert rechecking.due(store, "blog", timedelta(0)) == ({}, 0)
