"""modbot audit neutrality: whether opposite opinions in the same words fare alike."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifiers.base import Category
from classifiers.ensemble import Ensemble
from modbot import config as configuration
from modbot import resources
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, note, say, table
from modbot.config import Settings
from modbot.learning import in_use
from modbot.members import ensemble_of

if TYPE_CHECKING:  # statistics take a second to import, and other commands of the group need none
    from classifiers.neutrality import Report
    from classifiers.neutrality.parity import Parity

FAILED = 3
"""The status of what was examined and found wrong, as of a broken log."""


def neutrality(
    models: Annotated[
        Path | None, typer.Option("--models", metavar="FOLDER", help="Other models than the shipped ones.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write the whole report as a web page, too.")
    ] = None,
    config: Config = None,
    as_document: Json = False,
) -> None:
    """Put matched pairs of opposite opinions before the classifiers and compare what is flagged.

    With --config also those that the district wrote: pairs.jsonl in the folder of [classifiers] district.
    Status 3 if the two sides are not treated alike.
    """
    from classifiers import neutrality as audit
    from modbot import matched_pairs, neutrality_page

    settings = None if config is None else configuration.load(configuration.find(config))
    # Before the models, which take seconds: a mistake in the district's file ends it here.
    pairs = None if settings is None else matched_pairs.of(settings)
    ensemble, limits = _ensemble(settings, models)
    for name, reason in ensemble.absent.items():
        note(f"Measured without {name}: {reason}")
    report = audit.check(ensemble, limits, pairs)
    if page is not None:
        page.write_text(neutrality_page.render(report), encoding="utf-8")
        note(f"Written to {page}")
    if as_document:
        as_json(report.as_data())
    else:
        describe(report)
    raise typer.Exit(0 if report.passed else FAILED)


def _ensemble(settings: Settings | None, models: Path | None) -> tuple[Ensemble, Mapping[Category, float]]:
    """As the settings say; without any, what every installation starts with."""
    if settings is None:
        members = tuple(tomllib.loads(resources.defaults())["classifiers"]["members"])
        return ensemble_of(members, models or resources.models())
    used = models or in_use.of(settings).models
    return ensemble_of(settings.classifiers.members, used, in_use.district_of(settings))


def describe(report: Report) -> None:
    say(f"Neutrality of {report.version}")
    say("In how many pairs was only one of two matched comments flagged?")
    table(
        ("pairs", "number", "only first", "only second", "difference, 90 %", "margin", "result"),
        [_line(each) for each in (report.pooled, *report.strata)],
    )
    for each in report.failures:
        say(f"Failed: {each}")
    if report.not_established:
        say(f"Not established, too few comments to tell: {'; '.join(report.not_established)}.")
    say(
        "Passed: no side is treated differently by more than the margins."
        if report.passed
        else "Not passed. Do not use this model; write more examples of the weaker side and train again."
    )


def _line(each: Parity) -> tuple[object, ...]:
    between = f"{each.low_90:+.1%} to {each.high_90:+.1%}"
    margin = f"±{each.margin:.0%}"
    return each.name, each.pairs, each.first_only, each.second_only, between, margin, each.outcome.value
