"""modbot disconnect: forget the right to act on a page."""

from __future__ import annotations

from typing import Annotated

import typer

from modbot import credentials, users
from modbot.commands.installation import opened
from modbot.commands.options import As, Config
from modbot.commands.output import say
from modbot.errors import ConfigError

app = typer.Typer()


@app.command()
def disconnect(
    page: Annotated[str, typer.Argument(metavar="PAGE", help="The key of a connected page.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Remove a page's token from modbot. What was archived stays; the page is no longer read."""
    with opened(config) as here:
        with here.store.write() as tx:
            actor = users.acting(tx, by)
        if not credentials.forget(here.store, page, by=actor):
            raise ConfigError(f"Page '{page}' is not connected.", remedy="See: modbot connect --list")
    say(f"Page {page} is disconnected here. End it at the platform as well: remove modbot's app there.")
