"""The bot's day: poll every page, archive, score, carry out, sign; each part in its own loop.

A part that fails is logged, counted and tried again with growing pauses; the others go on. Blocking work
(database, scoring) runs in threads, so that the page and its health always answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
import structlog

from modbot import actions, auto_reply, checkpoints, deliveries, filters, observe, page_openings
from modbot.actions import pause
from modbot.errors import StoreUnavailable
from modbot.learning import shadowing, switching
from modbot.pipeline import Scored, Scorer
from modbot.records import archive, page_state, rechecking
from modbot.reports import schedule
from modbot.store import Store, table, utcnow
from modbot.tables import Page
from modbot.wiring import Bot
from platforms.base import Batch, Platform, PlatformError, RateLimited
from platforms.push import Pushed

log = structlog.get_logger()
pages = table(Page)

ACTION_SECONDS = 1.0
"""How often the outbox is looked at."""
PUSH_SECONDS = 0.5
"""How often it is looked whether a platform has sent something."""
REPLY_SECONDS = 15.0
"""How often it is looked whether somebody wrote in private and is to get the fixed answer."""
FILTER_SECONDS = 3600.0
"""Between two looks at what a platform filters by itself."""
NOTE_SECONDS = 60.0
"""How often it is noted what is used of the platforms' quotas."""
TIDY_SECONDS = 3600.0


class Service:
    """Runs a bot until `stop`."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.store = bot.store
        self.ended: set[str] = set()
        """Pages whose source will never bring more (a replayed file)."""
        self._opened: set[str] = set()
        self._rests: dict[str, float] = {}
        """By page: seconds between its last poll and the next."""
        self._switch = switching.Switch(bot.store, bot.settings, bot.scorers)
        self._shadow = shadowing.Shadow(bot.store, bot.settings, bot.scorer.policy)
        self._work = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()
        self._work.set()

    async def run(self) -> None:
        """Until stopped. Every loop ends before this returns."""
        self._work.set()
        loops = [self._checkpoint_loop(), *map(self._score_loop, self.bot.scorers)]
        loops.append(self._every(schedule.SECONDS, schedule.Schedule(self.store, self.bot.settings).look))
        for key, platform in self.bot.pages.items():
            loops += [self._page_loop(key, platform), self._sweep_loop(key, platform)]
            loops.append(self._every(ACTION_SECONDS, partial(self._act, key, platform)))
            if isinstance(platform, Pushed) and platform.pushes:
                loops.append(self._every(PUSH_SECONDS, partial(self._read_pushed, key, platform)))
            if platform.capabilities.filters:
                loops.append(
                    self._every(partial(self._filter_pause, key), partial(self._read_filters, key, platform))
                )
            if key in self.bot.settings.auto_reply.pages:
                loops.append(self._every(REPLY_SECONDS, partial(self._reply, key, platform)))
        loops.append(self._every(self._shadow.pause, partial(asyncio.to_thread, self._shadow.look)))
        loops.append(self._every(NOTE_SECONDS, self._note_quotas))
        loops.append(self._every(TIDY_SECONDS, partial(asyncio.to_thread, deliveries.forget_old, self.store)))
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(loop)
        await self._close()

    async def run_once(self) -> dict[str, PlatformError]:
        """One pass: read every page to its end, score what waits, carry out what is due.

        Returns why a page could not be read, by its key; the others were.
        """
        failures: dict[str, PlatformError] = {}
        for key, platform in self.bot.pages.items():
            try:
                await self._read_all(key, platform)
            except PlatformError as error:
                failures[key] = error
                await asyncio.to_thread(archive.mark_failing, self.store, key, _in_words(error))
        while (outcome := await self.score(self.bot.scorer)).scored or outcome.not_scored:
            pass
        await asyncio.to_thread(self._shadow.look)
        for key, platform in self.bot.pages.items():
            if key not in failures:
                await actions.carry_out(self.store, key, platform)
        await self._close()
        return failures

    async def _open(self, key: str, platform: Platform) -> None:
        identity, district = await platform.open(), self.bot.settings.district.name
        await asyncio.to_thread(page_openings.note, self.store, key, platform.name, identity, district)
        self._opened.add(key)
        log.info("page.open", page=key, account=identity.account)

    async def _read_all(self, key: str, platform: Platform) -> None:
        await self._open(key, platform)
        await self._read_pushed(key, platform)
        while (await self.poll(key, platform)).more:
            pass
        with contextlib.suppress(PlatformError):  # its comments are read, and the next look tells
            await self._read_filters(key, platform)

    async def poll(self, key: str, platform: Platform) -> Batch:
        """Ask one page for what is new, and archive it with the cursor."""
        cursor = await asyncio.to_thread(_cursor, self.store, key)
        asked_at = utcnow()
        batch = await platform.poll(cursor)
        native = platform.capabilities.native_revisions
        unread = archive.patience(self.bot.settings.intake.poll_seconds)
        rest = 0.0 if batch.more else await self._interval(key, platform)
        self._rests[key] = rest
        taken = await asyncio.to_thread(
            archive.take_in,
            self.store,
            key,
            batch,
            native_revisions=native,
            asked_at=batch.asked_at or asked_at,
            unread=unread,
            rest=timedelta(seconds=rest),
        )
        _count(key, taken)
        if taken.seen or taken.edited:
            self._work.set()
        return batch

    async def _interval(self, key: str, platform: Platform) -> float:
        """Seconds to the next poll: more where the platform pushes, and where its quota has to last."""
        intake = self.bot.settings.intake
        seconds = intake.poll_seconds
        if isinstance(platform, Pushed) and await asyncio.to_thread(deliveries.lately, self.store, key):
            seconds = max(seconds, intake.reconcile_seconds)
        return seconds * platform.budget.slowdown()

    async def _read_pushed(self, key: str, platform: Platform) -> None:
        if key not in self._opened or not isinstance(platform, Pushed):
            return
        taken = await deliveries.read(
            self.store,
            key,
            platform,
            fellows=tuple(self.bot.pages.values()),
            native_revisions=platform.capabilities.native_revisions,
        )
        _count(key, taken)
        if taken.seen or taken.edited:
            self._work.set()

    async def _reply(self, key: str, platform: Platform) -> None:
        if key in self._opened:
            await auto_reply.answer_all(self.store, key, platform, self.bot.settings.auto_reply)

    async def _read_filters(self, key: str, platform: Platform) -> None:
        if key in self._opened:
            await filters.look(self.store, key, platform)

    def _filter_pause(self, key: str) -> float:
        """Seconds: short until the page was opened."""
        return FILTER_SECONDS if key in self._opened else 5.0

    async def _note_quotas(self) -> None:
        for platform in self.bot.pages.values():
            await asyncio.to_thread(platform.budget.noting())

    async def score(self, scorer: Scorer) -> Scored:
        with observe.SCORING.time():
            outcome = await asyncio.to_thread(scorer.run_once)
        observe.SCORED.labels("scored").inc(outcome.scored)
        observe.SCORED.labels("queued").inc(outcome.flagged)
        observe.SCORED.labels("not_scored").inc(outcome.not_scored)
        return outcome

    async def _page_loop(self, key: str, platform: Platform) -> None:
        attempts = 0
        while not self._stopping.is_set():
            try:
                if key not in self._opened:
                    await self._open(key, platform)
                batch = await self.poll(key, platform)
            except Exception as error:  # whatever one page does must not end the others
                attempts += 1
                await self._note_failure(key, error, attempts)
                continue
            attempts = 0
            if batch.done:
                log.info("page.ended", page=key)
                self.ended.add(key)
                return
            if not batch.more:
                await self._sleep(self._rests[key])

    async def _note_failure(self, key: str, error: Exception, attempts: int) -> None:
        observe.PLATFORM_ERRORS.labels(key, type(error).__name__).inc()
        log.warning("page.failing", page=key, error=type(error).__name__, detail=str(error))
        with contextlib.suppress(Exception):  # it is in the log, and the next failure is noted again
            await asyncio.to_thread(archive.mark_failing, self.store, key, _in_words(error))
        wait = timedelta(seconds=2) if isinstance(error, StoreUnavailable) else pause(error, attempts)
        await self._sleep(wait.total_seconds())

    async def _sweep_loop(self, key: str, platform: Platform) -> None:
        if platform.capabilities.sees_edits != "lookup" and platform.capabilities.sees_deletions != "lookup":
            return
        seconds = self.bot.settings.intake.recheck_seconds
        await self._every(lambda: seconds * platform.budget.factor, partial(self.sweep, key, platform))

    async def sweep(self, key: str, platform: Platform) -> int:
        """Look up the next hundred recent comments of a page; returns how many were asked for.

        Why that failed is noted with the page before it is raised.
        """
        if key not in self._opened:
            return 0
        horizon = timedelta(days=self.bot.settings.intake.recheck_days)
        known, last = await asyncio.to_thread(rechecking.due, self.store, key, horizon)
        asked_at = utcnow()
        try:
            events = await platform.lookup(known) if known else ()
        except Exception as error:
            await asyncio.to_thread(page_state.mark_unchecked, self.store, key, _in_words(error))
            raise
        taken = await asyncio.to_thread(archive.recheck, self.store, key, events, last, asked_at)
        _count(key, taken)
        if taken.edited:
            self._work.set()
        return len(known)

    async def _act(self, key: str, platform: Platform) -> None:
        if key in self._opened:
            await actions.carry_out(self.store, key, platform)

    async def _score_loop(self, scorer: Scorer) -> None:
        while not self._stopping.is_set():
            # Cleared before the look, so that what arrives during it is looked at next.
            self._work.clear()
            try:
                await asyncio.to_thread(self._switch.follow, scorer)
                outcome = await self.score(scorer)
            except Exception as error:  # comments keep waiting in the database; scoring must go on
                observe.FAILURES.labels(type(error).__name__).inc()
                log.error("scoring.failing", error=type(error).__name__, detail=str(error))
                await self._sleep(2)
                continue
            if outcome.failure:
                log.error("scoring.unavailable", detail=outcome.failure)
            if not outcome.scored:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), timeout=1)

    async def _checkpoint_loop(self) -> None:
        await self._every(self.bot.settings.audit.checkpoint_minutes * 60, self._sign)

    async def _sign(self) -> None:
        audit_settings = self.bot.settings.audit
        key = checkpoints.read_key(self.bot.settings.path(audit_settings.key_file))
        folder = self.bot.settings.path(audit_settings.checkpoint_folder)
        await asyncio.to_thread(checkpoints.sign, self.store, key, folder)

    async def _every(
        self, seconds: float | Callable[[], float], work: Callable[[], Awaitable[object]]
    ) -> None:
        """Run `work` again and again; a failure is logged and never ends the loop.

        Where a platform asks for less than the pause, it goes on at once then: with the rest of a look-up.
        """
        while not self._stopping.is_set():
            asked = math.inf
            try:
                await work()
            except RateLimited as error:
                asked = max(1.0, error.retry_after)
                log.info("loop.waiting", wait_s=round(asked), detail=str(error))
            except Exception as error:  # the loop must outlive any single failure, which is shown
                observe.FAILURES.labels(type(error).__name__).inc()
                log.warning("loop.failing", error=type(error).__name__, detail=str(error))
            await self._sleep(min(asked, seconds() if callable(seconds) else seconds))

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), timeout=seconds)

    async def _close(self) -> None:
        with contextlib.suppress(StoreUnavailable):  # then a fiftieth of each quota counts as used
            await self._note_quotas()
        for platform in self.bot.pages.values():
            await platform.close()
        await asyncio.to_thread(self._shadow.close)
        await asyncio.to_thread(self.bot.scorer.ensemble.close)


def _in_words(error: Exception) -> str:
    """For the health page and the log, where no secret may stand whatever an adapter says."""
    return observe.redact_text(f"{type(error).__name__}: {error}")


def _cursor(store: Store, key: str) -> str | None:
    with store.read() as connection:
        found: str | None = connection.execute(
            sa.select(pages.c.cursor).where(pages.c.key == key)
        ).scalar_one()
        return found


def _count(key: str, taken: archive.Taken) -> None:
    handed_over = taken.seen + taken.edited + taken.deleted + taken.known
    steps = {"seen": handed_over, "archived": taken.seen, "edited": taken.edited, "deleted": taken.deleted}
    for step, count in steps.items():
        observe.COMMENTS.labels(key, step).inc(count)
