from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from alembic.command import upgrade
from alembic.config import Config

from modbot import migrations
from modbot.store import Store
from tests.modbot import installation
from tests.modbot.installation import MODBOT, command, environment, process

FAST = '[classifiers]\nmembers = ["patterns"]\n'
"""Without the linear model, whose library alone takes seconds to load."""
COMMENTS = ("Nice concert", "Join our gift circle", "See you there")
FLAGGED = COMMENTS[1]
WORDS = '[[word_list]]\nclause = "C7"\nreason = "Names of known swindles"\nterms = ["gift circle"]\n'


def recording(tmp_path: Path, *texts: str) -> str:
    """A page block that replays these comments."""
    file = tmp_path / "comments.jsonl"
    file.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts)))
    return f'{FAST}[[page]]\nkey = "old"\nplatform = "replay"\n[page.settings]\npath = "{file}"'


def settings_file(folder: Path, url: str, *more: str) -> None:
    """Whatever the models think of it, FLAGGED becomes a case."""
    installation.settings_file(folder, url, *more)
    with (folder / "policy.toml").open("a") as file:
        file.write(WORDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    bot = subprocess.Popen(
        [*MODBOT, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield bot
    finally:
        bot.kill()
        bot.communicate()


def answer(url: str) -> httpx.Response:
    """The page's answer once it listens."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            return httpx.get(url, timeout=5)
        time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}")


def test_without_a_page_it_says_what_to_do(tmp_path: Path, database_url: str) -> None:
    settings_file(tmp_path, database_url)
    found = command("run", "--config", str(tmp_path))
    assert found.status == 1
    assert "names no page" in found.err
    assert "modbot demo" in found.err


def test_under_a_word_list_that_names_somebody_it_does_not_start(tmp_path: Path) -> None:
    settings_file(tmp_path, "sqlite:///modbot.db", recording(tmp_path, *COMMENTS))
    policy = tmp_path / "policy.toml"
    policy.write_text(policy.read_text().replace('"gift circle"', '"gift circle", "jane doe"'))
    found = process("run", "--once", folder=tmp_path)
    assert found.status == 1
    assert "'jane doe' (list under C7) looks like a person's name" in found.err
    assert "Take these terms out" in found.err
    assert "Traceback" not in found.err


def test_one_pass_archives_scores_and_queues_and_a_second_one_finds_nothing_new(
    tmp_path: Path, database_url: str
) -> None:
    settings_file(tmp_path, database_url, recording(tmp_path, *COMMENTS))
    first = process("run", "--once", "--json", folder=tmp_path)
    assert first.status == 0, first.err
    done = first.data["done"]
    assert (done["comment.seen"], done["comment.scored"], first.data["failures"]) == (3, 3, {})
    assert done["case.opened"] == 1
    again = process("run", "--once", folder=tmp_path)
    assert (again.status, again.out) == (0, "Nothing new.\n")
    queue = command("case", "list", "--json", "--config", str(tmp_path)).data
    assert [line["text"] for line in queue] == [FLAGGED]


def test_a_page_that_cannot_be_read_is_told_and_the_others_are_read(
    tmp_path: Path, database_url: str
) -> None:
    gone = '[[page]]\nkey = "gone"\nplatform = "replay"\n[page.settings]\npath = "/none/there.jsonl"\n'
    settings_file(tmp_path, database_url, recording(tmp_path, *COMMENTS), gone)
    found = process("run", "--once", "--json", folder=tmp_path)
    assert found.status == 1
    assert list(found.data["failures"]) == ["gone"]
    assert found.data["done"]["comment.seen"] == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_the_log_is_whole(
    tmp_path: Path, migrated_file: Path, number: signal.Signals
) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    port = free_port()
    page = recording(tmp_path, *COMMENTS)
    settings_file(tmp_path, "sqlite:///modbot.db", f"[web]\nport = {port}", page)
    with running("run", folder=tmp_path) as bot:
        healthy = answer(f"http://127.0.0.1:{port}/healthz")
        assert healthy.json()["status"] == "ok"
        wait_for(f"http://127.0.0.1:{port}/healthz", lambda found: found["cases"]["open"] > 0)
        bot.send_signal(number)
        _, err = bot.communicate(timeout=30)
    assert bot.returncode == 0
    assert "Stopped. Nothing is lost" in err
    assert "Traceback" not in err
    assert command("audit", "verify", "--config", str(tmp_path)).status == 0


def wait_for(url: str, ready: Any) -> None:
    deadline = time.monotonic() + 60
    while not ready(httpx.get(url, timeout=5).json()):
        assert time.monotonic() < deadline, httpx.get(url, timeout=5).json()
        time.sleep(0.1)


def test_a_port_that_is_taken_is_told(tmp_path: Path, migrated_file: Path) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        page = recording(tmp_path, "hello")
        settings_file(tmp_path, "sqlite:///modbot.db", f"[web]\nport = {port}", page)
        found = process("run", folder=tmp_path)
    assert found.status == 1
    assert f"cannot listen on 127.0.0.1:{port}" in found.err
    assert "Is modbot running already?" in found.err


def test_the_database_is_set_up_at_the_first_start(tmp_path: Path) -> None:
    settings_file(tmp_path, "sqlite:///modbot.db", recording(tmp_path, "hello"))
    assert process("run", "--once", folder=tmp_path).status == 0
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    assert migrations.current(store.engine) == migrations.newest()
    store.close()


def at_the_first_schema(url: str) -> None:
    """A database as the first modbot left it, with a short log."""
    store, alembic = Store(url), Config()
    alembic.set_main_option("script_location", "modbot:migrations")
    with store.engine.begin() as connection:
        alembic.attributes["connection"] = connection
        upgrade(alembic, "0001")
    with store.write() as tx:
        seq = tx.record("user.added", "user:ana", {"role": "moderator"})
        columns = 'INSERT INTO "user" (name, added, full_name, role, active)'
        tx.execute(sa.text(f"{columns} VALUES ('ana', {seq}, 'Ana Diaz', 'moderator', true)"))
    with store.write() as tx:
        tx.record("user.changed", "user:ana", {"role": "moderator"})
    store.close()


def test_an_older_database_is_brought_forward_after_saying_so_and_its_log_still_verifies(
    tmp_path: Path, empty_database_url: str
) -> None:
    at_the_first_schema(empty_database_url)
    settings_file(tmp_path, empty_database_url, recording(tmp_path, *COMMENTS))
    found = process("run", "--once", folder=tmp_path)
    assert found.status == 0, found.err
    assert f"Bringing the database forward from schema 0001 to {migrations.newest()}." in found.err
    assert command("audit", "verify", "--config", str(tmp_path)).status == 0
    entries = command("audit", "tail", "-n", "100", "--json", "--config", str(tmp_path)).out.splitlines()
    assert [json.loads(entry)["kind"] for entry in entries[:2]] == ["user.added", "user.changed"]


def test_a_database_of_a_newer_modbot_is_refused(tmp_path: Path, migrated_file: Path) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    settings_file(tmp_path, "sqlite:///modbot.db", recording(tmp_path, "hello"))
    for arguments in (("run", "--once"), ("case", "list")):
        found = process(*arguments, folder=tmp_path)
        assert found.status == 1
        assert "made by a newer modbot (schema 9999)" in found.err


def test_the_secret_of_a_page_never_reaches_the_output(tmp_path: Path, migrated_file: Path) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    page = (
        f'{FAST}[[page]]\nkey = "blog"\nplatform = "wordpress"\n[page.settings]\n'
        'url = "http://127.0.0.1:1"\nallow_loopback = true\n'
        'user = "bot"\napplication_password = { env = "OUR_SECRET" }'
    )
    settings_file(tmp_path, "sqlite:///modbot.db", page)
    for arguments in (("run", "--once"), ("--debug", "run", "--once"), ("doctor",)):
        found = process(*arguments, folder=tmp_path, OUR_SECRET="abcd efgh ijkl mnop")
        assert found.status == 1
        assert "abcd" not in found.out + found.err
