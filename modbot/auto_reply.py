"""The one thing that modbot writes by itself: a fixed answer to private messages, where a district wants it.

It tells the district's own address and nothing else, once to a person in so many days. Each try is on record
before it is made. What the platform refused is tried again; where nobody knows whether an answer was sent,
since modbot was stopped or the platform did not answer, the platform is asked first. Where it cannot be
asked, nothing is sent a second time, and people are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

import platforms
from modbot import observe
from modbot.actions import pause
from modbot.config import AutoReply
from modbot.errors import ConfigError
from modbot.owed import FAILED, REQUESTED, SENT, Owed, is_still_owed, owed
from modbot.store import Store, storable, utcnow
from platforms.base import CapReached, CommentGone, NotAuthorised, Platform, RateLimited, Unsupported

log = structlog.get_logger()

AT_ONCE = 20
LONGEST = timedelta(hours=2)
"""Between two tries: each leaves two entries in the log."""
OF_THE_PAGE = (RateLimited, CapReached, NotAuthorised)
"""What one try meets, the others would meet too."""
FINAL = (Unsupported, CommentGone)


def refuse_silent(pages: Mapping[str, Platform], settings: AutoReply) -> None:
    """Raises ConfigError where people would wait for answers that can never be sent."""
    for key in settings.pages:
        if why := _is_silent(pages.get(key)):
            raise ConfigError(
                f"[auto_reply] names page '{key}', which {why}.",
                remedy=f"Take it out of `pages` there; it can name pages of {', '.join(_answering())}.",
            )


def _answering() -> list[str]:
    """The platforms where a program may answer, by the names that `platform` takes in the settings."""
    return [name for name in platforms.names() if platforms.load(name).capabilities.answers]


def _is_silent(platform: Platform | None) -> str:
    """Why nobody there would ever be answered; empty where they would."""
    if platform is None:
        return "is not there"
    if not platform.capabilities.answers:
        return f"is of {platform.name}, where no program may answer"
    if not platform.hears_messages:
        return "archives no private messages, or may not answer them: see its settings"
    return ""


async def answer_all(store: Store, page: str, platform: Platform, settings: AutoReply) -> int:
    """Answer who wrote to the page, which is open, and is owed it; returns for how many it was tried."""
    people = await asyncio.to_thread(who, store, page, platform, settings)
    for number, each in enumerate(people, 1):
        if isinstance(await _answer(store, platform, each, settings), OF_THE_PAGE):
            return number
    return len(people)


def who(store: Store, page: str, platform: Platform, settings: AutoReply) -> Sequence[Owed]:
    """Who is to be answered now, at most AT_ONCE."""
    with store.read() as connection:
        return owed(connection, page, platform.may_answer, settings, utcnow())[:AT_ONCE]


async def _answer(store: Store, platform: Platform, each: Owed, settings: AutoReply) -> Exception | None:
    """What stood in the way; None: nothing, or somebody else had begun."""
    tried = False
    try:
        there = bool(each.doubted) and await platform.has_answered(
            each.author_id, each.doubted, each.since or each.ends_at
        )
        if not there:
            if not await asyncio.to_thread(claim, store, each, settings):
                return None
            tried = True
            await platform.answer(each.author_id, settings.text)
    except Exception as error:  # whatever it was, it is on record, and the next person is answered
        refused = tried and isinstance(error, (*OF_THE_PAGE, *FINAL))
        await asyncio.to_thread(_fail, store, each, error, refused=refused)
        return error
    await asyncio.to_thread(_record, store, SENT, each, {"read_back": there})
    return None


def claim(store: Store, each: Owed, settings: AutoReply) -> bool:
    """Put on record that the answer is sent now; False where somebody else has begun meanwhile."""
    with store.write() as tx:
        if not is_still_owed(tx, each, settings):
            return False
        words = {"comment": each.comment_id, "text": settings.text, "turned_on_by": settings.by}
        tx.record(REQUESTED, each.subject, words)
    return True


def _fail(store: Store, each: Owed, error: Exception, *, refused: bool) -> None:
    """`refused`: the platform said no, so that nothing was sent; else nobody knows."""
    told = storable(observe.redact_text(f"{type(error).__name__}: {error}"))
    again = _again(each, error, utcnow())
    body: dict[str, object] = {
        "failure": told,
        "sent": "no" if refused else "unknown",
        "again_at": None if again is None else again.isoformat(),
        "whole_page": isinstance(error, OF_THE_PAGE),
    }
    _record(store, FAILED, each, body)
    log.warning("reply.failed", page=each.page, detail=told, again=again is not None)


def _again(each: Owed, error: Exception, now: datetime) -> datetime | None:
    """When to try again; None where that would be of no use, or too late."""
    if isinstance(error, FINAL):
        return None
    longer = min(timedelta(minutes=2.0 ** min(each.failures, 10)), LONGEST)
    at = now + max(pause(error, each.failures + 1), longer)
    return at if at < each.ends_at else None


def _record(store: Store, kind: str, each: Owed, body: dict[str, object]) -> None:
    with store.write() as tx:
        tx.record(kind, each.subject, {"comment": each.comment_id, **body})
