"""modbot user: the people who have access, and how they sign in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from modbot import accounts, sessions, users
from modbot.commands.installation import Installation, opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, say, table, when
from modbot.errors import ConfigError
from modbot.roles import ROLES
from modbot.sessions import limits

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
        _say_code(here, name, accounts.new_code(here.store, name, by=by))


@app.command()
def password(
    name: Name,
    remove_app: Annotated[
        bool, typer.Option("--remove-app", help="Remove the authenticator app, too: the telephone was lost.")
    ] = False,
    by: As = "",
    config: Config = None,
) -> None:
    """Print a one-time code to choose a new password with. The old one stops working now."""
    with opened(config) as here:
        code = accounts.new_code(here.store, name, by=by, keep_totp=not remove_app)
        _say_code(here, name, code)


@app.command()
def role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=f"One of: {', '.join(ROLES)}.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Give a person another role."""
    with opened(config) as here:
        users.change_role(here.store, name, role, by=by)
    say(f"{name} may now act as {role}.")


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


@app.command("sessions")
def show_sessions(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One person's only.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End all of this person's.")] = False,
    by: As = "",
    config: Config = None,
    as_document: Json = False,
) -> None:
    """Who is signed in, since when and from where."""
    with opened(config) as here:
        if end:
            _end(here, name, by)
            return
        found = sessions.everyone(here.store, limits(here.settings.web), name)
    if as_document:
        as_json([asdict(one) for one in found])
        return
    rows = [
        (one.name, when(one.started_at, here.zone), when(one.seen_at, here.zone), one.address, one.agent)
        for one in found
    ]
    table(("name", "since", "last seen", "from", "browser"), rows, empty="Nobody is signed in.")


@app.command()
def deactivate(name: Name, by: As = "", config: Config = None) -> None:
    """End a person's access at once. Their name stays on what they decided."""
    with opened(config) as here:
        users.deactivate(here.store, name, by=by)
    say(f"{name} can no longer sign in or decide anything.")


def _end(here: Installation, name: str, by: str) -> None:
    if not name:
        raise ConfigError("Whose sessions?", remedy="Write: modbot user sessions NAME --end")
    count = users.end_sessions(here.store, name, by=by)
    say(f"{name} is signed out everywhere ({count})." if count else f"{name} was not signed in.")


def _say_code(here: Installation, name: str, code: str) -> None:
    web = here.settings.web
    address = web.address or f"http://{web.host}:{web.port}"
    say(
        f"To sign in: open {address}/sign-in and enter the name {name}, and as the password the one-time code"
    )
    say(f"  {code}")
    say(f"It works for {accounts.CODE_HOLDS.days} days, until a password is chosen. Hand it over in person.")
