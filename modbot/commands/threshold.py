"""modbot threshold: from which score a category counts, and what another threshold would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from classifiers import thresholds
from classifiers.base import Category
from classifiers.thresholds import OperatingPoint, Share
from modbot import config, resources
from modbot.commands.installation import opened
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, note, say, table
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.flagged import count_over

app = typer.Typer()

HEADS = (
    "threshold",
    "of the flags right",
    "of the breaches found",
    "permissible flagged",
    "opinions flagged",
)


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
    if category is None or other is None:
        _list({one: points[one] for one in ([category] if category else Category)}, as_data)
        return
    found = _compared(points[category], other)
    archive = _archive(category, [points[category].threshold, other], settings, config_file)
    if as_data:
        as_json({"category": category.value, "measured": found, "archive": archive})
        return
    say(f"{category}: as measured on comments that the models never learned from")
    table(HEADS, [_row(each) for each in found])
    if archive:
        now, then = archive["over"]
        say(f"Of {archive['comments']} comments archived here, {now} are flagged now; {then} would be.")


def _settings(given: Path | None) -> Settings | None:
    """None without an installation: the shipped thresholds can be looked at anywhere."""
    try:
        return config.load(config.find(given))
    except ConfigError:
        if given is not None:
            raise
        return None


def _models(settings: Settings | None) -> Path:
    if settings is None or not settings.classifiers.models:
        return resources.models()
    return settings.path(Path(settings.classifiers.models))


def _list(points: dict[Category, OperatingPoint], as_data: bool) -> None:
    if as_data:
        as_json({category.value: _document(point) for category, point in points.items()})
        return
    rows = [(category, *_row(_document(point))) for category, point in points.items()]
    table(("category", *HEADS), rows)
    for category, point in points.items():
        say(f"{category}: {point.goal}")


def _document(point: OperatingPoint) -> dict[str, Any]:
    def value(share: Share) -> float | None:
        return share.value if share.n else None

    return {
        "threshold": point.threshold,
        "precision": value(point.precision),
        "recall": value(point.recall),
        "false_flags": value(point.false_flags),
        "opinions": value(point.opinions),
    }


def _compared(point: OperatingPoint, other: float) -> list[dict[str, Any]]:
    near = point.at(other)
    rest = {name: getattr(near, name) for name in ("precision", "recall", "false_flags", "opinions")}
    return [_document(point), {"threshold": other} | rest]


def _row(document: dict[str, Any]) -> tuple[str, ...]:
    shares = ("precision", "recall", "false_flags", "opinions")
    values = ("–" if document[name] is None else f"{document[name]:.1%}" for name in shares)
    return (f"{document['threshold']:.4g}", *values)


def _archive(
    category: Category, values: list[float], settings: Settings | None, given: Path | None
) -> dict[str, Any] | None:
    if settings is None:
        note("There is no installation here, so only the measured figures are shown.")
        return None
    with opened(given) as installation, installation.store.read() as connection:
        comments, over = count_over(connection, category, values)
    return {"comments": comments, "over": over}
