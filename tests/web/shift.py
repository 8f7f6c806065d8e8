"""A moderator's shift: the whole bot at work beside a page in memory, with every screen served over HTTP."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
from fastapi import FastAPI

from modbot import checkpoints
from modbot.config import Settings
from modbot.demo import Feed, Material, Post
from modbot.service import Service
from modbot.store import Store, utcnow
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.practice_page import Practice
from modbot.wiring import Bot
from platforms.base import PlatformSettings
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, add_page, district
from tests.web.member import enroll
from tests.web.office import serving
from tests.web.visitor import settings

UNDO_SECONDS = 1.0
POSTS = (Post("routes", "New bus routes start on Monday", "Routes 4 and 9 change next week."),)


@dataclass(frozen=True)
class Shift:
    address: str
    app: FastAPI
    here: District
    page: MemoryPage
    settings: Settings

    @property
    def store(self) -> Store:
        return self.here.store

    def public(self) -> list[str]:
        return [comment.text for comment in self.page.seen_by_public()]

    def says(self, text: str, author: str = "Pat") -> str:
        return self.page.post(text, author=author, post="routes")

    def enroll(self, name: str) -> str:
        return enroll(self.store, self.settings, name)


def code_after(secret: str) -> str:
    """What the app shows half a minute from now: a code works once, and the present one is used up."""
    return pyotp.TOTP(secret).at(utcnow() + timedelta(seconds=30))


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """What `holds` returns once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("this never came true")


@contextmanager
def shift(folder: Path, migrated: Path, **review: float) -> Iterator[Shift]:
    """`migrated` is a SQLite file at the newest schema, to be copied; `review` changes those settings."""
    (folder / "modbot.db").write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    here = district(store)
    key = f"shift-{folder.name}"[:40].lower().replace("_", "-")
    with store.write() as tx:
        add_page(tx, key, "memory", tx.record("page.registered", f"page:{key}"))
    plain = settings(folder, key)
    changed = {"undo_seconds": UNDO_SECONDS, "second_share": 0.0, "opinion_after_share": 0.0} | review
    ours = plain.model_copy(
        update={
            "review": plain.review.model_copy(update=changed),
            "intake": plain.intake.model_copy(update={"poll_seconds": 0.1}),
        }
    )
    page = memory_page(key)
    checkpoints.make_key(folder / "checkpoint.key")
    service = Service(Bot(ours, store, (here.scorer,), {key: Memory(key, PlatformSettings())}))
    practice = Practice(Material("Larch Hollow", POSTS, ()), page, Feed(page, ()))
    app = create_app(Desk(ours, store), practice)
    with working(service), serving(app) as address:
        yield Shift(address, app, here, page, ours)
    store.close()


@contextmanager
def working(service: Service) -> Iterator[None]:
    """The bot at work in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(service.run()))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(service.stop)
        thread.join(timeout=20)
        loop.close()
