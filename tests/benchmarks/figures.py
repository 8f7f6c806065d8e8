"""Figures on the screen and in one flat JSON file, each part with its machine, commit and date."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Printed

from tests.benchmarks.plan import Report


def show(report: Report) -> None:
    console = Console(width=None if os.isatty(1) else 120, highlight=False, markup=False)
    for table in report.tables:
        printed = Printed(title=table.title, title_justify="left", box=SIMPLE_HEAD)
        for place, head in enumerate(table.heads):
            printed.add_column(head, justify="right" if place else "left", no_wrap=True)
        for row in table.rows:
            printed.add_row(*row)
        console.print(printed)


def merge(path: Path, part: str, figures: Mapping[str, float | str]) -> None:
    """Replace the part's figures in the file and leave the other parts' as they were measured."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    kept = {name: value for name, value in before.items() if not name.startswith(f"{part}.")}
    where = {
        "machine": machine(),
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    own = {f"{part}.{name}": value for name, value in {**figures, **where}.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(dict(sorted({**kept, **own, **where}.items())), indent=1) + "\n", encoding="utf-8"
    )


def machine() -> str:
    """Processor, memory and versions; the load says how much else was running."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} x {_processor()}, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """The commit, with a plus sign where files differ from it."""
    try:
        named = _git("rev-parse", "--short", "HEAD")
        return f"{named}+" if _git("status", "--porcelain", "--untracked-files=no") else named
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    folder = Path(__file__).parent
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
