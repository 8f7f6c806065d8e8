"""The real Bluesky network from npm: data server and AppView, on loopback, with Redis and PostgreSQL.

python -m tests.peers.bluesky      a network to try the bot against, until Ctrl-C or kill
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers import missing, postgres
from tests.peers.guarded import Guarded, wait_until

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modbot-peers" / "bluesky"
PACKAGES = (
    "apt-get install nodejs npm redis-server postgresql && "
    f"npm install --no-audit --no-fund --prefix {CACHE} @atproto/dev-env@0.3.215 @atproto/pds@0.4.217"
)
SCRIPTS = Path(__file__).with_name("bluesky_network")
POST = "app.bsky.feed.post"
READY_OR_ENDED = re.compile(r"^(READY|Node\.js v.*)$", re.MULTILINE)
STARTS = 3
"""The network's parts wait for each other only so long: on a busy machine a start may fail."""


@dataclass(frozen=True, slots=True)
class Account:
    did: str
    handle: str
    app_password: str
    bearer: str


class Network:
    """`url` is the server of every account. What it shows follows a write by up to a second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = [_free_port() for _ in range(5)]
        self.url = f"http://localhost:{self._ports[1]}"
        self._servers: list[Guarded] = []
        self._client = httpx.Client(base_url=f"{self.url}/xrpc", timeout=30)

    def start(self, database: str) -> None:
        *ports, redis = self._ports
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(redis), "--save", ""]
        self._servers.append(
            Guarded([*command, "--dir", str(self.folder)], self.folder / "redis.log", _env())
        )
        wait_until(lambda: _listens(redis), self._servers[0])
        environment = _env() | {
            "DB_POSTGRES_URL": database,
            "REDIS_HOST": f"127.0.0.1:{redis}",
            "LOG_ENABLED": "false",
            "PEER_MODULES": str(CACHE / "node_modules"),
            "PEER_PORTS": " ".join(map(str, ports)),
        }
        log = self.folder / "network.log"
        log.unlink(missing_ok=True)
        node = ["node", "--require", str(SCRIPTS / "loopback.cjs"), str(SCRIPTS / "network.cjs")]
        network = Guarded(node, log, environment)
        self._servers.append(network)
        wait_until(lambda: READY_OR_ENDED.search(log.read_text(errors="replace")) is not None, network, 180)
        if "READY" not in log.read_text(errors="replace"):
            raise RuntimeError(f"the network ended: {log.read_text(errors='replace')[-2000:]}")

    def close(self) -> None:
        self._client.close()
        for server in reversed(self._servers):
            server.stop()
        self._servers.clear()

    def join(self, handle: str) -> Account:
        """A new account with an app password; the handle ends in .test."""
        body = {"handle": handle, "email": f"{handle}@example.org", "password": f"own-{handle}"}
        made = self.call("com.atproto.server.createAccount", body)
        bearer = made["accessJwt"]
        given = self.call("com.atproto.server.createAppPassword", {"name": "modbot"}, bearer)
        return Account(made["did"], handle, given["password"], bearer)

    def post(
        self,
        author: Account,
        text: str,
        *,
        parent: str | None = None,
        created: str | None = None,
        **more: Any,
    ) -> str:
        """Write a post; its address."""
        record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": created or _now(), **more}
        if parent:
            above = self.record(parent)
            root = above["value"].get("reply", {}).get("root", _strong(above))
            record["reply"] = {"root": root, "parent": _strong(above)}
        body = {"repo": author.did, "collection": POST, "record": record}
        uri: str = self.call("com.atproto.repo.createRecord", body, author.bearer)["uri"]
        return uri

    def delete(self, author: Account, uri: str) -> None:
        _, _, did, collection, rkey = uri.split("/")
        body = {"repo": did, "collection": collection, "rkey": rkey}
        self.call("com.atproto.repo.deleteRecord", body, author.bearer)

    def block(self, by: Account, whom: Account) -> None:
        record = {"$type": "app.bsky.graph.block", "subject": whom.did, "createdAt": _now()}
        body = {"repo": by.did, "collection": record["$type"], "record": record}
        self.call("com.atproto.repo.createRecord", body, by.bearer)

    def gate(self, owner: Account, root: str, **fields: Any) -> None:
        """Write the thread's gate as the owner's own app does."""
        rkey = root.rpartition("/")[2]
        gate = {"$type": "app.bsky.feed.threadgate", "post": root, "createdAt": _now(), **fields}
        body = {"repo": owner.did, "collection": gate["$type"], "rkey": rkey, "record": gate}
        self.call("com.atproto.repo.putRecord", body, owner.bearer)

    def gate_of(self, owner: Account, root: str) -> dict[str, Any]:
        """The thread's gate as the owner's server holds it."""
        found = self.record(f"at://{owner.did}/app.bsky.feed.threadgate/{root.rpartition('/')[2]}")
        value: dict[str, Any] = found["value"]
        return value

    def record(self, uri: str) -> dict[str, Any]:
        _, _, did, collection, rkey = uri.split("/")
        query = {"repo": did, "collection": collection, "rkey": rkey}
        return self.ask("com.atproto.repo.getRecord", query)

    def shown_hidden(self, reader: Account, uri: str, root: str) -> bool:
        """Whether the AppView tells a reader's app to put this answer behind the click."""
        thread = self.ask("app.bsky.feed.getPostThread", {"uri": root}, reader.bearer)["thread"]
        gate = (thread["post"].get("threadgate") or {}).get("record") or {}
        return uri in gate.get("hiddenReplies", [])

    def notified(self, account: Account) -> list[str]:
        asked = self.ask("app.bsky.notification.listNotifications", {"limit": 100}, account.bearer)
        return [notification["uri"] for notification in asked["notifications"]]

    def in_thread(self, account: Account, root: str) -> list[str]:
        query = {"uri": root, "depth": 1000}
        nodes, uris = [self.ask("app.bsky.feed.getPostThread", query, account.bearer)["thread"]], []
        while nodes:
            node = nodes.pop()
            uris.append(node.get("uri") or node["post"]["uri"])
            nodes += node.get("replies") or []
        return uris

    def ask(self, name: str, query: dict[str, Any], bearer: str = "") -> dict[str, Any]:
        return self._ok(self._client.get(f"/{name}", params=query, headers=_headers(bearer)))

    def call(self, name: str, body: dict[str, Any], bearer: str = "") -> dict[str, Any]:
        return self._ok(self._client.post(f"/{name}", json=body, headers=_headers(bearer)))

    def _ok(self, response: httpx.Response) -> dict[str, Any]:
        if not response.is_success:
            raise RuntimeError(f"{response.request.url.path}: {response.status_code} {response.text}")
        found: dict[str, Any] = response.json() if response.content else {}
        return found


def until(shown: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for what the AppView shows a moment after a write."""
    deadline = time.monotonic() + seconds
    while not shown():
        if time.monotonic() > deadline:
            raise AssertionError("the network does not show it")
        time.sleep(0.1)


def _headers(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"} if bearer else {}


def _strong(record: dict[str, Any]) -> dict[str, str]:
    return {"uri": record["uri"], "cid": record["cid"]}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() // 1_000_000 % 1000:03}Z"


def _env() -> dict[str, str]:
    return dict(os.environ)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_installed() -> bool:
    programs = all(shutil.which(name) for name in ("node", "redis-server"))
    return programs and (CACHE / "node_modules/@atproto/dev-env").is_dir() and postgres.is_installed()


@contextlib.contextmanager
def running(server: postgres.Postgres) -> Iterator[Network]:
    """A fresh network; stopped and its folder removed at the end, also when the start fails halfway."""
    folder = Path(tempfile.mkdtemp(prefix="bluesky-"))
    database = server.create()
    network = Network(folder)
    try:
        for start in range(STARTS):
            try:
                network.start(server.url(database))
                break
            except RuntimeError:
                network.close()
                if start == STARTS - 1:
                    raise
                server.drop(database)
                database, network = server.create(), Network(folder)
        yield network
    finally:
        network.close()
        server.drop(database)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def bluesky(request: pytest.FixtureRequest) -> Iterator[Network]:
    if not is_installed():
        missing("The Bluesky network", PACKAGES)
    with running(request.getfixturevalue("postgres")) as network:
        yield network


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), postgres.running() as server, running(server) as network:
        district = network.join("district.test")
        print(f"service       {network.url}")
        print(f"handle        {district.handle}")
        print(f"app password  {district.app_password}", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
