"""How long a threat takes from the platform to a message that a person's channel took, amid other traffic.

The bot and its alerts run in a process of their own (python -m tests.benchmarks.alerting FOLDER); who takes
the messages runs here. Both clocks are the machine's monotonic one.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modbot import observe
from modbot.alerts.drill import SAMPLE
from modbot.alerts.service import AlertService
from modbot.garbage import settle
from modbot.service import Service
from modbot.store import Store, table
from modbot.tables import Call, CaseComment, Comment, Delivery, Unscored
from modbot.wiring import Bot
from platforms.base import Batch
from platforms.replay import Replay
from tests.alerts.receiver import SECRET, Desk, desk
from tests.benchmarks import engines, installation
from tests.benchmarks.plan import SEED, NotMeasured, Plan, Report, Table, percentile

THREAT_EVERY = 25
"""Comments from one threat to the next."""
LAST = 30.0
"""Seconds that the last alert may take."""
COLUMNS = {
    "comments": "comments",
    "alerts": "alerts",
    "to_alert_p50_ms": "p50 ms",
    "to_alert_p99_ms": "p99 ms",
    "to_alert_longest_ms": "longest ms",
}
CHANNEL = """
[web]
address = "https://modbot.example.org"
[[alerts.channel]]
name = "phone"
kind = "webhook"
url = "{url}"
secret = "{secret}"
allow_loopback = true
[[on_call.person]]
name = "ana"
channels = ["phone"]
"""


def measure(plan: Plan) -> Report:
    report = Report()
    rows = []
    texts = with_threats(plan.texts(plan.a_second * plan.seconds))
    for name in engines.available(plan.engines):
        with engines.started(name) as engine, desk() as receiver:
            installation.write(engine.folder, engine.url, speed=1)
            installation.record(engine.folder, texts, a_second=plan.a_second)
            with (engine.folder / "modbot.toml").open("a", encoding="utf-8") as file:
                file.write(CHANNEL.format(url=receiver.url, secret=SECRET))
            found = _figures(_run(engine.folder), receiver)
        report.figures.update({f"{name}.{key}": value for key, value in found.items()})
        rows.append((name, *(f"{found[key]:,}" for key in COLUMNS)))
    title = f"From the platform to a person's channel at {plan.a_second} comments/s; to reach: p99 2,000 ms"
    report.tables.append(Table(title, ("engine", *COLUMNS.values()), rows))
    return report


def with_threats(texts: list[str]) -> list[str]:
    """Every so often a threat, each with words of its own, so that each is a case of its own."""
    chance = random.Random(SEED)
    return [
        f"{SAMPLE} {' '.join(chance.sample(texts, 1)[0].split()[:40])} {chance.randrange(10**9)}"
        if number % THREAT_EVERY == THREAT_EVERY - 1
        else text
        for number, text in enumerate(texts)
    ]


def _run(folder: Path) -> dict[str, Any]:
    """Offered: the comment of every call, by its case, and when the platform offered it."""
    command = [sys.executable, "-m", "tests.benchmarks.alerting", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True, timeout=3600)
    if done.returncode:
        raise NotMeasured("The run failed, as told above.")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _figures(told: dict[str, Any], receiver: Desk) -> dict[str, float]:
    waits = [
        each["at"] - told["offered"][each["data"]["link"].rpartition("/")[2]]
        for each in receiver.kept
        if each["data"]["urgent"]
    ]
    if len(waits) != told["calls"] or not waits:
        raise NotMeasured(f"{told['calls']} calls, and {len(waits)} messages arrived.")
    return {
        "comments": told["comments"],
        "alerts": len(waits),
        "to_alert_p50_ms": round(percentile(waits, 0.5) * 1000, 1),
        "to_alert_p99_ms": round(percentile(waits, 0.99) * 1000, 1),
        "to_alert_longest_ms": round(max(waits) * 1000, 1),
    }


def main(folder: Path) -> dict[str, Any]:
    observe.configure("error", "text")
    bot = installation.opened(folder)
    offered = _note_offers()
    settle()
    asyncio.run(_until_told(bot))
    comments, case_comments, calls = table(Comment), table(CaseComment), table(Call)
    with bot.store.read() as connection:
        first = sa.select(case_comments.c.case_id, sa.func.min(case_comments.c.comment_id).label("id"))
        opening = first.group_by(case_comments.c.case_id).subquery()
        rows = connection.execute(
            sa.select(opening.c.case_id, comments.c.native_id).join(comments, comments.c.id == opening.c.id)
        ).all()
        called = connection.execute(sa.select(sa.func.count()).select_from(calls)).scalar_one()
    return {
        "comments": len(offered),
        "calls": called,
        "offered": {str(row.case_id): offered[row.native_id] for row in rows},
    }


def _note_offers() -> dict[str, float]:
    offered: dict[str, float] = {}
    poll = Replay.poll

    async def noted(page: Replay, cursor: str | None) -> Batch:
        batch = await poll(page, cursor)
        offered.update(dict.fromkeys((event.id for event in batch.events), time.monotonic()))
        return batch

    setattr(Replay, "poll", noted)  # noqa: B010 - mypy refuses the plain assignment
    return offered


async def _until_told(bot: Bot) -> None:
    service = Service(bot)
    alerts = AlertService(bot.store, bot.settings, worker="bench")
    running = [asyncio.create_task(service.run()), asyncio.create_task(alerts.run())]
    while not service.ended:
        await asyncio.sleep(0.05)
    end = time.monotonic() + LAST
    while not _all_told(bot.store) and time.monotonic() < end:
        await asyncio.sleep(0.5)
    service.stop()
    alerts.stop()
    await asyncio.gather(*running)


def _all_told(store: Store) -> bool:
    """Nothing waits for its score or for being sent; a look later, so that a new call has its messages."""
    unsent = table(Delivery).c.state.in_(("due", "sending"))
    with store.read() as connection:
        waiting = connection.execute(sa.select(table(Unscored).c.comment_id).limit(1)).first()
        return not waiting and not connection.execute(sa.select(table(Delivery)).where(unsent)).first()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
