"""Where the files that ship inside the wheel are found, from a checkout and from an installed package."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

_PACKAGE = files("modbot")


def models() -> Path:
    """The folder of trained artefacts: inside the wheel as modbot/_models, in a checkout at the top."""
    with as_file(_PACKAGE) as package:
        shipped = package / "_models"
        return shipped if shipped.is_dir() else package.parent / "models"


def policy(name: str) -> bytes:
    return (_PACKAGE / "policies" / name).read_bytes()


def defaults() -> str:
    """The complete, commented settings file that every installation starts from."""
    return (_PACKAGE / "modbot.toml").read_text(encoding="utf-8")


def starter() -> str:
    """The short settings file that `modbot init` writes."""
    return (_PACKAGE / "starter.toml").read_text(encoding="utf-8")


def text(name: str) -> str:
    """A text file at the top of the package."""
    return (_PACKAGE / name).read_text(encoding="utf-8")


def folder(name: str) -> Path:
    """A folder of templates, docs or static files inside the package."""
    with as_file(_PACKAGE) as package:
        return package / name
