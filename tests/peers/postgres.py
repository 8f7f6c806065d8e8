"""A real PostgreSQL server from this machine's packages, in a temporary folder on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.peers import missing
from tests.peers.guarded import Guarded, wait_until

PACKAGES = "apt-get install postgresql"
OWNER = "modbot"

# The guard of a peer sends TERM, on which PostgreSQL waits until its last client has left; on INT it sends
# them away. Every commit is handed to the operating system (so that a killed server has lost nothing), and
# only a test that asks for it pays for the disk.
ENDING_FAST = '"$@" & trap "kill -INT $!" TERM; wait; wait'
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "synchronous_commit": "on",
    "log_min_messages": "fatal",
}
UNSAFE = {"fsync": "off", "full_page_writes": "off"}


class Postgres:
    """One server; the role `modbot` owns the databases and must give its password (SCRAM)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = _free_port()
        self.password = secrets.token_hex(8)
        self._admin_password = secrets.token_hex(8)
        self._server: Guarded | None = None

    def install(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self._admin_password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            shutil.chown(password_file, "postgres")
        command = [_program("initdb"), "-D", str(self.data), "-U", "postgres", f"--pwfile={password_file}"]
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
        subprocess.run(_as_user([*command, *options]), cwd=self.folder, check=True, capture_output=True)

    def start(self, *, durable: bool = False) -> None:
        """Start after `install`, `stop` or `kill`, on the same port with the same databases.

        `durable` puts commits on the disk before they are answered, as in production.
        """
        settings = SETTINGS | {"port": str(self.port)} | ({} if durable else UNSAFE)
        command = [_program("postgres"), "-D", str(self.data)]
        command += [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        ending_fast = ["/bin/sh", "-c", ENDING_FAST, "postgres", *_as_user(command)]
        self._server = Guarded(ending_fast, self.folder / "server.log", dict(os.environ))
        wait_until(self._answers, self._server)

    def stop(self) -> None:
        """An orderly end: clients are sent away, nothing is left to recover."""
        if self._server:
            self._server.stop()
        self._server = None

    def kill(self) -> None:
        """SIGKILL to every process of the server at once, as when the machine's memory runs out."""
        main = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        doomed = [main, *main.children(recursive=True)]
        for process in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(doomed, timeout=20)
        self.stop()

    def create(self, template: str = "template1") -> str:
        """A fresh database, a copy of `template` (which nobody may be connected to); its name."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as the server's administrator, such as pg_terminate_backend."""
        with self.administrator() as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def create_owner(self) -> None:
        self.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{self.password}'")

    def administrator(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection to it that commits every statement by itself."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self._admin_password,
            dbname=database,
            autocommit=True,
            connect_timeout=10,
        )

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            self.administrator().close()
            return True
        return False


def _as_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the PATH, one folder for each version."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3])
    )
    return str(versions[-1]) if versions else shutil.which(name) or ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_installed() -> bool:
    return bool(_program("postgres") and _program("initdb"))


@contextlib.contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """A fresh server; stopped and its folder removed at the end, also when the start fails halfway."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = Postgres(folder)
    try:
        server.install()
        server.start(durable=durable)
        server.create_owner()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if not is_installed():
        missing("PostgreSQL", PACKAGES)
    with running() as server:
        yield server
