"""modbot train: the models from labelled texts."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from classifiers import training
from modbot import admission
from modbot.commands.options import Json
from modbot.commands.output import note
from modbot.commands.report_text import describe, existing
from modbot.errors import ConfigError

app = typer.Typer()


class Member(StrEnum):
    LINEAR = "linear"
    ENCODER = "encoder"


@app.command()
def train(
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="The public sources (*.jsonl.gz).")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the models are written.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same files.")] = 7,
    only: Annotated[
        Member | None, typer.Option("--only", help="Train one; the others in the output folder stay.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option("--work", metavar="FOLDER", help="Where the encoder's training can be taken up again."),
    ] = None,
    as_data: Json = False,
) -> None:
    """Train the models on the own corpus and the sources that may ship, and measure them.

    Models that fail the neutrality audit do not take the place of what is there.

    The encoder takes about an hour on two processor cores and needs the dependency group "training". What was
    stopped goes on where it was when the same command is given again.
    """
    names = [member.value for member in ([only] if only else Member)]
    try:
        with admission.admitted(out, note) as made:
            going_on = work or out / admission.WORK
            report = training.train(existing(data), made, seed, note, only=names, work=going_on)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"Training the encoder needs {error.name}, which is not installed.",
            remedy="Install the dependency group training, or train without it: --only linear.",
        ) from None
    if as_data:
        sys.stdout.write(report.to_json() + "\n")
    else:
        describe(report)
