"""modbot request: public-records requests that touch moderation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from modbot.commands.installation import opened
from modbot.commands.options import As, Config, Json, day
from modbot.commands.output import as_json, one_line, say, table, when
from modbot.records import requests

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def show(config: Config = None, as_data: Json = False) -> None:
    """What waits for an answer, oldest first, then what was answered."""
    with opened(config) as here:
        found = requests.listed(here.store)
        zone = here.zone
    if as_data:
        as_json([asdict(each) for each in found])
        return
    rows = [
        (
            each.id,
            when(each.received_at, zone),
            "waiting" if each.answered_at is None else f"answered {when(each.answered_at, zone)}",
            each.answered_by,
            one_line(each.words or "(released)", 60),
        )
        for each in found
    ]
    heads = ("number", "came in", "state", "by", "asked for")
    table(heads, rows, empty="Nobody asked for records so far.")


@app.command()
def add(
    words: Annotated[str, typer.Option("--words", help="What was asked for.")],
    received: Annotated[
        str, typer.Option("--received", metavar="DAY", help="When it came in, 2026-11-22; else now.")
    ] = "",
    by: As = "",
    config: Config = None,
) -> None:
    """Enter a records request, in the name of --as; the weekly report counts it."""
    with opened(config) as here:
        number = requests.receive(here.store, by, words, day(received, here.zone))
    say(f"Request {number} is on record. Once it is answered: modbot request answer {number}")


@app.command()
def answer(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="The request's number, as the list shows it.")
    ],
    words: Annotated[str, typer.Option("--words", help="How it was answered, for the record.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Note how a request was answered, as a records officer."""
    with opened(config) as here:
        requests.answer(here.store, number, by, words)
    say(f"Request {number} was answered by {by}.")
