"""modbot evaluate: how good are the models?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from classifiers import training
from modbot import resources
from modbot.commands.options import Json
from modbot.commands.output import note
from modbot.commands.report_text import describe, existing

app = typer.Typer()


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="The public sources (*.jsonl.gz).")],
    models: Annotated[
        Path | None, typer.Option("--models", metavar="FOLDER", help="Other models than the shipped ones.")
    ] = None,
    as_data: Json = False,
) -> None:
    """Measure the models at their thresholds, on the own corpus and on sources they never learned from."""
    report = training.evaluate(models or resources.models(), existing(data), note)
    if as_data:
        sys.stdout.write(report.to_json() + "\n")
    else:
        describe(report)
