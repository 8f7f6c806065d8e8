"""Classifiers: text in, scores out. A new one is one file and one line in BUILTIN."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from classifiers.base import Classifier

BUILTIN = {
    "patterns": "classifiers.patterns:Patterns",
    "linear": "classifiers.linear:Linear",
    "encoder": "classifiers.encoder:Encoder",
    "names": "classifiers.private_names:Names",
    "ballot": "classifiers.ballot:Ballot",
    "detox": "classifiers.detox:Detox",
}
ENTRY_POINTS = "modbot.classifiers"


def names() -> list[str]:
    """Every classifier that can be named in the configuration: ours and those of installed packages."""
    return sorted({*BUILTIN, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def load(name: str) -> type[Classifier]:
    """The classifier's class. Raises KeyError for a name that nobody registered."""
    paths = {point.name: point.value for point in entry_points(group=ENTRY_POINTS)} | BUILTIN
    module, _, attribute = paths[name].partition(":")
    found: type[Classifier] = getattr(import_module(module), attribute)
    return found
