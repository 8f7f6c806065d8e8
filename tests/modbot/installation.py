"""A district's folder as `modbot init` leaves it, with comments in it, and the command line to use it by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from modbot import checkpoints
from modbot.cli import app
from modbot.store import Store
from tests.modbot.scene import POLICY, District, district

MODBOT = [sys.executable, "-m", "modbot"]


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Installation:
    """`here` is the district whose comments are in the database; pages blog and news, ana, ben, lee, vic."""

    folder: Path
    here: District

    def modbot(self, *arguments: str, **environment: str) -> Answer:
        """One command in this process, on this installation."""
        return command(*arguments, "--config", str(self.folder), **environment)

    def only_case(self) -> int:
        (line,) = self.modbot("case", "list", "--json").data
        number: int = line["id"]
        return number


def command(*arguments: str, text: str | bytes | None = None, **environment: str) -> Answer:
    """One command in this process, as at a prompt where these variables are set."""
    runner = CliRunner(env={"MODBOT_USER": None, "MODBOT_CONFIG": None} | environment)
    result = runner.invoke(app, list(arguments), input=text)
    return Answer(result.exit_code, result.stdout, result.stderr)


def process(
    *arguments: str, folder: Path, text: bytes = b"", seconds: float = 120, **settings: str
) -> Answer:
    """One command in a process of its own, with further environment variables."""
    done = subprocess.run(
        [*MODBOT, *arguments],
        cwd=folder,
        input=text,
        capture_output=True,
        timeout=seconds,
        env=environment(**settings),
        check=False,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def environment(**settings: str) -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MODBOT_")}
    return plain | {"PYTHONPATH": root} | settings


def settings_file(folder: Path, url: str, *more: str) -> Path:
    """A modbot.toml on this database, with the test policy and a key beside it."""
    folder.mkdir(exist_ok=True)
    # Second looks are drawn at random, which no test of anything else should meet.
    fixed = f'[database]\nurl = "{url}"\n[review]\nsecond_share = 0\n'
    (folder / "modbot.toml").write_text(fixed + "\n".join(more))
    # The address may hold a password.
    (folder / "modbot.toml").chmod(0o600)
    (folder / "policy.toml").write_text(POLICY)
    if not (folder / "checkpoint.key").exists():
        checkpoints.make_key(folder / "checkpoint.key")
    return folder / "modbot.toml"


def install(folder: Path, store: Store) -> Installation:
    """An installation on an open store at the newest schema."""
    settings_file(folder, store.engine.url.render_as_string(hide_password=False))
    return Installation(folder, district(store))
