"""What people get wrong, tried as they would: one message, what to do next, and never a trace."""

from __future__ import annotations

import errno
import os
import re
import resource
import shlex
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from modbot import cli
from modbot.store import Store
from tests.modbot.installation import MODBOT, command, environment, install, process, settings_file
from tests.peers import missing
from tests.peers.postgres import Postgres


@pytest.fixture
def file_url(migrated_file: Path, tmp_path: Path) -> str:
    copy = tmp_path / "modbot.db"
    copy.write_bytes(migrated_file.read_bytes())
    return f"sqlite:///{copy}"


def test_a_mistyped_option_is_named_with_the_one_that_was_meant() -> None:
    answer = command("case", "list", "--jsno")
    assert answer.status == 2
    assert "No such option: --jsno" in answer.err
    assert "--json" in answer.err


def test_an_unknown_command_is_named_with_the_one_that_was_meant() -> None:
    answer = command("polcy", "check")
    assert answer.status == 2
    assert "No such command 'polcy'. Did you mean 'policy'?" in answer.err


def test_help_lists_every_command_without_loading_any() -> None:
    answer = command("--help")
    assert answer.status == 0
    assert [name for name in cli.COMMANDS if f"\n  {name} " not in answer.out] == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_that_is_listed_is_there_and_has_help(name: str) -> None:
    answer = command(name, "--help")
    assert answer.status == 0
    assert answer.out.startswith(f"Usage: modbot {name}")


def test_a_missing_settings_file_says_how_to_make_one(tmp_path: Path) -> None:
    answer = command("case", "list", "--config", str(tmp_path / "modbot.toml"))
    assert answer.status == 1
    assert answer.err.splitlines() == [
        f"modbot: There is no settings file {tmp_path / 'modbot.toml'}.",
        "  What to do: Make one with: modbot init FOLDER, or name yours with --config FILE.",
    ]


BROKEN = {
    "no TOML": ("[web\nport = 1", "at line 1"),
    "an unknown setting": ("[web]\nprot = 9000", "web prot: is not a setting that modbot knows"),
    "an unknown table": ("[wbe]\nport = 9000", "wbe: is not a setting that modbot knows"),
    "a wrong kind of value": ('[web]\nport = "many"', "web port:"),
    "an unknown platform": ('[[page]]\nkey = "a"\nplatform = "myspace"', "'myspace' is no platform"),
    "an unknown time zone": ('[district]\nname = "D"\ntimezone = "Mars"', "'Mars' is no time zone"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_settings_file_is_refused_with_the_place(tmp_path: Path, what: str) -> None:
    text, message = BROKEN[what]
    (tmp_path / "modbot.toml").write_text(text)
    answer = command("user", "list", "--config", str(tmp_path))
    assert answer.status == 1
    assert message in answer.err
    assert str(tmp_path / "modbot.toml") in answer.err
    assert "  What to do: Mend it" in answer.err


def test_a_settings_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "modbot.toml").write_bytes(b"[web]\nhost = '\xff'")
    answer = command("user", "list", "--config", str(tmp_path))
    assert (answer.status, "it is not UTF-8 text" in answer.err) == (1, True)


def test_a_secret_that_is_not_set_names_its_variable(tmp_path: Path) -> None:
    (tmp_path / "modbot.toml").write_text('[database]\nurl = { env = "OUR_DATABASE" }')
    answer = command("user", "list", "--config", str(tmp_path))
    assert "OUR_DATABASE is not set" in answer.err


def test_a_mistyped_database_is_not_made_anew(tmp_path: Path) -> None:
    settings_file(tmp_path, f"sqlite:///{tmp_path / 'mdobot.db'}")
    answer = command("user", "list", "--config", str(tmp_path))
    assert "There is no database" in answer.err
    assert not (tmp_path / "mdobot.db").exists()


def test_an_empty_database_is_not_set_up_by_looking(tmp_path: Path) -> None:
    (tmp_path / "modbot.db").touch()
    settings_file(tmp_path, f"sqlite:///{tmp_path / 'modbot.db'}")
    answer = command("case", "list", "--config", str(tmp_path))
    assert answer.status == 1
    assert "modbot run" in answer.err


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "modbot.db").write_bytes(b"holiday pictures" * 100)
    settings_file(tmp_path, f"sqlite:///{tmp_path / 'modbot.db'}")
    answer = command("case", "list", "--config", str(tmp_path))
    assert answer.status == 1
    assert "file is not a database" in answer.err
    assert "Traceback" not in answer.err


def test_a_database_that_another_program_holds_is_named(
    tmp_path: Path, file_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file(tmp_path, file_url)
    # Without the half minute for which modbot waits by itself.
    monkeypatch.setattr("modbot.store._tune_sqlite", lambda raw, _: raw.execute("PRAGMA busy_timeout = 0"))
    other = sqlite3.connect(tmp_path / "modbot.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    person = ("ann", "--full-name", "Ann", "--role", "viewer")
    try:
        answer = command("user", "add", *person, "--config", str(tmp_path))
    finally:
        other.close()
    assert answer.status == 1
    assert "Another program holds the database" in answer.err


def test_a_wrong_password_is_told_and_not_printed(tmp_path: Path, postgres: Postgres) -> None:
    right = postgres.url("postgres")
    settings_file(tmp_path, right.replace(postgres.password, "geheim-4007"))
    for arguments in (("user", "list"), ("doctor", "--json")):
        answer = command(*arguments, "--config", str(tmp_path))
        assert answer.status == 1
        assert "check the address in modbot.toml" in answer.out + answer.err
        assert "geheim-4007" not in answer.out + answer.err


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings_file(tmp_path, "postgresql://modbot:pw@127.0.0.1:1/modbot")
    answer = command("user", "list", "--config", str(tmp_path))
    assert answer.status == 1
    assert "No database server answers there" in answer.err


def test_an_export_on_a_full_disk_leaves_no_half_file(tmp_path: Path, store: Store) -> None:
    office = install(tmp_path / "office", store)
    office.here.comes_in(*("a long evening at the school board " * 30 + str(n) for n in range(40)))

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    out = tmp_path / "export.jsonl"
    done = subprocess.run(
        [*MODBOT, "audit", "export", "--out", str(out), "--config", str(office.folder)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
        preexec_fn=small_disk,
        check=False,
    )
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "Free some space" in done.stderr
    assert not out.exists()


def test_a_limit_on_the_size_of_files_is_told_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = subprocess.run(
        [*MODBOT, "init", str(tmp_path / "office")],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        preexec_fn=small_disk,
        check=False,
    )
    assert done.returncode == 1
    assert "Look at the disk" in done.stderr
    assert not (tmp_path / "office").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode:
        missing("A small disk", "sudo make test (only root may mount one)")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_a_pass_and_loses_nothing(small_disk: Path) -> None:
    office = small_disk / "office"
    assert command("init", str(office)).status == 0
    comments = small_disk.parent / "comments.jsonl"
    long = "A long evening at the school board. " * 20
    comments.write_text("".join(f'{{"id": "{n}", "text": "{long} {n}"}}\n' for n in range(2_000)))
    with (office / "modbot.toml").open("a") as file:
        file.write('[classifiers]\nmembers = ["patterns"]\n')
        file.write('[[page]]\nkey = "old"\nplatform = "replay"\n[page.settings]\n')
        file.write(f'path = "{comments}"\nbatch = 20\n')
    done = process("run", "--once", folder=office)
    assert done.status == 1
    assert "disk is full" in done.err
    assert "Free some space" in done.err
    assert command("audit", "verify", "--config", str(office)).status == 0


def test_a_full_output_device_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*MODBOT, "init", "--show-defaults"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env=environment(),
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("modbot: The disk is full.")
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        f"{shlex.join(MODBOT)} init --show-defaults | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    assert done.stderr == ""


def test_a_folder_that_may_not_be_written_is_named() -> None:
    assert "Is a directory" in command("policy", "check", "/").err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.ENOENT])
def test_failures_of_the_system_say_what_to_do(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise OSError(number, "what the system says", "/somewhere/file")

    monkeypatch.setattr("modbot.resources.defaults", fail)
    answer = command("init", "--show-defaults")
    assert answer.status == 1
    assert "/somewhere/file" in answer.err
    assert "  What to do: " in answer.err


def test_what_nobody_expected_is_one_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise RuntimeError("no luck at https://bot:s3cret@host/path")

    monkeypatch.setattr("modbot.resources.defaults", fail)
    answer = command("init", "--show-defaults")
    assert answer.status == 1
    first, second = answer.err.splitlines()
    assert re.fullmatch(r"modbot: Something failed that should not: RuntimeError: .*", first)
    assert "s3cret" not in answer.err
    assert "modbot --debug" in second
    assert "Traceback" in command("--debug", "init", "--show-defaults").err


def test_the_version_is_printed() -> None:
    assert re.fullmatch(r"modbot \d+\.\d+\.\d+\n", command("--version").out)


def test_an_interrupt_is_quiet(tmp_path: Path, file_url: str) -> None:
    settings_file(tmp_path, file_url)
    added = ("user", "add", "ana", "--full-name", "Ana Diaz", "--role", "viewer")
    assert command(*added, "--config", str(tmp_path)).status == 0
    following = subprocess.Popen(
        [*MODBOT, "audit", "tail", "--follow"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        # As in a terminal, also where this suite runs in the background with interrupts ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    with following:
        try:
            assert following.stdout is not None
            assert "user:ana" in following.stdout.readline()
            following.send_signal(signal.SIGINT)
            _, err = following.communicate(timeout=20)
        finally:
            following.kill()
    assert following.returncode == 130
    assert "Traceback" not in err


def test_every_command_runs_as_a_module_too(tmp_path: Path) -> None:
    assert process("--version", folder=tmp_path).status == 0
