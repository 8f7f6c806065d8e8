"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    FINE = "fine"
    LOOK = "look"
    """It works, and a person should know."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    state: State
    says: str
    remedy: str = ""


def fine(what: str, says: str) -> Finding:
    return Finding(what, State.FINE, says)


def look(what: str, says: str, remedy: str) -> Finding:
    return Finding(what, State.LOOK, says, remedy)


def wrong(what: str, says: str, remedy: str) -> Finding:
    return Finding(what, State.WRONG, says, remedy)
