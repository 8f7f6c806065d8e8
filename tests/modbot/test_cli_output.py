from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

from modbot.store import Store
from tests.modbot.installation import MODBOT, environment, install


def on_a_terminal(*arguments: str, columns: int = 80) -> str:
    """What a person sees who types this at a terminal."""
    ours, theirs = pty.openpty()
    settings = {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"}
    shown = subprocess.Popen([*MODBOT, *arguments], stdout=theirs, stderr=theirs, env=environment(**settings))
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # how a terminal says that its last program has gone
        pass
    finally:
        os.close(ours)
        shown.wait(30)
    return seen.decode().replace("\r\n", "\n")


def test_a_table_is_ruled_and_folded_on_a_terminal_and_strangers_cannot_steer_it(
    tmp_path: Path, migrated_file: Path
) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    office = install(tmp_path / "office", store)
    office.here.comes_in("[red]buy now[/red] :smile: \x1b[2J " + "and a long offer " * 10)
    store.close()
    seen = on_a_terminal("case", "list", "--config", str(office.folder))
    assert "───" in seen
    assert "\x1b[2J" not in seen
    assert "[red]buy" in seen
    assert ":smile:" in seen
    assert max(len(re.sub(r"\x1b\[\d+m", "", line)) for line in seen.splitlines()) <= 80


def test_columns_are_aligned_and_whole_where_no_terminal_is(tmp_path: Path, store: Store) -> None:
    office = install(tmp_path / "office", store)
    lines = office.modbot("user", "list").out.splitlines()
    assert lines[0].split() == ["name", "full", "name", "role", "access"]
    assert (
        len({line.index(word) for line, word in zip(lines[1:], ("Ana", "Ben", "Lee", "Vic"), strict=True)})
        == 1
    )


def test_times_are_the_districts(tmp_path: Path, store: Store) -> None:
    office = install(tmp_path / "office", store)
    office.here.comes_in("I will hurt you")
    number = str(office.only_case())
    assert "2026-11-21 12:00:00, record" in office.modbot("case", "show", number).out
    with (office.folder / "modbot.toml").open("a") as file:
        file.write('[district]\nname = "D"\ntimezone = "America/New_York"\n')
    assert "2026-11-21 15:00:00, record" in office.modbot("case", "show", number).out
