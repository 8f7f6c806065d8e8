"""modbot train: the models from labelled texts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from classifiers import training
from modbot.commands.options import Json
from modbot.commands.output import note
from modbot.commands.report_text import describe, existing

app = typer.Typer()


@app.command()
def train(
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="The public sources (*.jsonl.gz).")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the models are written.")],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same files.")] = 7,
    as_data: Json = False,
) -> None:
    """Train the models on the own corpus and the sources that may ship, and measure them."""
    report = training.train(existing(data), out, seed, note)
    if as_data:
        sys.stdout.write(report.to_json() + "\n")
    else:
        describe(report)
