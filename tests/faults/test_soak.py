"""All platforms at once, with lines that break, tokens that end and a bot that is stopped.

Nothing is lost, nothing is done twice, every edit and every deletion is on record where the platform tells
of them, and no quota is exceeded. The simulated platforms behave as themselves; what goes wrong on the way is
put between them and the adapters. The long form is a day at a hundred times the speed, real peers included.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import checkpoints, config, reconcile, wiring
from modbot.config import Settings
from modbot.deliveries import SET_ASIDE, WAITING
from modbot.service import Service
from modbot.store import Store, table
from modbot.tables import PushDelivery, Unscored
from platforms.base import Platform, PlatformError
from platforms.facebook import FacebookSettings
from platforms.inbox import Inbox
from platforms.linkedin import LinkedInSettings
from platforms.x import XSettings
from tests.contracts.stages import Stage
from tests.contracts.stages.feed import FeedStage
from tests.contracts.stages.inbox import InboxStage
from tests.faults.ledger import Records
from tests.faults.line import Line, laid
from tests.faults.public import Public
from tests.faults.pushing import of_all
from tests.faults.sender import Sender, sending
from tests.faults.staff import Staff
from tests.faults.tokens import Tokens
from tests.faults.worker import make_due
from tests.modbot.scene import District, add_page, district

LONG = os.environ.get("MODBOT_FAULTS") == "long"
HOURS, THINGS = (24, 100) if LONG else (3, 30)
"""How often the bot is started, and how many things people do until it is stopped."""
SOMETHING = 0.36 if LONG else 0.05
"""Seconds between two of them."""
SEED = int(os.environ.get("MODBOT_FAULTS_SEED", "4007"))
SIMULATED = (
    *("bluesky", "discord", "facebook", "feed", "flickr", "inbox", "instagram", "linkedin", "vimeo", "x"),
    "youtube",
)
REAL = ("mediawiki", "wordpress")
FAULTS = 0.04 if LONG else 0.08
"""Of all calls, those that something happens to."""
SETTLE_SECONDS = 1200 if LONG else 120
INTAKE = {
    "poll_seconds": 0.5 if LONG else 0.2,
    "reconcile_seconds": 1 if LONG else 3,
    "recheck_seconds": 1,
}
pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(3600 if LONG else 240)]


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    with laid(monkeypatch, random.Random(SEED), FAULTS) as made:
        yield made


@pytest.fixture
def stages(request: pytest.FixtureRequest) -> Iterator[dict[str, Stage]]:
    """Of every simulated platform, and of the real ones that are installed here."""
    with contextlib.ExitStack() as stack:
        made: dict[str, Stage] = {}
        for name in (*SIMULATED, *(REAL if LONG else ())):
            if name in REAL and not _has(request, name):
                continue
            made[name] = stack.enter_context(import_module(f"tests.contracts.stages.{name}").stage(request))
        yield made


def _has(request: pytest.FixtureRequest, peer: str) -> bool:
    try:
        request.getfixturevalue(peer)
    except pytest.skip.Exception:
        return False
    return True


@pytest.fixture
def here(tmp_path: Path, migrated_file: Path) -> Iterator[District]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    made = district(store)
    checkpoints.make_key(tmp_path / "checkpoint.key")
    yield made
    store.close()


async def test_every_comment_edit_deletion_and_decision_is_kept_once_whatever_breaks(
    here: District, stages: Mapping[str, Stage], line: Line, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    pushes = of_all(stages)
    settings = config.build(
        {"intake": INTAKE, "page": [_page(name, stages[name]) for name in pushes]}, tmp_path / "modbot.toml"
    )
    with here.store.write() as tx:
        for name in stages:
            add_page(tx, name, name, tx.record("page.registered", f"page:{name}"))
    tokens = Tokens(here.store, settings, stages)
    adapters = {name: stage.platform().capabilities for name, stage in stages.items()}
    people = [Public(name, stage, adapters[name], chance, pushes.get(name)) for name, stage in stages.items()]
    staff, records = Staff(here, chance), Records(here.store)
    feed = stages["feed"]
    assert isinstance(feed, FeedStage)
    # An edit is seen while the comment stands on the feed's first page.
    feed.blog.shown = 1000
    async with sending(pushes, settings, here.store, chance) as sender:
        for _ in range(HOURS):
            await asyncio.to_thread(tokens.connect_again)
            line.down = {chance.choice(_addresses(stages))} if chance.random() < 0.3 else set()
            async with _running(here, settings, stages, gently=chance.random() < 0.5) as service:
                tokens.end_some(chance)
                await _an_hour(service.bot, people, staff, records, chance)
        line.broken = sender.broken = False
        await asyncio.to_thread(tokens.connect_again)
        await asyncio.to_thread(_end_leases, here.store)
        async with _running(here, settings, stages, gently=True) as service:
            await _until_settled(service, people, staff, records)
    _check(here, stages, people, records)
    tokens.check_quotas(line)
    _tell(line, people, records, sender)


async def _an_hour(
    bot: wiring.Bot, people: Sequence[Public], staff: Staff, records: Records, chance: random.Random
) -> None:
    for number in range(THINGS):
        if number % 5 == 0:
            await asyncio.to_thread(records.read)
            await asyncio.to_thread(staff.work, bot)
        who = chance.choice(people)
        await asyncio.to_thread(who.do_something, records.texts[who.page])
        await asyncio.sleep(SOMETHING)


@contextlib.asynccontextmanager
async def _running(
    here: District, settings: Settings, stages: Mapping[str, Stage], *, gently: bool
) -> AsyncIterator[Service]:
    """The bot with new adapters, as after a restart; ended gently or in the midst of what it does."""
    pages = {name: _adapter(name, stage) for name, stage in stages.items()}
    for platform in pages.values():
        wiring.make_lasting(platform, here.store, settings)
    bot = wiring.Bot(settings, here.store, (here.scorer,), pages)
    service = Service(bot)
    running = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        if gently:
            service.stop()
        else:
            running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        for platform in pages.values():
            await platform.close()


def _adapter(name: str, stage: Stage) -> Platform:
    platform = stage.platform()
    if isinstance(stage, InboxStage):
        # The stage's own reads what was sent; here it comes through the receiver.
        return Inbox(name, platform.settings)
    settings = platform.settings
    if isinstance(settings, FacebookSettings):
        settings = settings.model_copy(update={"edges": (*settings.edges, "conversations")})
    elif isinstance(settings, LinkedInSettings):
        # What is pushed is asked for as well: more calls than an app may make that has just been admitted.
        settings = settings.model_copy(update={"calls_per_day": 4000})
    elif isinstance(settings, XSettings) and LONG:
        # At a hundred times the speed a hundred times the money: X is not looked at while it will hardly do.
        settings = settings.model_copy(update={"monthly_dollars": 100 * settings.monthly_dollars})
    return type(platform)(name, settings)


def _page(name: str, stage: Stage) -> dict[str, Any]:
    """Its table in the settings, by which the receiver knows the page."""
    return {"key": name, "platform": name, "settings": _adapter(name, stage).settings.model_dump()}


def _addresses(stages: Mapping[str, Stage]) -> list[str]:
    return sorted({url.partition("//")[2].partition("/")[0] for url in map(_api, stages.values()) if url})


def _api(stage: Stage) -> str:
    settings = stage.platform().settings
    known = (getattr(settings, name, "") for name in ("api", "service", "url", "actions_url"))
    return next((str(each) for each in known if each), "")


async def _until_settled(service: Service, people: Sequence[Public], staff: Staff, records: Records) -> None:
    """Raises AssertionError with what is still amiss."""
    end = time.monotonic() + SETTLE_SECONDS
    while amiss := [*records.lacking(people), *staff.waiting(service.bot)]:
        assert time.monotonic() < end, amiss[:10]
        await asyncio.to_thread(make_due, service.store)
        await asyncio.to_thread(staff.work, service.bot, undoing=False)
        if not LONG:
            await _look_again(service)
        await asyncio.sleep(0.3)
        await asyncio.to_thread(records.read)


def _end_leases(store: Store) -> None:
    """What a stopped bot had taken is taken up at once, not after the minute for which it was theirs."""
    unscored, pushed = table(Unscored), table(PushDelivery)
    with store.write(logged=False) as tx:
        tx.execute(sa.update(unscored).values(leased_by="", available_at=tx.now))
        tx.execute(sa.update(pushed).where(pushed.c.state == WAITING).values(due_at=tx.now))


async def _look_again(service: Service) -> None:
    """For edits and deletions at once, however slowly a quota lets the bot look by itself."""
    for name, platform in service.bot.pages.items():
        with contextlib.suppress(PlatformError):
            await service.sweep(name, platform)


def _check(here: District, stages: Mapping[str, Stage], people: Sequence[Public], records: Records) -> None:
    for public in people:
        kept = records.texts[public.page]
        assert [each for each in public.all_said if not each.is_on_record(kept)] == []
        records.check_presence(public)
        if public.page != "feed":
            records.check_standing(public)
    records.check_actions()
    assert _set_aside(here.store) == []
    checkpoints.verify(here.store)
    reconcile.check(here.store)


def _set_aside(store: Store) -> list[str]:
    """Deliveries that nobody could make sense of."""
    pushed = table(PushDelivery)
    with store.read() as connection:
        rows = connection.execute(sa.select(pushed).where(pushed.c.state == SET_ASIDE)).all()
    return [f"{row.page}: {row.failure}" for row in rows]


def _tell(line: Line, people: Sequence[Public], records: Records, sender: Sender) -> None:
    """What went on, for who runs the long form (pytest -rP)."""
    faults = {kind or "whole": number for kind, number in sorted(line.happened.items())}
    comments = sum(len(public.said) for public in people)
    edits = sum(len(each.texts) - 1 for public in people for each in public.said.values())
    gone = sum(each.gone for public in people for each in public.said.values())
    assert sum(faults.values()) > faults["whole"] > 0
    assert [page for page in sender.pushes if not sender.happened[f"{page} sent"]] == []
    beside = sum(len(public.beside) for public in people)
    skipped = sorted(set(REAL) - {public.page for public in people})
    sys.stdout.write(
        f"{len(people)} pages, {comments} comments, {edits} edits, {gone} deletions, "
        f"{beside} mentions and messages, {records.outcomes()} actions, {line.calls} calls: {faults}\n"
        f"deliveries: {dict(sorted((+sender.happened).items()))}\n"
        f"real servers that took no part: {', '.join(skipped) or 'none'}{'' if LONG else ' (short form)'}\n"
    )
