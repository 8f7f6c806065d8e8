"""The main job end to end: modbot run beside the real WordPress, decisions by the command line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modbot.store import Store, table
from modbot.tables import AuditEvent
from tests.modbot.installation import MODBOT, command
from tests.peers.wordpress import WordPress

events = table(AuditEvent)
OFFER = "Evergreen Lawn Care: first cut free, 20% off for district families, call 360-555-0142 today!"
KIND = "Thank you to the band boosters, what a lovely concert last night."
SIGNED = 'mode = "enforce"\nsigned_off_by = "Counsel"\nsigned_off_on = 2026-09-01'
pytestmark = pytest.mark.timeout(300)


class Installation:
    """A district's folder with one page, made and used by commands alone, as an IT person would.

    `modbot run` is a process of its own; the other commands run in this one, at a fifth of the time.
    """

    def __init__(self, folder: Path, platform: str, settings: str, **environment: str) -> None:
        """`settings`: lines of the page's table; what is secret stands in `environment`."""
        self.folder = folder
        self.environment = environment
        folder.mkdir()
        self.modbot("init", ".")
        with (folder / "modbot.toml").open("a") as file:
            file.write(
                f'\n[[page]]\nkey = "page"\nplatform = "{platform}"\ntitle = "District page"\n'
                f"[page.settings]\nallow_loopback = true\n{settings}"
            )
        policy = folder / "policy.toml"
        policy.write_text(policy.read_text().replace('mode = "advise"', SIGNED))
        self.environment |= {"MODBOT_WEB__PORT": "0", "MODBOT_INTAKE__POLL_SECONDS": "1"}
        self.modbot("user", "add", "ana", "--full-name", "Ana Reyes", "--role", "moderator")

    def modbot(self, *arguments: str, fails: int = 0) -> str:
        with contextlib.chdir(self.folder):
            done = command(*arguments, **self.environment)
        assert done.status == fails, done.out + done.err
        return done.out

    def data(self, *arguments: str) -> Any:
        return json.loads(self.modbot(*arguments, "--json"))

    def hide(self, case: str) -> None:
        quote = ("--quote", "first cut free", "--as", "ana", "--now")
        self.modbot("case", "decide", case, "--choice", "hide", "--clause", "C7", *quote)

    def happened(self, kind: str) -> bool:
        """Looked up in the database, since each command takes a second of the processor the bot needs."""
        store = Store(self.environment["MODBOT_DATABASE__URL"])
        with contextlib.closing(store), store.read() as connection:
            found = sa.select(events.c.seq).where(events.c.kind == kind).limit(1)
            return connection.execute(found).first() is not None

    def kinds(self) -> list[str]:
        """Of the log's entries, in order."""
        return [json.loads(line)["kind"] for line in self.modbot("audit", "export").splitlines()]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        log = (self.folder / "run.log").open("a")
        environment = os.environ | self.environment
        process = subprocess.Popen([*MODBOT, "run"], cwd=self.folder, env=environment, stdout=log, stderr=log)
        try:
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
            process.wait()
            log.close()


def until(true: Callable[[], object], seconds: float = 60) -> float:
    """Wait for it; the seconds that it took."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() < start + seconds, "it did not happen in time"
        time.sleep(0.25)
    return time.monotonic() - start


@pytest.fixture
def site(wordpress: WordPress) -> WordPress:
    wordpress.stage(["empty"])
    return wordpress


@pytest.fixture
def here(tmp_path: Path, empty_database_url: str, site: WordPress) -> Installation:
    return Installation(
        tmp_path / "district",
        "wordpress",
        f'url = "{site.url}"\nuser = "{site.user}"\napplication_password = {{ env = "BLOG_PASSWORD" }}\n',
        BLOG_PASSWORD=site.password,
        MODBOT_DATABASE__URL=empty_database_url,
    )


def test_a_day_beside_a_real_blog(here: Installation, site: WordPress) -> None:
    assert site.write(KIND).status_code == 302
    with here.running():
        assert site.write(OFFER, author="Ed").status_code == 302
        until(lambda: here.happened("case.opened"))
        (waiting,) = here.data("case", "list")
        number = str(waiting["id"])
        shown = here.modbot("case", "show", number)
        assert "Promotes commercial services or products" in shown
        here.hide(number)
        assert until(lambda: OFFER[:20] not in site.page()) < 15
        assert KIND[:20] in site.page()
        here.modbot("case", "undo", number, "--as", "ana")
        until(lambda: OFFER[:20] in site.page())
    proof = here.data("audit", "verify")
    assert proof["entries"] > 15
    kinds = here.kinds()
    assert kinds.count("comment.seen") == 2
    for kind in ("comment.scored", "case.opened", "decision.made", "action.requested", "action.done"):
        assert kind in kinds


def test_a_wrong_password_is_found_and_told_by_the_doctor(here: Installation) -> None:
    here.environment["BLOG_PASSWORD"] = "xxxx xxxx xxxx xxxx"
    found = here.modbot("doctor", fails=1)
    assert "page" in found
    assert "xxxx" not in found
