"""Options that read alike on every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The settings file, if it is not ./modbot.toml."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
As = Annotated[
    str,
    typer.Option(
        "--as", metavar="NAME", envvar="MODBOT_USER", help="The person on whose behalf this is done."
    ),
]
