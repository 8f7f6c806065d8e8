"""What the database keeps but may not show: sealed with a key that lies outside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from modbot.errors import ConfigError, Words


@dataclass(frozen=True, slots=True)
class Seal:
    """Fernet: AES-128-CBC with HMAC-SHA-256, and the time at which something was sealed."""

    _fernet: Fernet

    def close(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str, *, seconds: int | None = None) -> str | None:
        """The text; None if this key did not seal it, or did so more than `seconds` ago."""
        try:
            return self._fernet.decrypt(sealed.encode(), ttl=seconds).decode()
        except InvalidToken:
            return None


def seal(path: Path) -> Seal:
    """With the key in this file, which is made if there is none. Raises ConfigError."""
    try:
        return Seal(Fernet(_made(path) if not path.exists() else path.read_bytes().strip()))
    except OSError as error:
        problem = error.strerror or Words("it cannot be read")
    except ValueError:
        problem = Words("it holds no key")
    raise ConfigError(
        "The key file %(path)s: %(problem)s.",
        remedy="Restore it from your copy. Without it, people have to set up their authenticator apps anew, "
        "and pages have to be connected anew.",
        path=path,
        problem=problem,
    )


def _made(path: Path) -> bytes:
    """A new key, readable by this user alone; another process's, if it was first."""
    key = Fernet.generate_key()
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
    try:
        # A link appears whole or not at all, so nobody ever reads half a key.
        os.link(beside, path)
    except FileExistsError:
        return path.read_bytes().strip()
    finally:
        beside.unlink()
    return key
