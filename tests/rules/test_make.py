"""What make would run, asked of a copy of the Makefile in a folder where everything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = '[[page]]\nkey = "blog"\nplatform = "memory"\n'
NO_PAGE = '[district]\nname = "Ours"\n# [[page]]\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "group" / "checkout"
    (folder / ".venv").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("pyproject.toml", ".venv/installed", ".venv/for-development"):
        (folder / name).touch()
    return folder


def would_run(folder: Path, *arguments: str, **variables: str) -> str:
    """The commands that make would give, one per line."""
    ours = ("MODBOT_", "MAKE", "DATA", "PORT")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    asked = ["make", "--no-print-directory", "--dry-run", *arguments]
    done = subprocess.run(
        asked, cwd=folder, env=plain | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("settings", [None, NO_PAGE])
def test_until_a_page_is_configured_make_run_starts_the_practice(
    checkout: Path, settings: str | None
) -> None:
    if settings is not None:
        (checkout / "modbot.toml").write_text(settings)
    assert would_run(checkout, "run") == ".venv/bin/modbot demo"
    assert would_run(checkout, "run", "PORT=9000") == ".venv/bin/modbot demo --port 9000"


def test_once_a_page_is_configured_make_run_watches_it(checkout: Path) -> None:
    (checkout / "modbot.toml").write_text(PAGE)
    assert would_run(checkout, "run") == ".venv/bin/modbot run"
    assert would_run(checkout, "run", "PORT=9000") == "MODBOT_WEB__PORT=9000 .venv/bin/modbot run"


@pytest.mark.parametrize("named", ["", "/modbot.toml"])
def test_settings_elsewhere_are_found_as_modbot_finds_them(
    checkout: Path, tmp_path: Path, named: str
) -> None:
    office = tmp_path / "our office"
    office.mkdir()
    (office / "modbot.toml").write_text(PAGE)
    assert would_run(checkout, "run", MODBOT_CONFIG=f"{office}{named}") == ".venv/bin/modbot run"


def test_make_bench_measures_with_the_comments_that_lie_beside_the_checkout(checkout: Path) -> None:
    bench = ".venv/bin/python -m tests.benchmarks"
    assert would_run(checkout, "bench").split() == bench.split()
    (checkout.parent / "shared" / "data" / "train").mkdir(parents=True)
    assert "--data '../shared/data/train'" in would_run(checkout, "bench")
    assert "--data 'mine'" in would_run(checkout, "bench", "DATA=mine")
    assert "--data 'theirs'" in would_run(checkout, "bench", MODBOT_BENCH_DATA="theirs")
