"""modbot threshold: from which score a category counts, and what another threshold would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from classifiers import thresholds
from classifiers.base import Category
from classifiers.thresholds import OperatingPoint, Share
from modbot import config, resources, wiring
from modbot.commands.installation import opened
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, note, say, table
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.flagged import Reach, in_force, reach
from modbot.learning import in_use

app = typer.Typer()

HEADS = (
    "threshold",
    "of the flags right",
    "of the breaches found",
    "permissible flagged",
    "opinions flagged",
)
FIGURES = ("precision", "recall", "false_flags", "opinions")
LINES = 12
"""About so many other thresholds are shown."""


@app.command()
def threshold(
    category: Annotated[Category | None, typer.Argument(help="One category instead of all.")] = None,
    other: Annotated[
        float | None, typer.Argument(metavar="THRESHOLD", min=0, max=1, help="What would this one do?")
    ] = None,
    config_file: Config = None,
    as_data: Json = False,
) -> None:
    """Show the thresholds, or what another one would do: as measured, and on the comments archived here.

    Nothing is changed. To change one, write thresholds = { threats = 0.3 } into a clause of the policy.
    """
    settings = _settings(config_file)
    points = thresholds.load(_models(settings))
    if category is None:
        _list(points, as_data)
    elif other is None:
        _curve(category, points[category], as_data)
    else:
        _compare(category, points[category], other, settings, config_file, as_data)


def _compare(
    category: Category,
    point: OperatingPoint,
    other: float,
    settings: Settings | None,
    config_file: Path | None,
    as_data: bool,
) -> None:
    now, archive = _archive(category, point.threshold, other, settings, config_file)
    found = [_document(point) if now == point.threshold else _near(point, now), _near(point, other)]
    if as_data:
        as_json({"category": category.value, "measured": found, "archive": archive and asdict(archive)})
        return
    say(f"{category}: as measured on comments that the models never learned from")
    table(HEADS, [_row(each) for each in found])
    if archive:
        say(in_words(archive))


def in_words(archive: Reach) -> str:
    """What the other threshold would have done here."""
    difference = archive.other - archive.now
    told = f"Of {archive.comments:,} comments archived here, {archive.now:,} are flagged now; "
    if not difference:
        return f"{told}the other threshold would flag the same number."
    told += f"{archive.other:,} would be, {abs(difference):,} {'more' if difference > 0 else 'fewer'}."
    return (
        f"{told} Of the comments that make the difference, people hid {archive.hidden:,}, left up "
        f"{archive.left_up:,} and did not decide {archive.undecided:,}."
    )


def _curve(category: Category, point: OperatingPoint, as_data: bool) -> None:
    """What was measured at other thresholds, the shipped one among them."""
    if as_data:
        as_json({category.value: _document(point) | _more(point)})
        return
    step = max(1, len(point.curve) // LINES)
    documents = [_near(point, each.threshold) for each in point.curve[step - 1 :: step]]
    others = [each for each in documents if each["threshold"] != point.threshold]
    rows = sorted([_document(point), *others], key=lambda each: float(each["threshold"]))
    shipped = ("as shipped" if each["threshold"] == point.threshold else "" for each in rows)
    table((*HEADS, ""), [(*_row(each), mark) for each, mark in zip(rows, shipped, strict=True)])
    say(f"{category}: {point.goal}")


def _settings(given: Path | None) -> Settings | None:
    """None without an installation: the shipped thresholds can be looked at anywhere."""
    try:
        return config.load(config.find(given))
    except ConfigError:
        if given is not None:
            raise
        return None


def _models(settings: Settings | None) -> Path:
    return resources.models() if settings is None else in_use.of(settings).models


def _list(points: Mapping[Category, OperatingPoint], as_data: bool) -> None:
    if as_data:
        as_json({category.value: _document(point) | _more(point) for category, point in points.items()})
        return
    rows = [(category, *_row(_document(point))) for category, point in points.items()]
    table(("category", *HEADS), rows)
    for category, point in points.items():
        say(f"{category}: {point.goal}")


def _document(point: OperatingPoint) -> dict[str, Any]:
    def value(share: Share) -> float | None:
        return share.value if share.n else None

    return {"threshold": point.threshold} | {name: value(getattr(point, name)) for name in FIGURES}


def _near(point: OperatingPoint, threshold: float) -> dict[str, Any]:
    near = point.at(threshold)
    return {"threshold": threshold} | {name: getattr(near, name) for name in FIGURES}


def _more(point: OperatingPoint) -> dict[str, Any]:
    return {"goal": point.goal, "curve": [asdict(each) for each in point.curve]}


def _row(document: dict[str, Any]) -> tuple[str, ...]:
    values = ("–" if document[name] is None else f"{document[name]:.1%}" for name in FIGURES)
    return (f"{document['threshold']:.4g}", *values)


def _archive(
    category: Category, measured: float, other: float, settings: Settings | None, given: Path | None
) -> tuple[float, Reach | None]:
    """The threshold that counts now, by the policy in force where there is one, and what it reaches."""
    if settings is None:
        note("There is no installation here, so only the measured figures are shown.")
        return measured, None
    with opened(given) as installation:
        try:
            rules = wiring.policy_in_force(installation.store)
        except ConfigError as error:
            note(f"{error} Only the measured figures are shown.")
            return measured, None
        now = in_force(rules, category, measured)
        if now is None:
            note(f"The policy in force does not look for {category}; compared with the shipped threshold.")
        with installation.store.read() as connection:
            return now or measured, reach(connection, category, now or measured, other)
