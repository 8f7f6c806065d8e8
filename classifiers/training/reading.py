"""Labelled text from files: the project's own corpus and the public sources, as rows of one shape."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from classifiers.base import Category

CORPUS = Path(__file__).parent / "corpus"
OWN = "corpus"
WEAK = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    labels: Mapping[Category, bool]
    """A category that is absent is unknown, not False."""
    weights: Mapping[Category, float]
    source: str
    family: str
    """The issue of a corpus comment, or the source of a public row: what is held out together."""
    pair: str = ""
    side: str = ""
    lang: str = "en"
    disguised: bool = False
    viewpoint: bool = False
    part: str = ""
    """The corpus file that it stands in."""
    id: str = field(default="", compare=False)

    @property
    def permissible(self) -> bool:
        """Known to break nothing."""
        return len(self.labels) == len(Category) and not any(self.labels.values())


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    licence: str
    use: str
    weight: float = 0.1
    reads: str = ""
    free: tuple[str, ...] = ()
    news: bool = False


@cache
def sources() -> Mapping[str, Source]:
    with (Path(__file__).parent / "sources.toml").open("rb") as file:
        return {name: Source(name=name, **entry) for name, entry in tomllib.load(file).items()}


def corpus(folder: Path = CORPUS) -> Iterator[Row]:
    """The project's own comments, in the order of the files' names."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield _own(json.loads(line), path.stem)


@cache
def judged() -> Mapping[tuple[str, str], frozenset[Category]]:
    """By source and id what public rows break by our codebook, nothing for most: they were read again here.

    Their sources call them opinions and labelled little else; see the file's first line.
    """
    lines = (Path(__file__).parent / "judged.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    return {
        (entry["source"], entry["id"]): frozenset(map(Category, entry["breaks"]))
        for entry in map(json.loads, lines)
    }


def _own(entry: Mapping[str, Any], part: str) -> Row:
    labels = {Category(name): bool(value) for name, value in entry["labels"].items()}
    return Row(
        id=entry["id"],
        text=entry["text"],
        labels=labels,
        weights=dict.fromkeys(labels, 1.0),
        source=OWN,
        part=part,
        family=entry["family"],
        pair=entry.get("pair") or "",
        side=entry.get("side") or "",
        lang=entry.get("lang", "en"),
        disguised=bool(entry.get("disguised")),
        viewpoint=not any(labels.values()) and entry.get("side") in ("pro", "con"),
    )


def public(data: Path, use: str) -> Iterator[Row]:
    """Rows of the sources with this use that are in the folder; a source without an entry is never read."""
    for name, source in sorted(sources().items()):
        path = data / f"{name}.jsonl.gz"
        if source.use == use and path.exists():
            with gzip.open(path, "rt", encoding="utf-8") as file:
                for line in file:
                    yield _public(json.loads(line), source)


def _public(entry: Mapping[str, Any], source: Source) -> Row:
    meta = entry.get("meta") or {}
    weak = {name for name in (meta.get("weak") or ()) if isinstance(name, str)}
    labels, weights = {}, {}
    for name, value in entry["labels"].items():
        category, weight = Category(name), source.weight * (WEAK if name in weak else 1.0)
        for read, known in _reading(category, bool(value), source, name in weak):
            labels[read], weights[read] = known, weight
    if not any(entry["labels"].values()):
        for category in map(Category, source.free):
            labels.setdefault(category, False)
            weights.setdefault(category, source.weight * WEAK)
    return Row(
        id=str(entry["id"]),
        text=entry["text"],
        labels=labels,
        weights=weights,
        source=source.name,
        family=source.name,
        viewpoint=bool(entry.get("viewpoint")),
    )


def _reading(category: Category, value: bool, source: Source, weak: bool) -> Iterator[tuple[Category, bool]]:
    """What a source's label says in the words of our codebook; nothing where it says too little."""
    if category is Category.HARASSMENT and source.reads == "group":
        yield Category.DISCRIMINATION, value
        if not value:
            yield category, False
    elif category is not Category.POLITICAL or source.reads != "express" or not value or not weak:
        yield category, value
