"""modbot score: texts in, scores out, as they come. Needs no installation and starts no database."""

from __future__ import annotations

import io
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from classifiers.base import Category, Span
from classifiers.ensemble import Assessment, Ensemble
from modbot import resources
from modbot.commands.options import Config
from modbot.commands.output import note
from modbot.members import ensemble_of

app = typer.Typer()

CHUNK = 1 << 16
"""Bytes read at once: as many as are there, so that a slow writer is answered line by line."""
BATCH = 256


@dataclass(frozen=True, slots=True)
class Text:
    """One line to score. `id` is whatever the line gave, else its number."""

    id: Any
    text: str


class BadLine(Exception):
    pass


@app.command()
def score(
    config: Config = None,
    models: Annotated[
        Path | None, typer.Option("--models", metavar="FOLDER", help="Other models than those in use.")
    ] = None,
) -> None:
    """Score every line of standard input.

    JSON lines {"id", "text"} or plain text, one comment a line. For each a JSON line comes out: the
    probability of every category, those over their threshold, and where in the text the evidence stands
    (offsets count characters). A line that cannot be read is reported, the others go on, and the status is 1.
    """
    ensemble, limits = _ensemble(config, models)
    reader = Reader()
    for chunk in _chunks():
        texts = list(reader.read(chunk))
        for start in range(0, len(texts), BATCH):
            _write(texts[start : start + BATCH], ensemble, limits)
    raise typer.Exit(1 if reader.refused else 0)


def _ensemble(given: Path | None, other: Path | None) -> tuple[Ensemble, Mapping[Category, float]]:
    """As the given settings say; without any, what every installation starts with. `other`: its models."""
    if given is None:
        chosen = tomllib.loads(resources.defaults())["classifiers"]
        members, models, district = tuple(chosen["members"]), resources.models(), None
    else:
        from modbot import config
        from modbot.learning import in_use

        settings = config.load(config.find(given))
        members = settings.classifiers.members
        models, district = in_use.of(settings).models, in_use.district_of(settings)
    found, limits = ensemble_of(members, other or models, district)
    for name, reason in found.absent.items():
        note(f"Scoring without {name}: {reason}")
    return found, limits


def _chunks() -> Iterator[list[bytes]]:
    """Whole lines, as many as have arrived, without their line ends."""
    begun: list[bytes] = []
    source = cast("io.BufferedReader", sys.stdin.buffer)
    while chunk := source.read1(CHUNK):
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*begun, lines[0]])
            begun = []
            yield lines
        begun.append(rest)
    if any(begun):
        yield [b"".join(begun)]


class Reader:
    """Turns lines into texts. The first line that is not blank says whether all of them are JSON."""

    def __init__(self) -> None:
        self.refused = 0
        self._number = 0
        self._json: bool | None = None

    def read(self, lines: Iterable[bytes]) -> Iterator[Text]:
        for line in lines:
            self._number += 1
            try:
                found = self._read(line.removesuffix(b"\r"))
            except BadLine as error:
                self.refused += 1
                note(f"line {self._number}: {error}")
            else:
                if found is not None:
                    yield found

    def _read(self, line: bytes) -> Text | None:
        if self._number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            return None
        if self._json is None:
            self._json = line.lstrip().startswith(b"{")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadLine(f"it is not UTF-8 text (byte {error.start + 1})") from None
        return self._object(text) if self._json else Text(self._number, text)

    def _object(self, line: str) -> Text:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadLine(f"it is not JSON ({error})") from None
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            raise BadLine('it is no object with a "text" that is a string')
        return Text(found.get("id", self._number), found["text"])


def _write(batch: Sequence[Text], ensemble: Ensemble, limits: Mapping[Category, float]) -> None:
    assessments = ensemble.assess([each.text for each in batch])
    sys.stdout.writelines(
        json.dumps(_line(each, assessment, limits)) + "\n"
        for each, assessment in zip(batch, assessments, strict=True)
    )
    sys.stdout.flush()


def _line(each: Text, assessment: Assessment, limits: Mapping[Category, float]) -> dict[str, Any]:
    scores = assessment.scores
    return {
        "id": each.id,
        "scores": {name.value: round(score.probability, 4) for name, score in scores.items()},
        "flags": [name.value for name, score in scores.items() if score.probability >= limits[name]],
        "spans": {name.value: _merged(score.spans) for name, score in scores.items() if score.spans},
    }


def _merged(spans: Iterable[Span]) -> list[list[int]]:
    """Places in order, those that overlap as one."""
    merged: list[list[int]] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], span.end)
        else:
            merged.append([span.start, span.end])
    return merged
