"""python -m tests.benchmarks.desk_server FOLDER COMMENTS: the bot with its pages, as served by modbot run.

A process of its own, with what it serves timed from inside. It posts COMMENTS comments that can be hidden,
says its address in a line, and when it is ended writes how long it took over every request.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from modbot import observe
from modbot.garbage import settle
from modbot.service import Service
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.serving import address, listen, serve
from platforms.memory import memory_page
from tests.benchmarks import installation

TIMES = "times.json"
PHRASE = "gift circle"


class Timed:
    """Seconds from the request's arrival until the last byte of the answer was handed over."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.requests: list[tuple[str, str, float]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                self.requests.append((scope["method"], scope["path"], time.perf_counter() - start))


def main(folder: Path, comments: int) -> None:
    observe.configure("warning", "text")
    bot = installation.opened(folder)
    page = memory_page(installation.PAGE)
    for number in range(comments):
        # Unlike each other, or they would be one case.
        page.post(
            f"My {PHRASE} " + " ".join(f"{word}{number * 7919}" for word in ("pays", "you", "so", "well"))
        )
    service = Service(bot)
    timed = Timed(create_app(Desk(bot.settings, bot.store, service.ended)))
    with listen("127.0.0.1", 0) as listening:
        sys.stdout.write(f"{address(listening)}\n")
        sys.stdout.flush()
        settle()
        asyncio.run(serve(service, timed, listening))
    (folder / TIMES).write_text(json.dumps(timed.requests), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
