"""A communications office at work: every screen of the application with something on it, served over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI

from modbot import cases, checkpoints, config, outbox, policy, users, wiring
from modbot.records import archive
from modbot.rulings import Choice, Ruling
from modbot.store import Store, table
from modbot.tables import Case, Page
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.practice_page import Practice
from modbot.web.serving import Server, address, listen
from platforms.base import Batch
from tests.modbot.installation import settings_file
from tests.modbot.learning import in_shadow
from tests.modbot.scene import POLICY, District, deleted, district, edited, said

PEOPLE = {
    "ruth": ("Ruth Ortega", "records_officer"),
    "adam": ("Adam Okafor", "administrator"),
    "alma": ("Alma Reyes", "appeals_officer"),
    "otto": ("Otto Lindqvist", "auditor"),
}
"""Besides ana and ben (moderators), lee (lead) and vic (viewer)."""
PAGES = """
[[page]]
key = "blog"
platform = "memory"
title = "District blog"
[[page]]
key = "news"
platform = "memory"
title = "School news"
"""
SECOND_POLICY = (
    POLICY.replace('version = "1"', 'version = "2"\nnotice = "Comments may be hidden. You can appeal."')
    .replace(
        "Promotes commercial services or products", "Promotes commercial services, products or fundraising"
    )
    .replace('categories = ["political"]', 'categories = ["political"]\nnote = "Criticism is not advocacy."')
    + """
[[watch]]
id = "W1"
category = "student_privacy"
title = "Private matters of a student"
note = "Tell the privacy officer."
[[word_list]]
clause = "C7"
reason = "Phrases of a swindle that makes the rounds"
terms = ["gift circle", "instant payout"]
"""
)
LONG = "Superintendent" * 30


@dataclass(frozen=True)
class Office:
    address: str
    store: Store
    here: District
    settings: config.Settings

    def cases(self) -> list[int]:
        return [row.id for row in self.here.rows(Case)]


@contextmanager
def office(
    folder: Path, migrated: Path, *, pages: str = "", practice: Practice | None = None
) -> Iterator[Office]:
    """`migrated` is a SQLite file at the newest schema, to be copied; `pages` are more settings."""
    (folder / "modbot.db").write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    here = district(store)
    settings = config.load(settings_file(folder, "sqlite:///modbot.db", PAGES, pages))
    _work(here, settings)
    app = create_app(Desk(settings, store), practice)
    with serving(app) as where:
        yield Office(where, store, here, settings)
    store.close()


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The application's address, answered from a thread of its own."""
    with listen("127.0.0.1", 0) as listening:
        server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        try:
            yield address(listening)
        finally:
            server.should_exit = True
            thread.join(timeout=20)


def _work(here: District, settings: config.Settings) -> None:
    store = here.store
    for name, (full_name, role) in PEOPLE.items():
        users.add(store, name, full_name, role)
    wiring.register_pages(store, settings.page)
    here.comes_in(
        "I will hurt you, you will see",
        "Buy now, half price <b>prom dresses</b>",
        "Vote yes on measure 12, buy now",
        "The bus was late again. Third time this week.",
        f"Buy now {LONG}",
        "Buy now: stickers for your locker",
    )
    here.arrive(edited("6", "Buy now: stickers, three for two"), deleted("5"))
    here.arrive(*(said(f"copy-{n}", "Buy now, my gift circle pays at once") for n in range(12)), page="news")
    here.score()
    second = wiring.put_in_force(store, policy.parse(SECOND_POLICY.encode(), "policy.toml"))
    numbers = [row.id for row in here.rows(Case)]
    hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", reason="An advertisement")
    cases.decide(store, second, numbers[1], hide)
    cases.decide(store, second, numbers[2], Ruling(choice=Choice.ESCALATE, by="ben", reason="Both at once"))
    _fail(store)
    here.comes_in("I will hurt you, and you know when", "Vote yes, neighbors")
    archive.mark_failing(store, "blog", "NotAuthorised: the password was refused")
    folder = settings.path(settings.audit.checkpoint_folder)
    checkpoints.sign(store, checkpoints.read_key(settings.path(settings.audit.key_file)), folder)
    in_shadow(here)


def _fail(store: Store) -> None:
    """What health has to show besides a page that cannot be read: one with a gap, and a change that fails."""
    archive.mark_failing(store, "news", "Unavailable: it does not answer")
    pages = table(Page)
    with store.write(logged=False) as tx:
        since = tx.now - timedelta(hours=3)
        tx.execute(sa.update(pages).values(failing_since=since))
    archive.take_in(store, "news", Batch((), cursor="-"))
    due = outbox.due(store, "blog")
    outbox.failed(store, due[0], "This platform cannot hide comments of that kind")
