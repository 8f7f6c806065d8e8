"""Matched pairs for the neutrality audit: the project's, and the district's own beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.learning import in_use

if TYPE_CHECKING:  # statistics take a second to import, and most districts wrote no pairs
    from classifiers.neutrality.pairs import Pair

FILE = "pairs.jsonl"
"""In the folder of the district's own data."""


def of(settings: Settings) -> list[Pair]:
    """All of them. Raises ConfigError where the district's have mistakes."""
    from classifiers.neutrality import pairs

    return [*pairs.load(), *written(settings)]


def written(settings: Settings) -> Sequence[Pair]:
    """Those that the district wrote. Raises ConfigError for mistakes."""
    if not (content := _content(settings)):
        return ()
    from classifiers.neutrality import pairs

    try:
        return pairs.parse(content)
    except ValueError as error:
        raise ConfigError(
            f"The district's own pairs in {_path(settings)} have mistakes. {error}.",
            remedy="Mend these lines: Operating, under The district's own pairs, says how one is written.",
        ) from None


def fingerprint(settings: Settings) -> str:
    """The SHA-256 of what the district wrote; empty where it wrote nothing."""
    content = _content(settings)
    return hashlib.sha256(content).hexdigest() if content else ""


def _content(settings: Settings) -> bytes:
    path = _path(settings)
    return path.read_bytes() if path.exists() else b""


def _path(settings: Settings) -> Path:
    return in_use.district_of(settings) / FILE
