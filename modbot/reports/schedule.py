"""The reports by themselves, beside the bot: looked for every minute, made in a process of their own.

Drawing takes seconds of processor time and a hundred megabytes, which scoring and alerts must not wait for.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from zoneinfo import ZoneInfo

import structlog

from modbot import observe
from modbot.config import Settings
from modbot.reports import making
from modbot.reports.weeks import Week
from modbot.store import Store, utcnow

log = structlog.get_logger()

SECONDS = 60.0
AGAIN = timedelta(hours=1)
"""Pause after a report that could not be made."""


class Schedule:
    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._not_before = datetime.min.replace(tzinfo=UTC)

    async def look(self) -> list[Week]:
        """Make what is due, oldest first, and return it. A failure is logged and tried again later."""
        now = utcnow()
        if now < self._not_before:
            return []
        zone = ZoneInfo(self._settings.district.timezone)
        due = await asyncio.to_thread(making.due, self._store, zone, now)
        made: list[Week] = []
        for week in due:
            try:
                await self._make(week)
            except Exception as error:  # a full disk or a killed process; the bot goes on
                observe.FAILURES.labels(type(error).__name__).inc()
                log.error("report.failing", week=str(week), error=type(error).__name__, detail=str(error))
                self._not_before = now + AGAIN
                break
            log.info("report.made", week=str(week))
            made.append(week)
        return made

    async def _make(self, week: Week) -> None:
        with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as processes:
            await asyncio.get_running_loop().run_in_executor(processes, make, self._settings, week)


def make(settings: Settings, week: Week) -> None:
    """In a process of its own, which has the settings and nothing else of the bot."""
    store = Store(settings.database_url())
    try:
        making.make(store, settings, week)
    finally:
        store.close()
