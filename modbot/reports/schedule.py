"""The reports by themselves, beside the bot: looked for every minute, made in a process of their own.

Drawing takes seconds of processor time and a hundred megabytes, which scoring and alerts must not wait for.
Before it, once a week, the neutrality of the running model is measured in the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from multiprocessing import get_context
from zoneinfo import ZoneInfo

import structlog

from modbot import observe
from modbot.config import Settings
from modbot.reports import making, neutrality, weeks
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
        self._not_before: dict[object, datetime] = {}
        """What could not be done, a week's report or the measuring, until when."""

    async def look(self) -> list[Week]:
        """Make what is due, oldest first, and return it. A failure is logged and tried again later."""
        now = utcnow()
        zone = ZoneInfo(self._settings.district.timezone)
        if await asyncio.to_thread(self._is_neutrality_due, weeks.of_moment(now, zone).start(zone)):
            await self._apart(measure, self._settings)
        made: list[Week] = []
        for week in await asyncio.to_thread(making.due, self._store, zone, now):
            if await self._apart(make, self._settings, week):
                log.info("report.made", week=str(week))
                made.append(week)
        return made

    def _is_neutrality_due(self, since: datetime) -> bool:
        with self._store.read() as connection:
            return neutrality.is_due(connection, since)

    async def _apart(self, work: Callable[..., None], *given: object) -> bool:
        """Whether it was done. After a full disk or a killed process the bot goes on with the rest."""
        # The settings, which come first, are the same for all.
        what = (work, given[1:])
        if utcnow() < self._not_before.get(what, utcnow()):
            return False
        try:
            with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as processes:
                await asyncio.get_running_loop().run_in_executor(processes, work, *given)
        except Exception as error:
            observe.FAILURES.labels(type(error).__name__).inc()
            log.error("report.failing", step=work.__name__, error=type(error).__name__, detail=str(error))
            self._not_before[what] = utcnow() + AGAIN
            return False
        return True


def make(settings: Settings, week: Week) -> None:
    """In a process of its own, which has the settings and nothing else of the bot."""
    with closing(Store(settings.database_url())) as store:
        making.make(store, settings, week)


def measure(settings: Settings) -> None:
    """In a process of its own, as `make`."""
    with closing(Store(settings.database_url())) as store:
        neutrality.measure(store, settings)
