"""Passwords: which may be chosen, and how they are kept.

Length counts; rules about which signs to use do not (NIST SP 800-63B).
"""

from __future__ import annotations

import threading
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from modbot import resources

SHORTEST, LONGEST = 12, 200
_FEW = 5
"""A password of fewer different characters is a pattern such as 111111111111."""

_hasher = PasswordHasher()
# Each computation takes 64 MiB: a flood of sign-ins waits its turn instead of filling the memory.
_turn = threading.BoundedSemaphore(2)


class Weakness(StrEnum):
    SHORT = "short"
    LONG = "long"
    NAME = "name"
    COMMON = "common"


def weakness(password: str, *names: str) -> Weakness | None:
    """Why this cannot be somebody's password; None if it can. `names` are the person's."""
    plain = "".join(password.lower().split())
    if len(password) < SHORTEST:
        return Weakness.SHORT
    if len(password) > LONGEST:
        return Weakness.LONG
    if any(len(part) > 3 and part in plain for part in _parts(names)):
        return Weakness.NAME
    if plain in _common() or plain.rstrip("!1?.") in _common() or len(set(plain)) < _FEW:
        return Weakness.COMMON
    return None


def hashed(password: str) -> str:
    with _turn:
        return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password. Takes the same time where there is none."""
    with _turn:
        try:
            return _hasher.verify(kept or _nobodys(), password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _common() -> frozenset[str]:
    """The commonest that are long enough."""
    return frozenset(resources.text("passwords.txt").split())


def _parts(names: tuple[str, ...]) -> list[str]:
    return [part for name in names for part in name.lower().replace(".", " ").replace("-", " ").split()]


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's")
