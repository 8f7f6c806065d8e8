"""models/manifest.json: what each trained file must be, checked before a byte of it is interpreted.

{"linear": {"categories": […], "seed": …, "sources": {"corpus": <rows>, …},
            "files": {"linear/model.skops": "<sha256>", …}}, …}

Of entries that nothing was learned for, such as thresholds, only the files are told. No version stands here:
it is made of the files themselves (fingerprint.py). What was measured is in heldout.json and in the card.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classifiers.base import ModelMissing, ModelTampered

MANIFEST = "manifest.json"


def read(models: Path) -> Mapping[str, Any]:
    """Raises ModelMissing."""
    path = models / MANIFEST
    try:
        entries: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelMissing(
            f"no {MANIFEST} in {models}: reinstall modbot, or train with `modbot train`"
        ) from error
    except ValueError as error:
        raise ModelTampered(f"{path} is not readable JSON: restore it from the release") from error
    return entries


def expected(models: Path, name: str, file: str) -> str:
    """The SHA-256 that the manifest gives for a file of this model."""
    try:
        return str(read(models)[name]["files"][file])
    except KeyError as error:
        raise ModelMissing(
            f"{MANIFEST} lists no {file} for {name}: reinstall modbot or train again"
        ) from error


def verified(models: Path, name: str, file: str) -> bytes:
    """The file's bytes, once they match. The bytes that were checked are the bytes that are returned."""
    wanted = expected(models, name, file)
    try:
        content = (models / file).read_bytes()
    except FileNotFoundError as error:
        raise ModelMissing(f"{models / file} is not there: reinstall modbot or train again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ModelTampered(
            f"{models / file} has SHA-256 {found[:12]}…, not {wanted[:12]}…: restore it, do not load it"
        )
    return content


def record(models: Path, name: str, files: Mapping[str, bytes], **facts: Any) -> None:
    """Write the files, and their hashes and facts into the manifest, keeping the other entries."""
    for file, content in files.items():
        (models / file).parent.mkdir(parents=True, exist_ok=True)
        (models / file).write_bytes(content)
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    enter(models, name, hashes, **facts)


def enter(models: Path, name: str, hashes: Mapping[str, str], **facts: Any) -> None:
    """Write the hashes of files that lie there, and facts, into the manifest, keeping the other entries."""
    entries = dict(read(models)) if (models / MANIFEST).exists() else {}
    entries[name] = {**facts, "files": dict(sorted(hashes.items()))}
    text = json.dumps(dict(sorted(entries.items())), indent=2, ensure_ascii=False)
    (models / MANIFEST).write_text(text + "\n", encoding="utf-8")
