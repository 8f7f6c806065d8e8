"""Carrying out what people decided: the only place where a platform's `act` is called.

At-least-once: an action that was cut off is tried again, which every platform answers with "already so". The
row is done only after the platform's state was read back.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

import structlog

from modbot import cases, observe, outbox
from modbot.store import Store
from platforms.base import (
    CapReached,
    CommentGone,
    Denied,
    NotAuthorised,
    Platform,
    RateLimited,
    Receipt,
    Unsupported,
)

log = structlog.get_logger()

AT_ONCE = 10
"""Actions that are taken from the outbox together; more where the platform changes more in one call."""
LONGEST_WAIT = timedelta(minutes=15)
UNTIL_RAISED = timedelta(hours=1)
"""Between two looks whether a cap that was reached has been raised, or counts anew."""
LONGEST_ASKED = 86_400.0
"""Seconds after which we ask again whatever the platform said."""
STUCK_AFTER = 5
"""Attempts after which health calls an action stuck; it is still tried."""
DENIED_TRIES = 4
"""A quarter of an hour, in which somebody may give a right back; then a person has to do it."""


async def carry_out(store: Store, page: str, platform: Platform) -> int:
    """Try every due action of one page; returns how many are settled."""
    settled = 0
    due = await asyncio.to_thread(outbox.due, store, page, max(AT_ONCE, platform.at_once))
    for _, alike in groupby(due, key=lambda action: action.kind):
        for some in _parts(list(alike), platform.at_once):
            settled += await _try(store, platform, some)
    return settled


def _parts(actions: Sequence[outbox.Due], size: int) -> Iterator[Sequence[outbox.Due]]:
    return (actions[start : start + size] for start in range(0, len(actions), size))


async def _try(store: Store, platform: Platform, alike: Sequence[outbox.Due]) -> int:
    """Actions of one kind, which the platform may carry out in one call."""
    wanted = [each for each in alike if not await asyncio.to_thread(cases.withdraw_if_edited, store, each)]
    outcomes: Sequence[Receipt | Exception] = ()
    if wanted:
        try:
            outcomes = await platform.act_on(wanted[0].kind, [each.native_id for each in wanted])
        except Exception as error:  # what these actions meet must not keep the others waiting
            outcomes = [error] * len(wanted)
    settled = [await _settle(store, each, outcome) for each, outcome in zip(wanted, outcomes, strict=True)]
    return len(alike) - len(wanted) + sum(settled)


async def _settle(store: Store, action: outbox.Due, outcome: Receipt | Exception) -> bool:
    match outcome:
        case Receipt():
            await asyncio.to_thread(outbox.done, store, action, outcome)
        case CommentGone():
            await asyncio.to_thread(outbox.gone, store, action, str(outcome))
        case Unsupported():
            await asyncio.to_thread(outbox.failed, store, action, str(outcome))
        case Denied() if _stays_denied(action):
            await asyncio.to_thread(outbox.failed, store, action, str(outcome))
        case _:
            wait, told = pause(outcome, action.attempts), f"{type(outcome).__name__}: {outcome}"
            await asyncio.to_thread(outbox.again, store, action, told, wait)
            observe.PLATFORM_ERRORS.labels(action.page, type(outcome).__name__).inc()
            log.warning(
                "action.retry", action=action.id, page=action.page, wait_s=round(wait.total_seconds())
            )
            return False
    observe.ACTIONS.labels(action.page, action.kind.value).inc()
    log.info("action.settled", action=action.id, page=action.page, kind=action.kind.value)
    return True


def _stays_denied(action: outbox.Due) -> bool:
    """Not the first time: earlier attempts may have met something else."""
    return action.attempts >= DENIED_TRIES and action.failure.startswith(f"{Denied.__name__}: ")


def pause(error: Exception, attempts: int) -> timedelta:
    """How long to wait before attempt `attempts` + 1: what the platform asks, else doubling with jitter."""
    if isinstance(error, RateLimited):
        return timedelta(seconds=min(max(1.0, error.retry_after), LONGEST_ASKED))
    if isinstance(error, NotAuthorised):
        return timedelta(minutes=5)
    if isinstance(error, CapReached):
        return UNTIL_RAISED
    doubled = timedelta(seconds=2.0 ** min(attempts, 10))
    return min(doubled, LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, no secret
