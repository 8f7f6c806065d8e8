"""Passwords: which may be chosen, and how they are kept.

Length counts; rules about which signs to use do not (NIST SP 800-63B).
"""

from __future__ import annotations

import threading
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


def refusal(password: str, *names: str) -> str:
    """Why this cannot be somebody's password, in a sentence; empty if it can. `names` are the person's."""
    plain = "".join(password.lower().split())
    if len(password) < SHORTEST:
        return (
            f"A password needs at least {SHORTEST} characters. Four words that only you would join are good."
        )
    if len(password) > LONGEST:
        return f"A password may have at most {LONGEST} characters."
    if any(len(part) > 3 and part in plain for part in _parts(names)):
        return "Your name may not be part of your password."
    if plain in _common() or plain.rstrip("!1?.") in _common() or len(set(plain)) < _FEW:
        return "Too many people use this password. Choose another."
    return ""


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


def outdated(kept: str) -> bool:
    """Whether it was hashed at lower costs than are usual now."""
    return _hasher.check_needs_rehash(kept)


@cache
def _common() -> frozenset[str]:
    """The commonest that are long enough."""
    return frozenset(resources.text("passwords.txt").split())


def _parts(names: tuple[str, ...]) -> list[str]:
    return [part for name in names for part in name.lower().replace(".", " ").replace("-", " ").split()]


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's")
