"""What modbot refuses, in the reader's language."""

from __future__ import annotations

from modbot.errors import ModbotError, Words
from modbot.web.i18n import gettext, speaking


def explained(error: ModbotError, language: str) -> str:
    """What is refused and what to do next, without the remedies that are commands."""
    with speaking(language):
        return " ".join(filter(None, (said(error), advised(error))))


def said(error: ModbotError) -> str:
    """What is refused, in the language that is spoken."""
    return gettext(error.said, **_values(error))


def advised(error: ModbotError) -> str:
    """What to do next; empty where that is a command."""
    return "" if "modbot " in error.remedy else gettext(error.advised, **_values(error))


def _values(error: ModbotError) -> dict[str, str]:
    return {
        name: gettext(value) if isinstance(value, Words) else str(value)
        for name, value in error.values.items()
    }
