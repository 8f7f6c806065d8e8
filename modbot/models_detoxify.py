"""Detoxify's published weights: which there are, and how they come into the district's folder."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from classifiers import manifest
from classifiers.detox_reading import CHECKPOINT, CONFIG, NAME, TOKENIZER, folder_of
from modbot.errors import ConfigError
from modbot.models_download import fetch, refuse_other

LICENCE = "Apache-2.0"
SMALL = 30_000_000
"""More bytes than a tokenizer has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    name: str
    about: str
    languages: tuple[str, ...]
    checkpoint: str
    sha256: str
    megabytes: int
    tokenizer: str
    tokenizer_sha256: str
    config_sha256: str

    @property
    def sources(self) -> Mapping[str, tuple[str, str, int]]:
        """By the name in our folder: address, what its SHA-256 begins with, most bytes. Small ones first."""
        return {
            CONFIG: (f"{self.tokenizer}/{CONFIG}", self.config_sha256, SMALL),
            TOKENIZER: (f"{self.tokenizer}/{TOKENIZER}", self.tokenizer_sha256, SMALL),
            CHECKPOINT: (self.checkpoint, self.sha256, self.megabytes * 1_200_000),
        }


Progress = Callable[[str, int], None]
"""Told which file is coming and how many bytes of it are there."""


def variants() -> Mapping[str, Variant]:
    """What was published, by name."""
    tables = tomllib.loads(files("modbot").joinpath("detoxify.toml").read_text(encoding="utf-8"))
    return {
        name: Variant(name=name, **{**one, "languages": tuple(one["languages"])})
        for name, one in tables.items()
    }


def chosen(name: str) -> Variant:
    known = variants()
    if name not in known:
        raise ConfigError(
            f"There is no Detoxify model '{name}'.", remedy=f"Write one of: {', '.join(known)}."
        )
    return known[name]


async def download(
    variant: Variant, district: Path, progress: Progress, *, allow_loopback: bool = False
) -> Path:
    """The folder that holds it now. What was there before stays until everything has come.

    Raises ModbotError.
    """
    fresh = _fresh(district)
    try:
        hashes = {}
        for file, (url, sha256, most) in variant.sources.items():
            hashes[file] = await fetch(
                url,
                fresh / file,
                sha256=sha256,
                most=most,
                progress=lambda size, file=file: progress(file, size),  # type: ignore[misc]
                allow_loopback=allow_loopback,
            )
        return _installed(variant, district, fresh, hashes)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def take(variant: Variant, district: Path, given: Path) -> Path:
    """The same from a folder with the three files, named as they were published."""
    fresh = _fresh(district)
    try:
        hashes = {}
        for file, (url, sha256, _) in variant.sources.items():
            source = given / url.rpartition("/")[2]
            if not source.is_file():
                raise ConfigError(f"There is no file {source}.", remedy=f"Download it from {url}")
            shutil.copyfile(source, fresh / file)
            with (fresh / file).open("rb") as copied:
                hashes[file] = hashlib.file_digest(copied, "sha256").hexdigest()
            refuse_other(source.name, hashes[file], sha256)
        return _installed(variant, district, fresh, hashes)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _fresh(district: Path) -> Path:
    folder = folder_of(district).with_name("detoxify.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _installed(variant: Variant, district: Path, fresh: Path, hashes: Mapping[str, str]) -> Path:
    manifest.enter(
        fresh,
        NAME,
        hashes,
        variant=variant.name,
        languages=list(variant.languages),
        licence=LICENCE,
        source=variant.checkpoint,
    )
    (fresh / "CARD.md").write_text(_card(variant), encoding="utf-8")
    folder = folder_of(district)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return folder


def _card(variant: Variant) -> str:
    facts = {**asdict(variant), "variant": variant.name, "languages": ", ".join(variant.languages)}
    template = files("modbot").joinpath("detoxify_card.md").read_text(encoding="utf-8")
    return template.format(**facts, licence=LICENCE)
