"""The real MediaWiki of Debian's package, with SQLite and PHP's own web server, in a temporary folder.

python -m tests.peers.mediawiki      a wiki to try the bot against, until Ctrl-C or kill
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import sqlite3
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
from tests.peers.wordpress import _free_port

PACKAGES = "apt-get install mediawiki php-cli php-sqlite3 php-xml php-mbstring php-intl"
SOURCE = Path("/usr/share/mediawiki")
SITE = Path(__file__).with_name("mediawiki_site")
FAST = ["-d", "opcache.enable=1", "-d", "opcache.enable_cli=1", "-d", "opcache.validate_timestamps=0"]
ABUSE_FILTER = """
    INSERT INTO abuse_filter
        (af_pattern, af_user, af_user_text, af_timestamp, af_comments, af_public_comments, af_actions)
    VALUES ('new_size == 0', 1, 'Admin', '20260101000000', '', 'Blanking', 'disallow')
"""
GRANTS = "basic,editpage,createeditmovepage,highvolume,delete,viewdeleted"


class MediaWiki:
    """A wiki with its main page. `user` is the name to sign in with by bot password."""

    user = "Modbot@moderation"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{_free_port()}"
        # Letters that a bot password may hold; with others the script succeeds and nobody can sign in.
        self.password = secrets.token_hex(16)
        self._web: Guarded | None = None

    def install(self) -> None:
        options = {
            "confpath": self.folder,
            "dbtype": "sqlite",
            "dbpath": self.folder / "db",
            "dbname": "wiki",
            "server": self.url,
            "scriptpath": "",
            "lang": "en",
            "pass": secrets.token_hex(16),
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self._run("install.php", *arguments, "District Wiki", "Admin")
        settings = self.folder / "LocalSettings.php"
        own = (SITE / "settings.php").read_text().removeprefix("<?php")
        settings.write_text(settings.read_text() + own)
        (self.folder / "cache").mkdir()
        self._run("createAndPromote.php", "--custom-groups=modbot", "Modbot", secrets.token_hex(16))
        self._run(
            "createBotPassword.php", "--appid=moderation", f"--grants={GRANTS}", "Modbot", self.password
        )
        self.start()

    def start(self) -> None:
        address = self.url.removeprefix("http://")
        command = ["php", "-d", "display_errors=0", *FAST, "-S", address, "-t", str(SOURCE)]
        environment = self._environment() | {"PHP_CLI_SERVER_WORKERS": "3"}
        self._web = Guarded([*command, str(SITE / "router.php")], self.folder / "web.log", environment)
        wait_until(self._answers, self._web)

    def close(self) -> None:
        if self._web:
            self._web.stop()
        self._web = None

    @contextlib.contextmanager
    def extended(self) -> Iterator[None]:
        """With the extensions that keep edits out, and one abuse filter."""
        switch, patches = self.folder / "extended", SOURCE / "extensions" / "AbuseFilter" / "db_patches"
        with contextlib.closing(sqlite3.connect(self.folder / "db" / "wiki.sqlite")) as database:
            database.executescript((patches / "sqlite" / "tables-generated.sql").read_text())
            database.execute(ABUSE_FILTER)
            database.commit()
        switch.touch()
        try:
            yield
        finally:
            switch.unlink()

    def stage(self, *calls: list[Any]) -> list[Any]:
        """Run operations of stage.php, such as ["edit", "Talk:News", "text", None]; their results."""
        answer = httpx.post(f"{self.url}/stage.php", json=calls, timeout=120, verify=False)
        results: list[Any] = answer.raise_for_status().json()
        return results

    def ask(self, **query: str) -> Any:
        """What the API answers to somebody who is not signed in."""
        fixed = {"format": "json", "formatversion": "2"}
        return httpx.get(f"{self.url}/api.php", params=query | fixed, timeout=60, verify=False).json()

    def text(self, title: str) -> str:
        """A page's text as readers get it."""
        answer = httpx.get(
            f"{self.url}/index.php", params={"title": title, "action": "raw"}, timeout=60, verify=False
        )
        return answer.text if answer.is_success else ""

    def _run(self, script: str, *arguments: str) -> None:
        command = ["php", "-d", "display_errors=stderr", str(SOURCE / "maintenance" / script), *arguments]
        result = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=120)
        if result.returncode:
            raise RuntimeError(f"{script}: {result.stdout[-2000:]}{result.stderr[-2000:]}")

    def _environment(self) -> dict[str, str]:
        settings = str(self.folder / "LocalSettings.php")
        return dict(os.environ, MW_CONFIG_FILE=settings, PEER_SOURCE=str(SOURCE))

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/api.php", timeout=30, verify=False).is_success
        return False


def is_installed() -> bool:
    return (SOURCE / "api.php").is_file() and shutil.which("php") is not None


@contextlib.contextmanager
def running() -> Iterator[MediaWiki]:
    """A fresh wiki; stopped and its folder removed at the end, also when the start fails halfway."""
    folder = Path(tempfile.mkdtemp(prefix="mediawiki-"))
    wiki = MediaWiki(folder)
    try:
        wiki.install()
        yield wiki
    finally:
        wiki.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mediawiki() -> Iterator[MediaWiki]:
    if not is_installed():
        missing("MediaWiki", PACKAGES)
    with running() as wiki:
        yield wiki


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), running() as wiki:
        print(f"wiki          {wiki.url}/index.php")
        print(f"user          {wiki.user}")
        print(f"bot password  {wiki.password}", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
