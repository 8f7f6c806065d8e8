"""The real WordPress of Debian's packages, with MariaDB and PHP's own web server, in a temporary folder.

python -m tests.peers.wordpress      a site to try the bot against, until Ctrl-C or kill
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers import missing
from tests.peers.guarded import Guarded, wait_until

PACKAGES = "apt-get install wordpress mariadb-server php-cli php-mysql php-xml php-mbstring php-curl"
SOURCE = Path("/usr/share/wordpress")
SITE = Path(__file__).with_name("wordpress_site")
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
COPIED = ("wp-config.php", "install.php", "stage.php")
GRANTS = """
create database wordpress character set utf8mb4;
create user wordpress@localhost identified by 'wordpress';
grant all on wordpress.* to wordpress@localhost;
"""


class WordPress:
    """A site with one post (id 1). `passwords` are application passwords: of an editor, of a subscriber."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "site"
        self.socket = folder / "db.sock"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.passwords: dict[str, str] = {}
        self._database: Guarded | None = None
        self._web: Guarded | None = None

    @property
    def user(self) -> str:
        return "modbot"

    @property
    def password(self) -> str:
        return self.passwords["modbot"]

    def install(self) -> None:
        self._copy_site()
        self._start_database()
        script = ["php", "-d", "sendmail_path=/bin/true", "-d", "display_errors=stderr", "install.php"]
        self.passwords = json.loads(_run(script, self._environment(), self.root))
        self.start()

    def start(self) -> None:
        """Start the web server, after `install` or `stop`; the same address and content as before."""
        address = self.url.removeprefix("http://")
        command = [
            "php",
            "-d",
            "display_errors=0",
            "-S",
            address,
            "-t",
            str(self.root),
            str(SITE / "router.php"),
        ]
        self._web = Guarded(
            command, self.folder / "web.log", self._environment() | {"PHP_CLI_SERVER_WORKERS": "4"}
        )
        wait_until(self._answers, self._web)

    def stop(self) -> None:
        """Stop the web server alone, as in an outage."""
        if self._web:
            self._web.stop()
        self._web = None

    def close(self) -> None:
        self.stop()
        if self._database:
            self._database.stop()
        self._database = None

    def stage(self, *calls: list[Any]) -> list[Any]:
        """Run operations of stage.php, such as ["trash", 12], inside WordPress; their results in order."""
        answer = httpx.post(f"{self.url}/stage.php", json=calls, timeout=60, verify=False)
        results: list[Any] = answer.raise_for_status().json()
        return results

    def write(self, text: str, *, author: str = "A parent", parent: int = 0) -> httpx.Response:
        """Send the public comment form under post 1. WordPress refuses the same text twice (409)."""
        form = {"author": author, "email": "reader@example.org", "comment": text}
        fields = form | {"comment_post_ID": "1", "comment_parent": str(parent)}
        return httpx.post(f"{self.url}/wp-comments-post.php", data=fields, timeout=30, verify=False)

    def page(self, post: int = 1) -> str:
        """The HTML page of a post as a reader gets it who is not signed in."""
        return httpx.get(self.url, params={"p": post}, follow_redirects=True, timeout=30, verify=False).text

    def _copy_site(self) -> None:
        # A copy, because Debian's own wp-load.php insists on a configuration in /etc.
        self.root.mkdir()
        for file in SOURCE.glob("*.php"):
            shutil.copy(file, self.root)
        shutil.copytree(SOURCE / "wp-admin", self.root / "wp-admin")
        (self.root / "wp-includes").symlink_to(SOURCE / "wp-includes")
        for name in COPIED:
            shutil.copy(SITE / name, self.root)
        content = self.root / "wp-content"
        shutil.copytree(SITE / "theme", content / "themes" / "peer")
        (content / "mu-plugins").mkdir()
        shutil.copy(SITE / "peer.php", content / "mu-plugins")

    def _start_database(self) -> None:
        data = self.folder / "db"
        data.mkdir()
        user = self._give_to_mysql(data) if os.geteuid() == 0 else []
        setup = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", *user]
        _run([*setup, "--auth-root-authentication-method=normal"])
        command = ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={self.socket}", *user]
        options = ["--skip-networking", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]
        self._database = Guarded([*command, *options], self.folder / "db.log", dict(os.environ, PATH=PATH))
        client = ["mariadb", "--no-defaults", "-S", str(self.socket), "-uroot", "-e"]
        wait_until(lambda: _succeeds([*client, "select 1"]), self._database)
        _run([*client, GRANTS])

    def _give_to_mysql(self, data: Path) -> list[str]:
        """MariaDB refuses to run as root: its files, and the folder of its socket, go to its own user."""
        self.folder.chmod(0o755)
        shutil.chown(self.folder, "mysql")
        shutil.chown(data, "mysql")
        return ["--user=mysql"]

    def _environment(self) -> dict[str, str]:
        return dict(os.environ, PATH=PATH, PEER_URL=self.url, PEER_SOCKET=str(self.socket))

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/wp-json/", timeout=10, verify=False).is_success
        return False


def _run(command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None) -> str:
    env = environment or dict(os.environ, PATH=PATH)
    result = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


def _succeeds(command: list[str]) -> bool:
    env = dict(os.environ, PATH=PATH)
    return subprocess.run(command, env=env, capture_output=True, timeout=30).returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_installed() -> bool:
    programs = ("php", "mariadbd", "mariadb-install-db", "mariadb")
    return (SOURCE / "wp-load.php").is_file() and all(shutil.which(name, path=PATH) for name in programs)


@contextlib.contextmanager
def running() -> Iterator[WordPress]:
    """A fresh site; stopped and its folder removed at the end, also when the start fails halfway."""
    folder = Path(tempfile.mkdtemp(prefix="wordpress-"))
    site = WordPress(folder)
    try:
        site.install()
        yield site
    finally:
        site.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    if not is_installed():
        missing("WordPress", PACKAGES)
    with running() as site:
        yield site


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), running() as site:
        print(f"site      {site.url}/  (administrator: admin, password admin, at {site.url}/wp-login.php)")
        print(f"user      {site.user}")
        print(f"password  {site.password}", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
