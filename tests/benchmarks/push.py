"""How fast a platform that pushes is answered, while what it pushed is archived, scored and queued beside.

The bot with its pages runs in a process of its own (python -m tests.benchmarks.push FOLDER); the platform is
here: it signs, sends over a few connections at an even pace and times each answer. The answers of the first
seconds pay for imports, connections and models that load; they are waited for, archived and not counted.
"""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import sqlalchemy as sa
from standardwebhooks import Webhook

from modbot import observe
from modbot.garbage import settle
from modbot.service import Service
from modbot.store import Store, table
from modbot.tables import Comment
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.serving import address, listen, serve
from tests.benchmarks import engines, installation
from tests.benchmarks.plan import NotMeasured, Plan, Report, Table, percentile

KEY = "letters"
SECRET = "whsec_" + base64.b64encode(b"an invented key of 24 by").decode()
CONNECTIONS = 8
LAST = 60.0
"""Seconds that archiving the last one may take."""
PAGE = f"""
[[page]]
key = "{KEY}"
platform = "inbox"
[page.settings]
secret = "{SECRET}"
"""
COLUMNS = {"deliveries": "deliveries", "p50_ms": "p50 ms", "p99_ms": "p99 ms", "longest_ms": "longest ms"}


def measure(plan: Plan) -> Report:
    report = Report()
    rows = []
    texts = plan.texts(plan.a_second * (plan.warming + plan.seconds))
    for name in engines.available(plan.engines):
        with engines.started(name) as engine:
            installation.write(engine.folder, engine.url)
            installation.record(engine.folder, [])
            with (engine.folder / "modbot.toml").open("a", encoding="utf-8") as file:
                file.write(PAGE)
            found = _run(engine.folder, engine.url, texts, plan)
        report.figures.update({f"{name}.{key}": value for key, value in found.items()})
        rows.append((name, *(f"{found[key]:,}" for key in COLUMNS)))
    title = (
        f"Answers to {plan.a_second} deliveries/s, stored on the disk, after {plan.warming} s to warm up; "
        "to reach: p99 50 ms"
    )
    report.tables.append(Table(title, ("engine", *COLUMNS.values()), rows))
    return report


def _run(folder: Path, url: str, texts: list[str], plan: Plan) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.push", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        try:
            where = bot.stdout.readline().strip()
            if not where:
                raise NotMeasured("The bot did not start, as told above.")
            waits = asyncio.run(_push(f"{where}/push/{KEY}", texts, plan))
            _refuse_lost(url, len(texts))
        finally:
            bot.terminate()
    return {
        "deliveries": len(waits),
        "p50_ms": round(percentile(waits, 0.5) * 1000, 1),
        "p99_ms": round(percentile(waits, 0.99) * 1000, 1),
        "longest_ms": round(max(waits) * 1000, 1),
    }


async def _push(url: str, texts: list[str], plan: Plan) -> list[float]:
    """Seconds from the moment at which each was due until its answer was there: waiting in line counts.

    Of all but those that warm the bot up.
    """
    waits: list[float] = []
    turn = asyncio.Semaphore(CONNECTIONS)
    start = time.perf_counter()

    async def send(client: httpx.AsyncClient, number: int, text: str) -> None:
        due = start + number / plan.a_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        body, headers = _signed(number, text)
        async with turn:
            answer = await client.post(url, content=body, headers=headers)
        if answer.status_code != 200:
            raise NotMeasured(f"A delivery was answered with {answer.status_code}.")
        if number >= plan.warming * plan.a_second:
            waits.append(time.perf_counter() - due)

    async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
        for number, text in enumerate(texts):
            group.create_task(send(client, number, text))
    return waits


def _signed(number: int, text: str) -> tuple[bytes, dict[str, str]]:
    now, name = datetime.now(UTC), f"msg_{number}"
    row = installation.row(number, text, now)
    body = json.dumps({"type": "comment.created", "timestamp": now.isoformat(), "data": row}).encode()
    return body, {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(name, now, body.decode()),
    }


def _refuse_lost(url: str, count: int) -> None:
    """Wait until all are archived. Raises NotMeasured: speed is nothing where one is lost."""
    store = Store(url)
    end = time.monotonic() + LAST
    while (found := _archived(store)) < count and time.monotonic() < end:
        time.sleep(0.5)
    store.close()
    if found != count:
        raise NotMeasured(f"{count} comments were pushed, and {found} were archived.")


def _archived(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table(Comment))).scalar_one()


def main(folder: Path) -> None:
    observe.configure("error", "text")
    bot = installation.opened(folder)
    service = Service(bot)
    app = create_app(Desk(bot.settings, bot.store, service.ended))
    with listen("127.0.0.1", 0) as listening:
        sys.stdout.write(f"{address(listening)}\n")
        sys.stdout.flush()
        settle()
        asyncio.run(serve(service, app, listening))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
