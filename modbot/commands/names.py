"""modbot names: the students whose families opted out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modbot import config as configuration
from modbot import opt_outs
from modbot.commands.options import Config
from modbot.commands.output import note, say
from modbot.errors import ConfigError

app = typer.Typer(no_args_is_help=True)


@app.callback()
def names() -> None:
    """The students whose families opted out: their names beside private matters are shown to a person."""


@app.command("import")
def take_in(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A spreadsheet, .xlsx or .csv, with a head row.")
    ],
    config: Config = None,
) -> None:
    """Read the school's list. It replaces the earlier one and stays in this installation's folder.

    Columns: First name and Last name, or Name; Nickname if there are any. Other columns are not read. What is
    stored holds names alone and can be read by the account that runs modbot alone.
    """
    if not file.is_file():
        raise ConfigError(f"There is no file {file}.", remedy="Name the spreadsheet with the list.")
    settings = configuration.load(configuration.find(config))
    forms, students = opt_outs.forms_of(file)
    target = opt_outs.write(settings.path(Path(settings.classifiers.district)), forms)
    say(f"{students} students are on the list now. It lies in {target}")
    if "names" not in settings.classifiers.members:
        members = ", ".join(f'"{name}"' for name in (*settings.classifiers.members, "names"))
        note(f"It is not in use yet. In modbot.toml: [classifiers] members = [{members}]")
    note("Start modbot again for the list to count.")
    note(f"Delete {file} if nobody needs it here: it is a student record.")
