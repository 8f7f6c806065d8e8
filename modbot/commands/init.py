"""modbot init: the folder of a new installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modbot import resources
from modbot.commands.output import say

app = typer.Typer()

NEXT = """What comes next:
  1. Write your district's name and pages into {settings}
  2. Put your adopted clauses into {policy}, then: modbot policy check
     Every clause is in mode "advise": people see what may break it, and nobody can hide under it yet.
  3. Give yourself access: modbot user add ana --full-name "Ana Diaz" --role administrator
     It prints a one-time code to sign in with; add the people who decide on the page People.
  4. Look whether anything is missing: modbot doctor
  5. Start: modbot run
Run these commands in {folder}, or add --config {settings} to each.
Keep a copy of {key} away from this machine: it signs the checkpoints that prove the log."""


@app.command()
def init(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Where to make it; must not hold one yet.")
    ] = None,
    show_defaults: Annotated[
        bool, typer.Option("--show-defaults", help="Print every setting with its default instead.")
    ] = False,
) -> None:
    """Make the folder of a new installation: settings, policy, signing key and database."""
    if show_defaults:
        typer.echo(resources.defaults(), nl=False)
    elif folder is None:
        raise typer.BadParameter(
            "Name the folder to make, such as: modbot init district", param_hint="FOLDER"
        )
    else:
        _make(folder)


def _make(folder: Path) -> None:
    from modbot import starter

    settings = starter.make(folder, resources.starter(), resources.policy("yelm-4007p.toml"))
    say(f"Made {folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    names = {"settings": settings, "policy": folder / starter.POLICY, "key": folder / starter.KEY}
    say(NEXT.format(folder=folder, **names))
