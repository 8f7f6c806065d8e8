"""modbot comment: bring in what modbot cannot read by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modbot import bringing_in, wiring
from modbot.bringing_in import Brought
from modbot.commands.installation import opened
from modbot.commands.options import As, Config
from modbot.commands.output import note, say
from modbot.errors import ConfigError
from platforms.manual import Row

app = typer.Typer(no_args_is_help=True)

Page = Annotated[str, typer.Option("--page", metavar="KEY", help="The page's key in modbot.toml.")]


@app.callback()
def comment() -> None:
    """Comments from places that modbot cannot read."""


@app.command()
def add(
    page: Page,
    text: Annotated[str, typer.Option("--text", help="The words, exactly as they were written.")],
    author: Annotated[str, typer.Option("--author", help="The name as shown.")] = "",
    written: Annotated[str, typer.Option("--written", help="When, such as '2026-11-22 08:00'.")] = "",
    link: Annotated[str, typer.Option("--link", help="Where a person finds it.")] = "",
    post: Annotated[str, typer.Option("--post", help="The id of the post that it stands under.")] = "",
    by: As = "",
    config: Config = None,
) -> None:
    """Bring in one comment. The same one brought in again is on record once."""
    row = Row(text=text, author=author, written_at=written, link=link, post=post)
    with opened(config) as here:
        wiring.register_pages(here.store, here.settings.page)
        brought = bringing_in.one(here.store, here.settings, page, row, by)
    say("It is on record." if brought.taken.seen else "It was on record before.")


@app.command("import")
def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file with a head row.")],
    page: Page,
    by: As = "",
    config: Config = None,
) -> None:
    """Bring in a CSV file of comments. Its columns are named on the help page of manual."""
    if not file.is_file():
        raise ConfigError(f"There is no file {file}.", remedy="Name the CSV file with the comments.")
    with opened(config) as here:
        wiring.register_pages(here.store, here.settings.page)
        content = file.read_bytes()
        brought = bringing_in.file(here.store, here.settings, page, file.name, content, by)
    _tell(brought)


def _tell(brought: Brought) -> None:
    taken = brought.taken
    say(f"{taken.seen} new, {taken.edited} with other words than before, {taken.known} known already.")
    for number, why in brought.refused:
        note(f"Row {number} was left out: {why}.")
