"""Alerts at work: look for news, step calls, send what is due. Beside the bot, in loops of its own.

A channel that hangs keeps only its own message waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from itertools import groupby

import structlog

from modbot import observe
from modbot.alerts import building, calls, delivering, lasting, referring, wording
from modbot.alerts.channels import SECONDS, Channel, ChannelFailed, ChannelRefused
from modbot.alerts.delivering import Due
from modbot.alerts.watching import UrgentWatcher
from modbot.config import Settings
from modbot.errors import StoreUnavailable
from modbot.store import Store

log = structlog.get_logger()

LOOK_SECONDS = 0.2
"""Between two looks for urgent verdicts and due messages."""
STEP_SECONDS = 1.0
"""Between two looks at whose turn it is, and who has decided."""
NOTING = 4
"""How often it is tried to put a message on record: for less time than its lease lasts."""
LASTING_SECONDS = 10.0
"""Between two looks at what goes wrong for a while."""


class AlertService:
    """Runs until `stop`. `ended` are pages whose source will never bring more."""

    def __init__(self, store: Store, settings: Settings, *, worker: str, ended: Collection[str] = ()) -> None:
        self._store = store
        self._settings = settings
        self._worker = worker
        self._ended = ended
        self._channels: Mapping[str, Channel] = building.channels(settings)
        self._watcher = UrgentWatcher(store, settings)
        self._stopping = asyncio.Event()
        self._sending: dict[asyncio.Task[None], str] = {}
        """With the channel of each."""
        self._may_hold_leases = True

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped or cancelled; what is being sent then gets the time that a channel may take."""
        if not self._channels:
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._every(LOOK_SECONDS, self.look))
                group.create_task(self._every(STEP_SECONDS, self.step))
                group.create_task(self._every(LASTING_SECONDS, self._look_at_what_lasts))
        finally:
            await self.close()

    async def run_once(self) -> None:
        """Tell what there is to tell now, and end."""
        try:
            if self._channels:
                await self._look_at_what_lasts()
                # Once more for the channels that stand in for what failed.
                await self.step()
                for _ in range(2):
                    await self.look()
                    await self.settle()
        finally:
            await self.close()

    async def close(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending, timeout=SECONDS)
        for channel in self._channels.values():
            await channel.close()

    async def look(self) -> None:
        """One round: new calls, and a task for every message that is due."""
        await asyncio.to_thread(self._watcher.look)
        if self._may_hold_leases:
            await asyncio.to_thread(delivering.give_back, self._store, self._worker)
            self._may_hold_leases = False
        busy = Counter(self._sending.values())
        for dues in messages(await asyncio.to_thread(delivering.lease, self._store, self._worker, busy)):
            task = asyncio.create_task(self._send_all(dues))
            self._sending[task] = dues[0].channel
            task.add_done_callback(self._sending.pop)

    async def step(self) -> None:
        """Alert the next person of every call whose time has come, and tell of referrals."""
        await asyncio.to_thread(calls.go_on, self._store, self._settings)
        await asyncio.to_thread(referring.referrals, self._store, self._settings)

    async def settle(self) -> None:
        """Until every message that was begun has been taken or refused."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _look_at_what_lasts(self) -> None:
        await asyncio.to_thread(lasting.conditions, self._store, self._settings, tuple(self._ended))
        await asyncio.to_thread(lasting.reports, self._store, self._settings)

    async def _send_all(self, dues: list[Due]) -> None:
        """As one message, or as several where one would not hold all."""
        if len(dues) > 1 and not await self._fit(dues):
            half = len(dues) // 2
            await asyncio.gather(self._send_all(dues[:half]), self._send_all(dues[half:]))
        else:
            await self._send(dues)

    async def _fit(self, dues: list[Due]) -> bool:
        """What cannot be known yet is found out by sending."""
        channel = self._channels.get(dues[0].channel)
        try:
            message = await asyncio.to_thread(wording.compose, self._store, self._settings, dues)
            return channel is None or channel.fits(message)
        except Exception:  # it fails once more where the failure is put on record
            return True

    async def _send(self, dues: list[Due]) -> None:
        first = dues[0]
        try:
            receipt = await self._try(dues)
        except ChannelFailed as error:
            lasting_failure = isinstance(error, ChannelRefused)
            wait = delivering.pause(first.attempts, error.retry_after, lasting=lasting_failure)
            log.warning("alert.failing", channel=first.channel, alert=first.alert_id, detail=str(error))
            await self._keep(partial(delivering.failed, self._store, dues, error, wait))
        else:
            log.info("alert.sent", channel=first.channel, alert=first.alert_id, step=first.step)
            await self._keep(partial(delivering.sent, self._store, dues, receipt))

    async def _keep(self, note: Callable[[], None]) -> None:
        """Put on record what came of a message. What cannot be noted is sent again when the lease ends."""
        for attempt in range(NOTING):
            try:
                return await asyncio.to_thread(note)
            except StoreUnavailable as error:
                log.warning("alerts.failing", error=type(error).__name__, detail=str(error))
                await asyncio.sleep(2**attempt)
        return None

    async def _try(self, dues: list[Due]) -> str:
        """The receipt. Raises ChannelFailed, whatever it was."""
        channel = self._channels.get(dues[0].channel)
        if channel is None:
            raise ChannelRefused("this channel is no longer in the settings")
        try:
            message = await asyncio.to_thread(wording.compose, self._store, self._settings, dues)
            async with asyncio.timeout(SECONDS):
                return await channel.send(message)
        except TimeoutError:
            raise ChannelFailed(f"no answer in {SECONDS} seconds", in_doubt=True) from None
        except ChannelFailed:
            raise
        except Exception as error:  # whatever one channel does must not keep an alert from the next
            problem = f"{type(error).__name__}: {observe.redact_text(str(error))}"
            raise ChannelFailed(problem, in_doubt=True) from None

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while not self._stopping.is_set():
            try:
                await work()
            except Exception as error:  # alerts must outlive any single failure, which is counted
                observe.FAILURES.labels(type(error).__name__).inc()
                log.warning("alerts.failing", error=type(error).__name__, detail=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=seconds)


def messages(dues: list[Due]) -> list[list[Due]]:
    """What goes out together: alerts of one channel that may share a message."""
    alone = [[due] for due in dues if not due.digest]
    shared = sorted((due for due in dues if due.digest), key=lambda due: (due.channel, due.alert_id))
    return alone + [list(each) for _, each in groupby(shared, key=lambda due: due.channel)]
