"""modbot user: the people who may decide."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from modbot import users
from modbot.commands.installation import opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, say, table
from modbot.roles import ROLES

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A short name in small letters, such as ana.diaz.")]


@app.command()
def add(
    name: Name,
    full_name: Annotated[str, typer.Option("--full-name", help="As it stands in the records.")],
    role: Annotated[str, typer.Option("--role", help=f"One of: {', '.join(ROLES)}.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Give a person access. Somebody who was deactivated comes back with the role given here."""
    with opened(config) as here:
        users.add(here.store, name, full_name, role, by=by)
    say(f"{full_name} ({name}) may now act as {role}.")


@app.command("list")
def show(config: Config = None, as_document: Json = False) -> None:
    """Everybody who has or had access."""
    with opened(config) as here:
        people = users.everyone(here.store)
    if as_document:
        as_json([asdict(person) for person in people])
        return
    rows = [(one.name, one.full_name, one.role, "active" if one.active else "deactivated") for one in people]
    table(("name", "full name", "role", "access"), rows, empty="Nobody yet. Add people with: modbot user add")


@app.command()
def deactivate(name: Name, by: As = "", config: Config = None) -> None:
    """End a person's access. Their name stays on what they decided."""
    with opened(config) as here:
        users.deactivate(here.store, name, by=by)
    say(f"{name} can no longer decide anything.")
