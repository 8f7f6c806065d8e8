"""modbot models: which classifiers are installed, Detoxify's weights, and models learned from decisions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from classifiers import detox_reading, manifest
from classifiers.base import ClassifierError, ModelMissing
from classifiers.detox_reading import CHECKPOINT, NAME, folder_of
from modbot import config as configuration
from modbot import models_detoxify
from modbot.commands import learned
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, note, say, table
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.learning import in_use
from modbot.learning.in_use import InUse
from modbot.models_detoxify import LICENCE, Variant

app = typer.Typer(no_args_is_help=True)
app.command()(learned.learned)
app.command()(learned.compare)
app.command()(learned.adopt)
app.command()(learned.back)
app.command()(learned.drop)

TOLD_EVERY = 25_000_000
"""Bytes between two remarks on a download."""
SOUND = "as they should be"


class Addable(StrEnum):
    DETOXIFY = "detoxify"


Which = Annotated[Addable, typer.Argument(metavar="MODEL", help="detoxify; there is no other so far.")]


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    what: str
    megabytes: float
    used: bool
    files: str
    """`SOUND`, or what is wrong with one of them."""


@app.callback()
def models() -> None:
    """The models of the classifiers: which are installed, Detoxify's, and those learned from decisions."""


@app.command("list")
def show(config: Config = None, as_data: Json = False) -> None:
    """Which models are installed and used, and whether their files are unchanged. Status 1 if one is not.

    Where a model that was learned from decisions is in use, it is this one.
    """
    settings = configuration.load(configuration.find(config))
    used = in_use.of(settings)
    lines = list(_lines(settings, used))
    if as_data:
        as_json([asdict(line) for line in lines])
    else:
        rows = [(x.name, x.what, x.megabytes, "yes" if x.used else "no", x.files) for x in lines]
        table(("model", "what", "MB", "used", "files"), rows)
        note(_told(used))
    raise typer.Exit(0 if all(line.files == SOUND for line in lines) else 1)


@app.command()
def add(
    model: Which,  # noqa: ARG001 - what can be added is one thing so far
    variant: Annotated[
        str,
        typer.Option(
            "--variant",
            metavar="NAME",
            help="original, unbiased, multilingual, original-small or unbiased-small.",
        ),
    ] = "original",
    given: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Take the files from here, not from the internet."),
    ] = None,
    config: Config = None,
) -> None:
    """Install a model's published weights. They take the place of an earlier variant.

    Every file is compared with its published SHA-256 before anything reads it.
    """
    settings = configuration.load(configuration.find(config))
    district = settings.path(Path(settings.classifiers.district))
    chosen = models_detoxify.chosen(variant)
    _announce(chosen)
    if given is None:
        folder = asyncio.run(models_detoxify.download(chosen, district, _progress(chosen)))
    else:
        folder = models_detoxify.take(chosen, district, given)
    say(f"Installed in {folder}")
    _what_next(settings)


@app.command()
def export(model: Which, config: Config = None) -> None:  # noqa: ARG001 - as above
    """Make the eight-bit file that a machine without torch can read, beside the weights."""
    settings = configuration.load(configuration.find(config))
    folder = folder_of(settings.path(Path(settings.classifiers.district)))
    if not folder.exists():
        raise ModelMissing(f"no Detoxify weights in {folder}: get them with: modbot models add detoxify")
    try:
        from classifiers import detox_exporting
    except ImportError as error:
        raise ConfigError(
            f"Making it needs {error.name}, which is not installed.",
            remedy="pip install 'modbot[detoxify]', here or on another machine with a copy of the folder.",
        ) from None
    size = detox_exporting.export(folder)
    say(f"{folder / detox_reading.ONNX}, {size / 1e6:.0f} MB")
    note(f"It is used where torch is not installed: copy {folder} there; {CHECKPOINT} may stay behind.")


def _announce(variant: Variant) -> None:
    say(f"Detoxify {variant.name}: {variant.about}.")
    say(f"Languages: {', '.join(variant.languages)}. About {variant.megabytes} MB. Licence: {LICENCE}.")
    say(f"From {variant.checkpoint}")
    say(f"and {variant.tokenizer}")


def _progress(variant: Variant) -> Callable[[str, int], None]:
    told = 0

    def tell(file: str, size: int) -> None:
        nonlocal told
        if file == CHECKPOINT and size - told >= TOLD_EVERY:
            told = size
            note(f"{size // 1_000_000} of about {variant.megabytes} MB")

    return tell


def _what_next(settings: Settings) -> None:
    if not detox_reading.library_is_there():
        note("The library that reads it is not installed here: pip install 'modbot[detoxify]'")
    if NAME not in settings.classifiers.members:
        members = ", ".join(f'"{name}"' for name in (*settings.classifiers.members, NAME))
        note(f"It is not in use yet. In modbot.toml: [classifiers] members = [{members}]")
    note("Start modbot again for it to be heard. Its scores are shown and change no verdict: see the help.")


def _told(used: InUse) -> str:
    if used.trouble:
        return (
            f"Model {used.number}, learned from your decisions, cannot be used; {used.models} scores. "
            "Restore its folder from a backup, or go back: modbot models back"
        )
    if used.number is not None:
        return f"Model {used.number}, learned from your decisions, is in use: {used.models}"
    return f"In use: {used.models}"


def _lines(settings: Settings, used: InUse) -> Iterator[Line]:
    if used.trouble:
        yield Line(f"learned model {used.number}", "learned from decisions", 0.0, False, used.trouble)
    added = folder_of(in_use.district_of(settings))
    for folder in (used.models, added):
        if folder == used.models or (folder / manifest.MANIFEST).exists():
            for name, entry in manifest.read(folder).items():
                joins = folder == used.models and "categories" not in entry
                counts = joins or name in settings.classifiers.members
                what = entry.get("variant") or ", ".join(entry["files"])
                yield Line(name, what, _megabytes(folder, entry["files"]), counts, _state(folder, name))


def _megabytes(folder: Path, files: dict[str, str]) -> float:
    there = [folder / file for file in files if (folder / file).exists()]
    return round(sum(path.stat().st_size for path in there) / 1e6, 1)


def _state(folder: Path, name: str) -> str:
    files = manifest.read(folder)[name]["files"]
    try:
        for file in files:
            if file == CHECKPOINT and detox_reading.ONNX in files and not (folder / file).exists():
                continue  # it stayed behind on the machine that has torch
            manifest.verified(folder, name, file)
    except ClassifierError as error:
        return str(error)
    return SOUND
