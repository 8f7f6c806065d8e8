"""What platforms send: stored before they are answered, read afterwards, archived once.

Reading it twice or out of order is harmless, so a delivery may be cut off at any instant. What nobody can
make sense of is set aside and told; the next poll of the page finds what it was about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from modbot import observe
from modbot.actions import pause
from modbot.records import archive
from modbot.records.archive import Taken
from modbot.store import Store, storable, table, utcnow
from modbot.tables import PushDelivery
from platforms.base import CommentGone, Event, Platform, Unsupported
from platforms.push import Pushed

log = structlog.get_logger()
rows = table(PushDelivery)

WAITING, READ, SET_ASIDE = "waiting", "read", "set aside"
ELSEWHERE = "elsewhere"
"""Read, and it told of an account that is no page of the district."""
LONGEST_NAME = 100
TAKEN = timedelta(minutes=1)
"""For so long nobody else reads a delivery that somebody began to read."""
AT_ONCE = 50
NO_SENSE = (ValueError, KeyError, TypeError, AttributeError, AssertionError)
"""What an adapter meets in a body that it was not made for."""
TRIES = 5
"""A delivery that ends the whole process so often is set aside; one that waits for the platform is not."""
REMEMBERED = timedelta(days=30)
"""How long a delivery is known, should it come again."""
LATELY = timedelta(days=1)
BETWEEN, NAMED = ", ", 5
"""What stands between the names of accounts, and how many are told."""
LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Waiting:
    id: int
    body: bytes
    attempts: int
    """With this one."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery whose signature was checked."""

    page: str
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Unpacked:
    delivery: Waiting
    events: Sequence[Event]
    strangers: str
    """The accounts that it told of and that are no page here; empty where there are none."""
    asked_at: datetime
    """When the platform was asked for what the delivery tells of."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How reading a page's deliveries goes."""

    page: str
    waiting: int
    late: int
    """Of the waiting, those that came more than five minutes ago."""
    set_aside: int
    """Within the last day."""
    elsewhere: int = 0
    """Within the last day, those that told of an account which is no page of the district."""
    strangers: str = ""
    """Such accounts, as the platform calls them."""

    @property
    def complaints(self) -> list[str]:
        """What a person should look at, one sentence each."""
        told = {
            f"deliveries of page {self.page} wait to be read": self.late,
            f"deliveries of page {self.page} made no sense and were set aside": self.set_aside,
            f"deliveries to page {self.page} told of an account that is no page here: {self.strangers}": (
                self.elsewhere
            ),
        }
        return [f"{count} {says}" for says, count in told.items() if count]


def receive(store: Store, page: str, name: str, body: bytes) -> bool:
    """Store a delivery whose signature was checked; False if it is there already."""
    return receive_all(store, [Arrived(page, name, body)])[0]


def receive_all(store: Store, arrived: Sequence[Arrived]) -> list[bool]:
    """Store several in one commit, which costs as much as one; of each whether it was not there already.

    One statement tells both, because whoever sent them waits for every round to the database.
    """
    if not arrived:
        return []
    insert = postgresql.insert if store.dialect == "postgresql" else sqlite.insert
    unless_known = insert(rows).on_conflict_do_nothing(index_elements=[rows.c.page, rows.c.delivery])
    with store.write(logged=False) as tx:
        as_new = [_as_row(each, tx.now) for each in arrived]
        stored = tx.connection.execute(unless_known.returning(rows.c.page, rows.c.delivery), as_new)
        fresh = {(row.page, row.delivery) for row in stored}
    return [_first(fresh, (each.page, each.name)) for each in arrived]


def _as_row(each: Arrived, now: datetime) -> dict[str, Any]:
    values = {"received_at": now, "due_at": now, "state": WAITING, "attempts": 0, "failure": ""}
    return {"page": each.page, "delivery": each.name, "body": each.body, **values}


def _first(fresh: set[tuple[str, str]], key: tuple[str, str]) -> bool:
    """Whether it is fresh; the same once more in one commit is not."""
    if key not in fresh:
        return False
    fresh.remove(key)
    return True


async def read(
    store: Store,
    page: str,
    platform: Platform,
    *,
    fellows: Sequence[Platform] = (),
    native_revisions: bool = False,
) -> Taken:
    """Read all that is due of one page, which is open. Returns what the archive took.

    `fellows` are the district's pages, on whatever platform: what is told of one of these is no stranger's.
    """
    assert isinstance(platform, Pushed)  # noqa: S101 - asked for pages that are pushed to alone
    ours: list[Pushed] = [platform, *(each for each in fellows if isinstance(each, type(platform)))]
    total = Taken()
    more = True
    while more:
        found = await asyncio.to_thread(_lease, store, page)
        unpacked = [await _unpacked(store, page, ours, each) for each in found]
        if ready := [each for each in unpacked if each is not None]:
            total = _sum(total, await _archived(store, page, ready, native_revisions))
            observe.PUSHED.labels(page, ELSEWHERE).inc(sum(bool(each.strangers) for each in ready))
        more = len(found) == AT_ONCE
    return total


def forget_old(store: Store) -> None:
    """Deliveries that can no longer come twice."""
    with store.write(logged=False) as tx:
        old = rows.c.received_at < tx.now - REMEMBERED
        tx.execute(sa.delete(rows).where(old, rows.c.state != WAITING))


def lately(store: Store, page: str) -> bool:
    """Whether the page's platform has sent anything within a day."""
    newest_of_page = sa.select(sa.func.max(rows.c.received_at)).where(rows.c.page == page)
    with store.read() as connection:
        newest = connection.execute(newest_of_page).scalar()
    return newest is not None and utcnow() - newest < LATELY


def standing(connection: sa.Connection) -> Sequence[Standing]:
    """Of every page for which something waits, was set aside or told of strangers."""
    now = utcnow()
    waits = rows.c.state == WAITING
    late = sa.and_(waits, rows.c.received_at < now - LATE)
    aside = sa.and_(rows.c.state == SET_ASIDE, rows.c.received_at > now - LATELY)
    counted = (sa.func.sum(sa.case((each, 1), else_=0)) for each in (waits, late, aside))
    statement = sa.select(rows.c.page, *counted).where(sa.or_(waits, aside)).group_by(rows.c.page)
    found = {row[0]: Standing(*row) for row in connection.execute(statement)}
    for page, count, strangers in _of_strangers(connection, now - LATELY):
        found[page] = replace(
            found.get(page) or Standing(page, 0, 0, 0), elsewhere=count, strangers=strangers
        )
    return [found[page] for page in sorted(found)]


def _of_strangers(connection: sa.Connection, since: datetime) -> Iterator[tuple[str, int, str]]:
    """Page, number and accounts; what came to several pages of one app counts under the first."""
    lately = (rows.c.state == ELSEWHERE, rows.c.received_at > since)
    once = sa.select(sa.func.min(rows.c.page).label("page"), sa.func.max(rows.c.failure).label("named"))
    once_each = once.where(*lately).group_by(rows.c.delivery).subquery()
    counted = sa.select(once_each.c.page, once_each.c.named, sa.func.count())
    by_page: dict[str, list[tuple[str, int]]] = {}
    for page, named, count in connection.execute(counted.group_by(once_each.c.page, once_each.c.named)):
        by_page.setdefault(page, []).append((named, count))
    for page, found in by_page.items():
        names = sorted({name for named, _ in found for name in named.split(BETWEEN)})
        more = f"{BETWEEN}…" if len(names) > NAMED else ""
        yield page, sum(count for _, count in found), BETWEEN.join(names[:NAMED]) + more


async def _unpacked(store: Store, page: str, ours: Sequence[Pushed], each: Waiting) -> Unpacked | None:
    """What a delivery tells the first of `ours`; None where nobody knows now, which is then on its row."""
    asked_at = utcnow()
    try:
        return Unpacked(each, await ours[0].unpack(each.body), _strangers(ours, each.body), asked_at)
    except CommentGone:
        return Unpacked(each, (), "", asked_at)
    except Exception as error:  # what one delivery meets must not keep the others waiting
        await _failed(store, page, each, error)
        return None


def _strangers(ours: Sequence[Pushed], body: bytes) -> str:
    """Nothing while one of `ours` is not open and so does not know itself."""
    known = {each.account for each in ours}
    strange = sorted(ours[0].accounts_in(body) - known)
    return "" if "" in known else storable(BETWEEN.join(strange[:NAMED]))[:500]


async def _archived(store: Store, page: str, ready: Sequence[Unpacked], native_revisions: bool) -> Taken:
    """All in one transaction; one by one where that fails, so that each fails for itself alone."""
    try:
        return await asyncio.to_thread(_archive, store, page, ready, native_revisions)
    except Exception as error:  # as above
        if len(ready) == 1:
            await _failed(store, page, ready[0].delivery, error)
            return Taken()
    total = Taken()
    for one in ready:
        total = _sum(total, await _archived(store, page, [one], native_revisions))
    return total


async def _failed(store: Store, page: str, each: Waiting, error: Exception) -> None:
    if isinstance(error, (Unsupported, *NO_SENSE)):
        await asyncio.to_thread(_set_aside, store, each, _in_words(error))
        log.error("delivery.set_aside", page=page, delivery=each.id, detail=_in_words(error))
    else:
        await asyncio.to_thread(_again, store, each, _in_words(error), pause(error, each.attempts))
        log.warning("delivery.retry", page=page, delivery=each.id, detail=_in_words(error))


def _lease(store: Store, page: str) -> list[Waiting]:
    """What is due, the oldest first; nobody else gets it for a minute."""
    with store.write(logged=False) as tx:
        due = (
            sa.select(rows.c.id, rows.c.body, rows.c.attempts)
            .where(rows.c.page == page, rows.c.state == WAITING, rows.c.due_at <= tx.now)
            .order_by(rows.c.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        found = [Waiting(row.id, row.body, row.attempts + 1) for row in tx.execute(due)]
        if found:
            taken = sa.update(rows).where(rows.c.id.in_([each.id for each in found]))
            tx.execute(taken.values(due_at=tx.now + TAKEN, attempts=rows.c.attempts + 1))
    worn_out = [each for each in found if each.attempts > TRIES and _was_cut_off(store, each)]
    for each in worn_out:
        _set_aside(store, each, "modbot stopped whenever it read this")
    return [each for each in found if each not in worn_out]


def _was_cut_off(store: Store, each: Waiting) -> bool:
    """Earlier attempts ended without a word: no failure was noted."""
    with store.read() as connection:
        failure = connection.execute(sa.select(rows.c.failure).where(rows.c.id == each.id)).scalar()
    return not failure


def _archive(store: Store, page: str, ready: Sequence[Unpacked], native_revisions: bool) -> Taken:
    told = [event for each in ready for event in each.events]
    asked_at = min(each.asked_at for each in ready)
    with store.write() as tx:
        taken = archive.archive(
            tx, page, told, native_revisions=native_revisions, delivered=True, asked_at=asked_at
        )
        done = sa.update(rows).where(rows.c.id.in_([each.delivery.id for each in ready]))
        # Their words are in the archive now, where lawful disposition finds them.
        tx.execute(done.values(state=READ, body=None, failure=""))
        for each in ready:
            if each.strangers:
                row = sa.update(rows).where(rows.c.id == each.delivery.id)
                tx.execute(row.values(state=ELSEWHERE, failure=each.strangers))
    return taken


def _again(store: Store, each: Waiting, failure: str, wait: timedelta) -> None:
    with store.write(logged=False) as tx:
        later = sa.update(rows).where(rows.c.id == each.id)
        tx.execute(later.values(due_at=tx.now + wait, failure=failure))


def _set_aside(store: Store, each: Waiting, failure: str) -> None:
    with store.write(logged=False) as tx:
        tx.execute(sa.update(rows).where(rows.c.id == each.id).values(state=SET_ASIDE, failure=failure))


def _in_words(error: Exception) -> str:
    return storable(observe.redact_text(f"{type(error).__name__}: {error}"))[:500]


def _sum(one: Taken, other: Taken) -> Taken:
    return Taken(*(getattr(one, name) + getattr(other, name) for name in Taken.__dataclass_fields__))
