"""modbot evaluate: how good are the models?"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from classifiers import training
from modbot import evaluation_page, resources
from modbot.commands.options import Corpus, Json
from modbot.commands.output import note
from modbot.commands.report_text import comments, describe, existing
from modbot.errors import ConfigError
from modbot.reports import charts

app = typer.Typer()


@app.command()
def evaluate(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FOLDER", help="Public sources (*.jsonl.gz) to measure on, too. Takes minutes."
        ),
    ] = None,
    models: Annotated[
        Path | None, typer.Option("--models", metavar="FOLDER", help="Other models than the shipped ones.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write everything as a web page, too.")
    ] = None,
    corpus: Corpus = None,
    as_data: Json = False,
) -> None:
    """Measure the models at their thresholds, on comments that they never learned from.

    Without --data these are the comments of the project's own corpus that were held out. Models that were
    trained on another corpus are measured on that one: name it.
    """
    if page is not None and not page.parent.is_dir():
        raise ConfigError(f"There is no folder {page.parent}.", remedy="Make it, or name another file.")
    sources = None if data is None else existing(data)
    report = training.evaluate(models or resources.models(), sources, note, comments(corpus))
    if page is not None:
        today = datetime.now(UTC).astimezone().date()
        page.write_text(evaluation_page.render(report, today), encoding="utf-8")
        note(f"Written to {page}")
        if not charts.are_possible():
            note('Charts were left out. To have them: pip install "modbot[reports]"')
    if as_data:
        sys.stdout.write(report.to_json() + "\n")
    else:
        describe(report)
