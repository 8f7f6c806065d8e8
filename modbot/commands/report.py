"""modbot report: the weekly moderation report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modbot.commands.installation import Installation, opened
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, note, say
from modbot.reports import checking, making, weeks
from modbot.reports.checking import Checked
from modbot.reports.making import Made
from modbot.store import utcnow

app = typer.Typer(no_args_is_help=True)
DIFFERS = FAILED = 1
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
        typer.Option(
            "--check", metavar="FILE", help="Count and draw again, and compare with a report's file."
        ),
    ] = None,
    config: Config = None,
    as_document: Json = False,
) -> None:
    """Write the week's report, internal and public, as HTML, PDF, CSV and JSON; or check one."""
    with opened(config) as here:
        if check is not None:
            raise typer.Exit(_check(here, check, as_document))
        failed: list[str] = []
        if due:
            made, failed = _make_due(here, out)
        else:
            wanted = weeks.parse(week) if week else weeks.last_ended(utcnow(), here.zone)
            made = [making.make(here.store, here.settings, wanted, out, is_extra=out is not None)]
    _show(made, as_document)
    for each in failed:
        note(each)
    if failed:
        raise typer.Exit(FAILED)


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
    found = checking.check(here.store, here.settings, file)
    if as_document:
        as_json({"file": str(file), "week": str(found.week), "differences": found.differences})
    elif not found.differences:
        say(f"{file} is what the log says of week {found.week}: {found.compared}.")
    else:
        _list(file, found)
    return DIFFERS if found.differences else 0


def _list(file: Path, found: Checked) -> None:
    say(f"{file} is not what the log says:")
    for each in found.differences[:SHOWN]:
        say(f"  {each}")
    if len(found.differences) > SHOWN:
        say(f"  and {len(found.differences) - SHOWN} more")
    if found.because:
        note(f"  {found.because}")
    note("  What to do: see whether the log proves itself (modbot audit verify), then who changed the file.")


def _make_due(here: Installation, out: Path | None) -> tuple[list[Made], list[str]]:
    """What was made, and what could not be in words: one week does not keep the others from being made."""
    made: list[Made] = []
    failed: list[str] = []
    for week in making.due(here.store, here.zone, utcnow()):
        try:
            made.append(making.make(here.store, here.settings, week, out))
        except Exception as error:  # whatever it is, the week is tried again at the next call
            failed.append(f"The report of week {week} could not be made: {error}")
    return made, failed
