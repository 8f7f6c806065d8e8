"""modbot train: the models from labelled texts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from classifiers import training
from classifiers.neutrality.pairs import Pair
from modbot import admission, matched_pairs
from modbot import config as configuration
from modbot.commands.installation import opened
from modbot.commands.options import As, Config, Corpus, Json
from modbot.commands.output import as_json, note, say
from modbot.commands.report_text import comments, describe, existing
from modbot.errors import ConfigError

app = typer.Typer()


class Member(StrEnum):
    LINEAR = "linear"
    ENCODER = "encoder"
    JOINING = "joining"
    """No member at all."""


@app.command()
def train(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="The public sources (*.jsonl.gz).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Where the models are written.")
    ] = None,
    from_decisions: Annotated[
        bool, typer.Option("--from-decisions", help="Learn from the cases that two people decided alike.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same files.")] = 7,
    only: Annotated[
        Member | None,
        typer.Option(
            "--only",
            help="Train one; the others in the output folder stay. joining: train none, and make anew how "
            "they are joined, the thresholds and the cards.",
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option("--work", metavar="FOLDER", help="Where the encoder's training can be taken up again."),
    ] = None,
    corpus: Corpus = None,
    by: As = "",
    config: Config = None,
    as_data: Json = False,
) -> None:
    """Train the models on the own corpus and the sources that may ship, and measure them.

    Models that fail the neutrality audit do not take the place of what is there. With --config the district's
    own pairs are part of it.

    The encoder takes about an hour on two processor cores and needs the dependency group "training". What was
    stopped goes on where it was when the same command is given again.

    --from-decisions needs neither folder, but the name of a lead (--as): it corrects the linear model and
    the calibration by the district's own decided cases. What comes of it works in shadow until it is adopted.
    """
    if from_decisions:
        _from_decisions(by, config, as_data)
        return
    if data is None or out is None:
        raise ConfigError(
            "From which texts, and to where?",
            remedy="Give --data FOLDER and --out FOLDER, or --from-decisions to learn from your own cases.",
        )
    members = [one for one in (Member.LINEAR, Member.ENCODER) if only in (None, one)]
    learned = _learning(existing(data), seed, corpus, members, work or out / admission.WORK)
    _tell(_admitted(out, learned, _pairs(config)), as_data)


def _pairs(config: Path | None) -> Sequence[Pair] | None:
    """Those of a district and the project's; None: the project's alone."""
    return None if config is None else matched_pairs.of(configuration.load(configuration.find(config)))


def _tell(report: training.Report, as_data: bool) -> None:
    if as_data:
        sys.stdout.write(report.to_json() + "\n")
    else:
        describe(report)


def _learning(
    data: Path, seed: int, corpus: Path | None, only: Sequence[str], work: Path
) -> Callable[..., training.Report]:
    """Training, but for the folder to which it writes."""
    return partial(
        training.train, data, seed=seed, progress=note, corpus=comments(corpus), only=only, work=work
    )


def _admitted(
    out: Path, learned: Callable[..., training.Report], pairs: Sequence[Pair] | None
) -> training.Report:
    try:
        with admission.admitted(out, note, pairs) as made:
            return learned(out=made)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"Training the encoder needs {error.name}, which is not installed.",
            remedy="Install the dependency group training, or train without it: --only linear.",
        ) from None


def _from_decisions(by: str, config: Path | None, as_data: bool) -> None:
    from modbot.learning import making  # statistics take a second to import

    with opened(config) as here:
        made = making.learn(here.store, here.settings, by, note)
    if as_data:
        as_json({"model": made.number, **made.figures})
        return
    say(
        f"Model {made.number} was learned from {made.figures['cases']} cases that "
        f"{made.figures['persons']} people decided, and passed every check."
    )
    say("It works in shadow now: its scores are recorded beside those that count, and used for nothing.")
    say("See where the two differ under Models in the browser, or with: modbot models compare")
