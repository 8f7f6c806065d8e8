"""Carrying out what people decided: the only place where a platform's `act` is called.

At-least-once: an action that was cut off is tried again, which every platform answers with "already so". The
row is done only after the platform's state was read back.
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import structlog

from modbot import cases, observe, outbox
from modbot.store import Store
from platforms.base import (
    CapReached,
    CommentGone,
    NotAuthorised,
    Platform,
    RateLimited,
    Unsupported,
)

log = structlog.get_logger()

LONGEST_WAIT = timedelta(minutes=15)
UNTIL_RAISED = timedelta(hours=1)
"""Between two looks whether a cap that was reached has been raised, or counts anew."""
LONGEST_ASKED = 86_400.0
"""Seconds after which we ask again whatever the platform said."""
STUCK_AFTER = 5
"""Attempts after which health calls an action stuck; it is still tried."""


async def carry_out(store: Store, page: str, platform: Platform) -> int:
    """Try every due action of one page; returns how many are settled."""
    settled = 0
    for action in await asyncio.to_thread(outbox.due, store, page):
        settled += await _try(store, platform, action)
    return settled


async def _try(store: Store, platform: Platform, action: outbox.Due) -> bool:
    if await asyncio.to_thread(cases.withdraw_if_edited, store, action):
        return True
    try:
        receipt = await platform.act(action.kind, action.native_id)
    except CommentGone as error:
        await asyncio.to_thread(outbox.gone, store, action, str(error))
    except Unsupported as error:
        await asyncio.to_thread(outbox.failed, store, action, str(error))
    except Exception as error:  # what one action meets must not keep the others waiting
        wait = pause(error, action.attempts)
        await asyncio.to_thread(outbox.again, store, action, f"{type(error).__name__}: {error}", wait)
        observe.PLATFORM_ERRORS.labels(action.page, type(error).__name__).inc()
        log.warning("action.retry", action=action.id, page=action.page, wait_s=round(wait.total_seconds()))
        return False
    else:
        await asyncio.to_thread(outbox.done, store, action, receipt)
    observe.ACTIONS.labels(action.page, action.kind.value).inc()
    log.info("action.settled", action=action.id, page=action.page, kind=action.kind.value)
    return True


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
