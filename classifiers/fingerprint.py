"""Versions that change by themselves: from the bytes of the code and data that decide a score."""

from __future__ import annotations

import hashlib
from pathlib import Path

SHARED = (
    "normalize.py",
    "disguises.py",
    "wordlists.py",
    "vocabulary.txt",
    "disguised.txt",
    "look_alikes.txt",
)


def code_version(*names: str, model: str = "") -> str:
    """Twelve hex digits for these files of this package, the normaliser's, and a model's own hash."""
    digest = hashlib.sha256(model.encode())
    for name in (*SHARED, *names):
        digest.update(name.encode() + b"\0" + (Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()[:12]
