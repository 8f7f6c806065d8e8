"""A database to measure on: SQLite in a file, or a PostgreSQL server that puts every commit on the disk."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa

from modbot.store import Store
from tests.peers import postgres

ON_DISK = Path("/var/tmp")


@dataclass(frozen=True, slots=True)
class Engine:
    name: str
    folder: Path
    """For the installation's files."""
    url: str
    server_cpu: Callable[[], float]
    """Seconds of CPU that the database server has used so far; 0 where it runs in our own process."""


@contextlib.contextmanager
def started(name: str) -> Iterator[Engine]:
    with _on_disk(), tempfile.TemporaryDirectory(prefix="modbot-bench-") as made:
        folder = Path(made)
        if name == "sqlite":
            yield Engine(name, folder, f"sqlite:///{folder / 'modbot.db'}", lambda: 0.0)
            return
        with postgres.running(durable=True) as server:
            yield Engine(name, folder, server.url(server.create()), lambda: _cpu_of(server.data))


def swept(store: Store) -> None:
    """As PostgreSQL's own sweeping leaves tables that filled up over a year instead of in minutes."""
    if store.dialect == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))


@contextlib.contextmanager
def _on_disk() -> Iterator[None]:
    """Temporary folders where a commit has to reach a disk; /tmp may be in memory."""
    before = tempfile.tempdir
    tempfile.tempdir = str(ON_DISK) if ON_DISK.is_dir() else before
    try:
        yield
    finally:
        tempfile.tempdir = before


def available(wanted: Sequence[str]) -> list[str]:
    """The engines that are installed here; says how to get the others."""
    if "postgresql" in wanted and not postgres.is_installed():
        sys.stderr.write(f"PostgreSQL is not installed here; to measure it too: {postgres.PACKAGES}\n")
        return [name for name in wanted if name != "postgresql"]
    return list(wanted)


def _cpu_of(data: Path) -> float:
    """Of every process of the server, also of those that have ended."""
    main = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    total = float(sum(main.cpu_times()[:4]))
    for process in main.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total
