"""What the commands print: tables for people, plain columns for pipes, JSON for programs.

Comments are written by strangers. Nothing of theirs reaches a terminal as a control character, a direction
mark or markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from modbot.visible import visible


def one_line(text: str, width: int) -> str:
    """The beginning of a text on one line."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """A time as people of the district read it; a dash for never."""
    return "–" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def say(text: str = "") -> None:
    sys.stdout.write(visible(text) + "\n")


def note(text: str) -> None:
    """A remark beside the result: progress, what to do next."""
    sys.stderr.write(visible(text) + "\n")


def as_json(value: Any) -> None:
    """One JSON document; ASCII, so that no text of a stranger can disturb whatever reads it."""
    json.dump(value, sys.stdout, indent=2, default=_plain)
    sys.stdout.write("\n")


def as_json_line(value: Any) -> None:
    sys.stdout.write(json.dumps(value, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = "") -> None:
    """Rows under heads: ruled and folded to the window on a terminal, aligned columns elsewhere."""
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    if not cells and empty:
        say(empty)
    elif sys.stdout.isatty():
        _ruled(heads, cells)
    else:
        _aligned(heads, cells)


def _ruled(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    ruled = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for head in heads:
        ruled.add_column(head, overflow="fold")
    for row in rows:
        ruled.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(ruled)


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    flat = [[cell.replace("\n", " ") for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[at]) for row in flat) for at in range(len(heads))]
    for row in flat:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def facts(pairs: Mapping[str, object]) -> None:
    """Names and values, one a line, values aligned."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        say(f"{name.ljust(width)}  {value}")
