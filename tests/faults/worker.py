"""The process that is killed: the whole bot on one page, and reviewers who decide what it queues."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

import platforms
from classifiers.ensemble import Ensemble
from modbot import actions, cases, config, policy, wiring
from modbot.errors import DecisionRefused, StaleCase, StoreUnavailable
from modbot.pipeline import Scorer
from modbot.rulings import Choice, Ruling
from modbot.service import Service
from modbot.store import Store, bodies_of, table
from modbot.tables import Action, Case, CaseComment, Page, Unscored, User
from platforms.base import PlatformError
from tests.modbot.scene import LIMITS, POLICY, Keywords

PAGE = "wall"
case_table, case_comments, page_table = table(Case), table(CaseComment), table(Page)
action_table, unscored = table(Action), table(Unscored)


def build(database: str, url: str) -> wiring.Bot:
    """A bot on the page server, registered and with one reviewer; may be built again after any stop."""
    platforms.BUILTIN["wall"] = "tests.faults.page:WallPlatform"
    page = {"key": PAGE, "platform": "wall", "settings": {"url": url}}
    settings = config.build({"page": [page], "database": {"url": database}}, Path("modbot.toml"))
    store = Store(database)
    rules = wiring.put_in_force(store, policy.parse(POLICY.encode(), "policy.toml"))
    wiring.register_pages(store, settings.page)
    _add_reviewer(store)
    ensemble = Ensemble([Keywords()])
    scorer = Scorer(store, ensemble, rules, LIMITS, worker="worker", batch=16)
    return wiring.Bot(settings, store, (scorer,), {PAGE: wiring.open_page(settings.page[0])})


def _add_reviewer(store: Store) -> None:
    with store.write() as tx:
        if tx.execute(sa.select(table(User).c.name)).first() is None:
            seq = tx.record("user.added", "user:ana")
            tx.add(User, name="ana", added=seq, full_name="Ana", role="moderator", active=True)


def run(database: str, url: str, seed: int) -> None:
    """Work for ever, in a random order of steps; somebody else ends this process."""
    bot = build(database, url)
    chance = random.Random(seed)
    asyncio.run(_steps(bot, lambda: chance.random(), lambda: False))


def finish(database: str, url: str, *, events: int, seconds: float = 600) -> wiring.Bot:
    """Work until all events are read and nothing is left to do; TimeoutError when that does not come."""
    bot = build(database, url)
    end = time.monotonic() + seconds
    asyncio.run(_steps(bot, lambda: 0.5, lambda: _settled(bot, str(events), end)))
    return bot


async def _steps(bot: wiring.Bot, chance: Callable[[], float], settled: Callable[[], bool]) -> None:
    service = Service(bot)
    try:
        while not settled():
            try:
                await _step(bot, service, chance)
            except (PlatformError, StoreUnavailable):
                await asyncio.sleep(0.01)
    finally:
        await bot.pages[PAGE].close()


async def _step(bot: wiring.Bot, service: Service, chance: Callable[[], float]) -> None:
    platform = bot.pages[PAGE]
    await service.poll(PAGE, platform)
    if chance() < 0.7:
        await service.score(bot.scorer)
    review(bot, chance)
    make_due(bot.store)
    await actions.carry_out(bot.store, PAGE, platform)


def review(bot: wiring.Bot, chance: Callable[[], float]) -> None:
    """Decide a few open cases by their words, and now and then take a decision back."""
    for case_id, state, version, text in _queue(bot.store):
        try:
            if state != "open" and chance() < 0.1:
                cases.undo(bot.store, bot.scorer.policy, case_id, "ana")
            elif state == "open":
                decide(bot, case_id, version, text)
        except StaleCase:
            continue


def decide(bot: wiring.Bot, case_id: int, version: int, text: str) -> None:
    """By the newest words; where an older comment of the case has not got them, leave them all up."""
    try:
        cases.decide(bot.store, bot.scorer.policy, case_id, ruling(text, version))
    except DecisionRefused:
        leave_up = Ruling(choice=Choice.LEAVE_UP, by="ana", version=version)
        cases.decide(bot.store, bot.scorer.policy, case_id, leave_up)


def ruling(text: str, version: int) -> Ruling:
    for quote, clause in (("uy now", "C7"), ("hurt you", "C1")):
        if quote in text:
            return Ruling(choice=Choice.HIDE, by="ana", clause=clause, quote=quote, version=version)
    return Ruling(choice=Choice.LEAVE_UP, by="ana", version=version)


def _queue(store: Store) -> list[tuple[int, str, int, str]]:
    """The oldest open cases and the newest decided ones, with the text to decide by."""
    newest = sa.select(case_comments.c.case_id, sa.func.max(case_comments.c.comment_id).label("comment"))
    last = newest.group_by(case_comments.c.case_id).subquery()
    columns = sa.select(case_table.c.id, case_table.c.state, case_table.c.version, last.c.comment).join(
        last, last.c.case_id == case_table.c.id
    )
    with store.read() as connection:
        still_open = connection.execute(
            columns.where(case_table.c.state == "open").order_by(case_table.c.id).limit(5)
        ).all()
        decided = connection.execute(
            columns.where(case_table.c.state != "open").order_by(case_table.c.id.desc()).limit(2)
        ).all()
        rows = [*still_open, *decided]
        bodies = bodies_of(connection, [row.comment for row in rows])
    return [(row.id, row.state, row.version, bodies[row.comment]["text"]) for row in rows]


def make_due(store: Store) -> None:
    """Skip the pauses between attempts: the test is about order and loss, not about waiting."""
    with store.write(logged=False) as tx:
        tx.execute(sa.update(action_table).where(action_table.c.state == "pending").values(due_at=tx.now))
        tx.execute(sa.update(unscored).where(unscored.c.leased_by == "").values(available_at=tx.now))


def _settled(bot: wiring.Bot, cursor: str, end: float) -> bool:
    if time.monotonic() > end:
        raise TimeoutError("the bot did not come to rest")
    with bot.store.read() as connection:
        waiting = [
            sa.select(sa.func.count()).select_from(unscored),
            sa.select(sa.func.count()).where(action_table.c.state == "pending"),
            sa.select(sa.func.count()).where(case_table.c.state.in_(("open", "claimed"))),
        ]
        read = connection.execute(sa.select(page_table.c.cursor).where(page_table.c.key == PAGE)).scalar()
        return read == cursor and not any(connection.execute(each).scalar() for each in waiting)
