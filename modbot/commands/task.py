"""modbot task: what was decided and only a person can do on the platform."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from modbot import by_hand
from modbot.by_hand import Outcome
from modbot.commands.installation import opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, one_line, say, table, when

app = typer.Typer(no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The task's number, as the list shows it.")]


@app.command("list")
def show(config: Config = None, as_data: Json = False) -> None:
    """What waits, the oldest first."""
    with opened(config) as here:
        found = by_hand.tasks(here.store)
        if as_data:
            as_json([asdict(task) for task in found])
            return
        heads = ("number", "page", "what", "decided", "by", "comment", "link")
        rows = [
            (
                task.id,
                task.page,
                task.kind,
                when(task.since, here.zone),
                task.decided_by,
                one_line(task.text or "", 40),
                task.link,
            )
            for task in found
        ]
        table(heads, rows, empty="Nothing waits to be done by hand.")


@app.command()
def done(task: Number, by: As = "", config: Config = None) -> None:
    """Note that you did it on the platform. The record says that you said so."""
    _settle(task, by, Outcome.DONE, config)
    say("Noted as done.")


@app.command()
def gone(task: Number, by: As = "", config: Config = None) -> None:
    """Note that the comment was no longer there."""
    _settle(task, by, Outcome.GONE, config)
    say("Noted: the comment was gone.")


def _settle(task: int, by: str, outcome: Outcome, config: Config) -> None:
    with opened(config) as here:
        by_hand.settle(here.store, task, by, outcome)
