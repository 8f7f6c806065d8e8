"""A report of training or evaluation as tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from classifiers.thresholds import Share
from classifiers.training import Report, reading
from classifiers.training.report import CategoryReport, Slice
from modbot.commands.output import say, table
from modbot.errors import ConfigError


def existing(data: Path, ending: str = ".jsonl.gz") -> Path:
    """The folder of labelled texts. Raises ConfigError where it is none."""
    if not data.is_dir():
        raise ConfigError(f"There is no folder {data}.", remedy=f"Name the folder with the {ending} sources.")
    if not any(data.glob(f"*{ending}")):
        raise ConfigError(f"{data} holds no sources.", remedy=f"They are files that end in {ending}.")
    return data


def comments(given: Path | None) -> Path:
    """The folder of the comments to learn from: the project's own corpus where none is given."""
    return reading.CORPUS if given is None else existing(given, ".jsonl")


def describe(report: Report) -> None:
    say(f"{report.version}: {report.rows} comments of the own corpus")
    _categories(report.categories)
    say(f"Comments that break nothing and are flagged: {_share(report.false_flags)}")
    say(f"Protected opinions that are flagged: {_share(report.viewpoints)}")
    say(f"F1 over all: {report.micro_f1:.3f}; mean of the categories: {report.macro_f1:.3f}")
    _slices("part", report.slices)
    rows = [
        (name, pair.pairs, pair.only_pro, pair.only_con, f"{pair.low:+.3f} to {pair.high:+.3f}")
        for name, pair in report.parity.items()
    ]
    table(("sides", "pairs", "only one flagged", "only other flagged", "difference, 90 %"), rows)
    if report.public:
        say("Public sources that the models never learned from:")
        _categories(report.public)
        _slices("opinions from", report.public_viewpoints)
    for note in report.notes:
        say(note)
    say(f"{report.seconds:.0f} seconds")


def _categories(found: Sequence[CategoryReport]) -> None:
    heads = ("category", "threshold", "precision", "recall", "false flags", "AUC", "calibration error")
    rows = [
        (
            each.category,
            f"{each.threshold:.3f}",
            _share(each.precision),
            _share(each.recall),
            _share(each.false_flags),
            "–" if each.auc is None else f"{each.auc:.3f}",
            f"{each.calibration_error:.3f}",
        )
        for each in found
    ]
    table(heads, rows)


def _slices(head: str, slices: Sequence[Slice]) -> None:
    rows = [(each.name, each.rows, _share(each.false_flags), _share(each.recall)) for each in slices]
    table((head, "comments", "false flags", "recall"), rows)


def _share(share: Share) -> str:
    return f"{share.value:.3f} ({share.right}/{share.n})" if share.n else "–"
