"""Everything modbot itself refuses, each with what to do next.

ModbotError              `remedy` says what to do
├── ConfigError          a setting, policy or file is wrong: mend it, nothing was changed
├── NotAllowed           this person may not do this: ask somebody who may
│   ├── SignInRefused    name, password or code is wrong: try again
│   └── SignInBlocked    signing in failed too often: wait a few minutes
├── DecisionRefused      the decision breaks a rule (no clause, wrong quote, advise mode): change it
├── NotBroughtIn         what a person brought in is no comment, or no file of comments: mend it
├── StaleCase            somebody else, or the author, was first: look again, then decide
│   └── AlreadyDecided   somebody decided it meanwhile: `by`, `choice`, `clause` and `at` say how
├── StoreUnavailable     the database did not answer: nothing was lost, try again
└── AuditBroken          the log does not prove itself from `seq` on: stop and call the records officer
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Self


class Words(str):
    """A value of a message that is itself a word or a text of ours, to be said in the reader's language.

    As with a refusal, `said` is the text before `values` (`%(name)s`) were put in.
    """

    __slots__ = ("said", "values")
    said: str
    values: Mapping[str, object]

    def __new__(cls, said: str, **values: object) -> Self:
        made = super().__new__(cls, _filled(said, values))
        made.said, made.values = said, values
        return made


class ModbotError(Exception):
    """In English. For other languages `said` and `advised` are the texts before `values` (`%(name)s`) were
    put in."""

    def __init__(self, message: str, *, remedy: str = "", **values: object) -> None:
        super().__init__(_filled(message, values))
        self.said, self.advised = message, remedy
        self.values = values
        self.remedy = _filled(remedy, values)


def _filled(text: str, values: Mapping[str, object]) -> str:
    # Without values a text may hold percent signs of its own.
    return text % values if values else text


class ConfigError(ModbotError):
    pass


class NotAllowed(ModbotError):
    pass


class SignInRefused(NotAllowed):
    """Which of name, password and code is wrong is not told."""


class SignInBlocked(NotAllowed):
    def __init__(self) -> None:
        super().__init__("Signing in failed too often.", remedy="Wait a few minutes, then try again.")


class DecisionRefused(ModbotError):
    pass


class NotBroughtIn(ModbotError):
    pass


class StaleCase(ModbotError):
    pass


class AlreadyDecided(StaleCase):
    """`choice` and `clause` are empty where the person may still be asked for a second opinion."""

    def __init__(
        self,
        message: str,
        *,
        by: str,
        choice: str,
        clause: str,
        at: datetime,
        remedy: str = "",
        **values: object,
    ) -> None:
        super().__init__(message, remedy=remedy, by=by, **values)
        self.by = by
        self.choice = choice
        self.clause = clause
        self.at = at


class StoreUnavailable(ModbotError):
    pass


class AuditBroken(ModbotError):
    def __init__(self, message: str, *, seq: int, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.seq = seq
