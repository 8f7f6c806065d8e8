"""modbot report: the weekly moderation report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from modbot.commands.installation import Installation, opened
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, note, say
from modbot.errors import ConfigError
from modbot.reports import making, weekly, weeks
from modbot.reports.making import Made
from modbot.reports.weekly import Report, Version
from modbot.store import utcnow

app = typer.Typer(no_args_is_help=True)
DIFFERS = 1
SHOWN = 20
"""Differences that are listed; the rest is counted."""


@app.callback()
def group() -> None:
    """The weekly moderation report: for the board and the public, from the archive and the log alone."""


@app.command("weekly")
def for_a_week(
    week: Annotated[
        str,
        typer.Option(
            "--week", metavar="WEEK", help="The ISO week, such as 2026-W47; else the last that ended."
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Where to write, if not the configured folder."),
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Make every report that is due and was not made yet; for a timer.")
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="Count again and compare with a report's JSON file."),
    ] = None,
    config: Config = None,
    as_document: Json = False,
) -> None:
    """Write the week's report, internal and public, as HTML, PDF, CSV and JSON; or check one."""
    with opened(config) as here:
        if check is not None:
            raise typer.Exit(_check(here, check, as_document))
        wanted = [weeks.parse(week) if week else weeks.last_ended(utcnow(), here.zone)]
        if due:
            wanted = making.due(here.store, here.zone, utcnow())
        made = [making.make(here.store, here.settings, each, out) for each in wanted]
    _show(made, as_document)


def _show(made: list[Made], as_document: bool) -> None:
    if as_document:
        as_json([{"week": str(each.week), "files": [str(path) for path in each.files]} for each in made])
        return
    for each in made:
        say(f"Week {each.week}:")
        for path in each.files:
            say(f"  {path}")
    if not made:
        say("No report is due.")
    elif not all(each.is_complete for each in made):
        note('PDF or charts were left out. To have them: pip install "modbot[reports]"')


def _check(here: Installation, file: Path, as_document: bool) -> int:
    document = _read(file)
    week, version = weeks.parse(document["week"]), Version(document["version"])
    report: Report = weekly.version_of(making.read(here.store, here.settings, week), version)
    differences = making.compare(document, report)
    if as_document:
        as_json({"file": str(file), "week": str(week), "differences": differences})
    elif not differences:
        compared = len(list(weekly.flat(document)))
        say(f"{file} is what the log says of week {week}: {compared:,} values compared.")
    else:
        _list(file, differences)
    return DIFFERS if differences else 0


def _list(file: Path, differences: list[str]) -> None:
    say(f"{file} is not what the log says:")
    for each in differences[:SHOWN]:
        say(f"  {each}")
    if len(differences) > SHOWN:
        say(f"  and {len(differences) - SHOWN} more")
    note("  What to do: see whether the log proves itself (modbot audit verify), then who changed the file.")


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        weeks.parse(found["week"])
        Version(found["version"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            f"{file} is no weekly report.",
            remedy="Give the .json file of a report; the others are drawn from it.",
        ) from None
    return dict(found)
