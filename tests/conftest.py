"""Real peers, each started at most once and only when a test asks for it, and a database on each engine."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modbot import migrations
from modbot.store import Store
from tests.peers.bluesky import bluesky
from tests.peers.databases import Databases
from tests.peers.mediawiki import mediawiki
from tests.peers.postgres import Postgres, postgres
from tests.peers.wordpress import wordpress
from tests.simulators.bluesky_server import bluesky_chat, served_bluesky, simulated_bluesky
from tests.simulators.discord import served_discord, simulated_discord
from tests.simulators.flickr import served_flickr, simulated_flickr
from tests.simulators.graph import graph
from tests.simulators.linkedin import served_linkedin, simulated_linkedin
from tests.simulators.vimeo import served_vimeo, simulated_vimeo
from tests.simulators.x_server import served_x, simulated_x
from tests.simulators.youtube import served_youtube, simulated_youtube

LONGEST = (
    "tests/modbot/test_wordpress_day.py",
    "tests/modbot/test_mediawiki_day.py",
    "tests/benchmarks",
    "tests/faults",
    "tests/web/test_accessible.py",
    "tests/modbot/test_cli_run.py",
    "tests/rules/test_wheel.py",
    "tests/web",
)
"""Files that take a minute each; `make test` gives a file to one process."""

__all__ = [
    "bluesky",
    "bluesky_chat",
    "graph",
    "mediawiki",
    "postgres",
    "served_bluesky",
    "served_discord",
    "served_flickr",
    "served_linkedin",
    "served_vimeo",
    "served_x",
    "served_youtube",
    "simulated_bluesky",
    "simulated_discord",
    "simulated_flickr",
    "simulated_linkedin",
    "simulated_vimeo",
    "simulated_x",
    "simulated_youtube",
    "wordpress",
]


def pytest_collection_finish() -> None:
    """Spare the garbage collector its walks through all that was imported: a fourteenth of the whole time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema, to be copied; nothing is connected to it."""
    path = tmp_path_factory.mktemp("migrated") / "modbot.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> str:
    """The name of a PostgreSQL database at the newest schema, to be copied; nothing is connected to it."""
    name = postgres.create()
    _migrate(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def databases(postgres: Postgres, migrated_database: str) -> Iterator[Databases]:
    opened = Databases(postgres, migrated_database)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of this test's own at the newest schema, on each engine in turn."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "modbot.db")
        yield f"sqlite:///{tmp_path / 'modbot.db'}"
    else:
        with request.getfixturevalue("databases").one() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Like `database_url`, before any migration."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = server.create()
        yield server.url(name)
        server.drop(name)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store at the newest schema, on each engine in turn."""
    opened = Store(database_url)
    yield opened
    opened.close()


def _migrate(url: str) -> None:
    store = Store(url)
    migrations.upgrade(store.engine)
    store.close()


@pytest.fixture
def anyio_backend() -> str:
    """Async tests carry `pytest.mark.anyio`; the product runs on asyncio."""
    return "asyncio"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, so that no process is left with one when the others are done."""

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(config.rootpath).as_posix()
        return next((index for index, each in enumerate(LONGEST) if path.startswith(each)), len(LONGEST))

    items.sort(key=place)
