"""The practice: an invented district's page in memory, with the whole bot behind it."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modbot import accounts, config, passwords, resources, starter, totp, users, wiring
from modbot.config import FILE_NAME, Settings
from modbot.errors import ConfigError
from modbot.store import Store, sqlite_file
from modbot.wiring import Bot
from platforms.memory import MemoryPage, memory_page

PERSON = "practice"
"""The user in whose name the practice page decides."""
PAGE = "practice"
SECONDS = 4.0
"""Between two sample comments."""
HOST = "127.0.0.1"
EMPTIED = ("modbot.db", "modbot.db-wal", "modbot.db-shm", "checkpoints/checkpoints.jsonl")
"""Every practice begins without these."""


@dataclass(frozen=True, slots=True)
class Post:
    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A comment as people write them. `shows`: a category, "viewpoint" or "everyday"."""

    post: str
    author: str
    shows: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    name: str
    posts: tuple[Post, ...]
    samples: tuple[Sample, ...]


def material() -> Material:
    """The invented district's posts and comments, in the order in which they arrive."""
    found = tomllib.loads((_shipped() / "page.toml").read_text(encoding="utf-8"))
    posts = tuple(Post(**each) for each in found["post"])
    return Material(found["name"], posts, tuple(Sample(**each) for each in found["comment"]))


class Feed:
    """Writes the samples onto the page, one after the other, unless it is paused."""

    def __init__(self, page: MemoryPage, samples: Sequence[Sample], seconds: float = SECONDS) -> None:
        self.page = page
        self.paused = False
        self._samples = samples
        self._seconds = seconds
        self._given = 0

    @property
    def state(self) -> str:
        """coming, paused or over"""
        if self._given == len(self._samples):
            return "over"
        return "paused" if self.paused else "coming"

    async def run(self) -> None:
        for sample in self._samples:
            while self.paused:
                await asyncio.sleep(0.2)
            self.page.post(sample.text, author=sample.author, post=sample.post)
            self._given += 1
            await asyncio.sleep(self._seconds)


def prepare(folder: Path, port: int) -> Settings:
    """The practice folder, made or emptied. Raises ConfigError for a folder in use for anything else."""
    path = folder / FILE_NAME
    shipped = (_shipped() / FILE_NAME).read_text(encoding="utf-8")
    known = path.exists()
    settings = config.load(path) if known else config.build(tomllib.loads(shipped), path)
    _refuse_other(settings, folder)
    if known:
        for name in EMPTIED:
            (folder / name).unlink(missing_ok=True)
    else:
        starter.make(folder, shipped, (_shipped() / starter.POLICY).read_bytes())
    web = settings.web.model_copy(update={"host": HOST, "port": port})
    return settings.model_copy(update={"web": web})


def build(settings: Settings) -> tuple[Bot, Feed]:
    """The bot of the practice folder, the person who decides there, and the stream of samples."""
    bot = wiring.build(settings)
    users.add(bot.store, PERSON, "You, practising", "administrator")
    return bot, Feed(memory_page(PAGE), material().samples)


def give_password(store: Store) -> str:
    """A random password for the person of this practice, which begins with an empty database each time."""
    password = totp.random_code(3)
    hashed = passwords.hashed(password)
    with store.write() as tx:
        accounts.set_password(tx, PERSON, hashed)
    return password


def _refuse_other(settings: Settings, folder: Path) -> None:
    """Practising may never touch a real page or a real log, wherever the settings come from."""
    pages = [(page.key, page.platform) for page in settings.page]
    database = (folder / "modbot.db").absolute()
    if pages != [(PAGE, "memory")] or sqlite_file(settings.database_url()) != database:
        raise ConfigError(
            f"The settings for {folder} name a page or a database that is not for practice.",
            remedy="Name another folder: modbot demo FOLDER. Unset the variables that begin with MODBOT_.",
        )


def _shipped() -> Path:
    return resources.folder("web") / "practice"
