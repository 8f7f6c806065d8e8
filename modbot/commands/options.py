"""Options that read alike on every command."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from modbot.errors import DecisionRefused

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The settings file, if it is not ./modbot.toml."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
Corpus = Annotated[
    Path | None,
    typer.Option("--corpus", metavar="FOLDER", help="Other comments (*.jsonl) than modbot's own corpus."),
]
As = Annotated[
    str,
    typer.Option(
        "--as", metavar="NAME", envvar="MODBOT_USER", help="The person on whose behalf this is done."
    ),
]


def day(text: str, zone: ZoneInfo) -> datetime | None:
    """When the day began that somebody wrote; None where nothing was written. Raises DecisionRefused."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone).astimezone(UTC)
    except ValueError:
        raise DecisionRefused(f"'{text}' is no day.", remedy="Write it as 2026-11-22.") from None
