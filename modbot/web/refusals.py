"""What modbot refuses, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from modbot.errors import ModbotError, Words
from modbot.web.i18n import gettext, speaking


def explained(error: ModbotError, language: str) -> str:
    """What is refused and what to do next, without the remedies that are commands."""
    with speaking(language):
        return " ".join(filter(None, (said(error), advised(error))))


def said(error: ModbotError) -> str:
    """What is refused, in the language that is spoken."""
    return gettext(error.said, **_values(error.values))


def advised(error: ModbotError) -> str:
    """What to do next; empty where that is a command."""
    return "" if "modbot " in error.remedy else gettext(error.advised, **_values(error.values))


def worded(value: object) -> str:
    """A value of ours in the language that is spoken, any other as it is."""
    return gettext(value.said, **_values(value.values)) if isinstance(value, Words) else str(value)


def _values(values: Mapping[str, object]) -> dict[str, str]:
    return {name: worded(value) for name, value in values.items()}
