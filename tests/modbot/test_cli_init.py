from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from modbot import config, resources
from modbot.errors import ConfigError
from modbot.starter import make
from tests.modbot.installation import command


def test_a_new_installation_works_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "district"
    answer = command("init", str(folder))
    assert answer.status == 0
    assert "What comes next:" in answer.out
    assert command("policy", "check", "--config", str(folder)).status == 0
    assert command("case", "list", "--config", str(folder)).out == "No case waits for a decision.\n"
    assert command("audit", "verify", "--config", str(folder), "--json").data["entries"] == 1


def test_every_clause_of_a_new_installation_is_in_advise(tmp_path: Path) -> None:
    command("init", str(tmp_path / "district"))
    shown = command("policy", "show", "--json", "--config", str(tmp_path / "district")).data
    assert {clause["mode"] for clause in shown["clause"]} == {"advise"}


def test_the_key_and_the_folder_are_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "district"
    command("init", str(folder))
    assert stat.S_IMODE((folder / "checkpoint.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_ever_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "district"
    command("init", str(folder))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    answer = command("init", str(folder))
    assert answer.status == 1
    assert "already holds modbot.toml, policy.toml, checkpoint.key, modbot.db" in answer.err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_with_other_files_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("ours")
    assert command("init", str(tmp_path)).status == 0
    assert (tmp_path / "notes.txt").read_text() == "ours"


def test_what_failed_halfway_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "district"
    with pytest.raises(ConfigError):
        make(folder, '[database]\nurl = "oracle://nowhere"', resources.policy("yelm-4007p.toml"))
    assert not folder.exists()


def test_the_defaults_are_printed_as_they_ship(tmp_path: Path) -> None:
    answer = command("init", "--show-defaults")
    assert answer.out == resources.defaults()
    assert tomllib.loads(answer.out)["web"]["port"] == 8080


def test_a_folder_has_to_be_named() -> None:
    answer = command("init")
    assert answer.status == 2
    assert "Name the folder to make" in answer.err


def test_the_starting_settings_hold(tmp_path: Path) -> None:
    (tmp_path / "modbot.toml").write_text(resources.starter())
    assert config.load(tmp_path / "modbot.toml").page == ()
