"""python -m tests.benchmarks.replaying FOLDER: run the service over a recording, and tell what it took.

A process of its own that imports little beside the bot, so that its memory and processor time are the bot's.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modbot import judging, observe, queue
from modbot.garbage import settle
from modbot.pipeline import Scorer
from modbot.records import archive
from modbot.service import Service
from modbot.store import Store, Transaction, table
from modbot.tables import Case, Unscored
from modbot.tables import Verdict as VerdictRow
from modbot.wiring import Bot
from platforms.base import Batch
from platforms.replay import Replay
from tests.benchmarks import installation, scoring
from tests.benchmarks.plan import NotMeasured
from tests.benchmarks.steps import Steps

unscored, cases, verdicts = table(Unscored), table(Case), table(VerdictRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    comments: int
    seconds: float
    """From the first look at the page until the last comment's verdict was stored."""
    cpu_seconds: float
    peak_bytes: int
    flagged: int
    cases: int
    version: str
    """Every classifier with its version."""
    steps: dict[str, dict[str, float]]
    to_case: list[float]
    """Seconds from the adapter's offer to the commit that queued the comment; flagged comments only."""


def replay(folder: Path) -> Outcome:
    """Run it in a child process. Raises NotMeasured when it fails; the child has said why."""
    command = [sys.executable, "-m", "tests.benchmarks.replaying", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True, timeout=7200)
    if done.returncode:
        raise NotMeasured("The replay failed, as told above.")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def main(folder: Path) -> Outcome:
    observe.configure("warning", "text")
    bot = installation.opened(folder)
    steps, waits, version = _timed(bot), _Waits(bot), bot.scorer.ensemble.version
    settle()
    wall, cpu, before = time.perf_counter(), time.process_time(), scoring.used(bot)
    after = asyncio.run(_until_done(bot))
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    scored = after.cpu_seconds - before.cpu_seconds
    spent = {name: asdict(each) for name, each in steps.total().items()}
    return Outcome(
        comments=_count(bot.store, verdicts),
        seconds=seconds,
        cpu_seconds=cpu_seconds + scored,
        peak_bytes=scoring.peak_bytes("self") + after.peak_bytes,
        flagged=_count(bot.store, verdicts, verdicts.c.level != "clear"),
        cases=_count(bot.store, cases),
        version=version,
        steps=spent | {"classifiers": {"cpu": scored, "wall": spent["exchange"]["wall"]}},
        to_case=waits.ended,
    )


def _timed(bot: Bot) -> Steps:
    steps = Steps()
    steps.time(Replay, "poll", "parse")
    steps.time(archive, "take_in", "archive")
    steps.time(Scorer, "run_once", "rest_of_scoring")
    steps.time(bot.scorer.ensemble, "assess", "exchange")
    steps.time(judging, "judge", "judge")
    steps.time(queue, "enqueue", "queue")
    steps.time(Transaction, "record", "log")
    steps.time(Transaction, "flush", "write")
    steps.time(bot.store.engine.dialect, "do_commit", "commit")
    return steps


class _Waits:
    """From the moment the adapter offers a comment to the commit of its case."""

    def __init__(self, bot: Bot) -> None:
        self.ended: list[float] = []
        self._offered: dict[str, float] = {}
        self._queued = _Queued()
        self._note_offers()
        self._note_cases()
        self._note_commits(bot)

    def _note_offers(self) -> None:
        poll = Replay.poll

        async def noted(page: Replay, cursor: str | None) -> Batch:
            batch = await poll(page, cursor)
            self._offered.update(dict.fromkeys((event.id for event in batch.events), time.perf_counter()))
            return batch

        setattr(Replay, "poll", noted)  # noqa: B010 - mypy refuses the plain assignment

    def _note_cases(self) -> None:
        enqueue = queue.enqueue

        def noted(tx: Transaction, flagged: Sequence[queue.Flagged]) -> None:
            self._queued.ids += [each.native_id for each in flagged]
            enqueue(tx, flagged)

        queue.enqueue = noted

    def _note_commits(self, bot: Bot) -> None:
        dialect: Any = bot.store.engine.dialect
        commit = dialect.do_commit

        def noted(connection: Any) -> None:
            commit(connection)
            now = time.perf_counter()
            self.ended += [now - self._offered[each] for each in self._queued.ids]
            self._queued.ids = []

        dialect.do_commit = noted


class _Queued(threading.local):
    """What this thread has queued and not committed yet."""

    def __init__(self) -> None:
        self.ids: list[str] = []


async def _until_done(bot: Bot) -> scoring.Used:
    service = Service(bot)
    running = asyncio.create_task(service.run())
    while not running.done() and not (service.ended and _nothing_waits(bot.store)):
        await asyncio.sleep(0.02)
    used = scoring.used(bot)
    service.stop()
    await running
    return used


def _nothing_waits(store: Store) -> bool:
    with store.read() as connection:
        return connection.execute(sa.select(unscored.c.comment_id).limit(1)).first() is None


def _count(store: Store, found: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    counted = sa.select(sa.func.count()).select_from(found).where(*where)
    with store.read() as connection:
        return int(connection.execute(counted).scalar_one())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(main(Path(sys.argv[1])))) + "\n")
