"""How much is measured and on which comments; what a part reports."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SEED = 4007
LABELS = 3
"""Of fewer categories a source says too little for its text to be called harmless."""


class NotMeasured(Exception):
    """Something that the part needs is not there; the message says what and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    data: Path | None = None
    """A folder of *.jsonl.gz files with lines that hold at least "text"."""
    engines: Sequence[str] = ("sqlite", "postgresql")
    replayed: int = 50_000
    a_second: int = 50
    seconds: int = 60
    warming: int = 10
    """Seconds of the same traffic before what is timed from the first answer on."""
    archived: Sequence[int] = (10_000, 100_000, 1_000_000)
    fresh: int = 5_000
    """Comments measured at each size of the archive."""
    classified: int = 10_000
    logged: int = 50_000
    """Comments whose log entries are verified."""
    waiting: int = 10_000
    """Cases that wait for the moderators, if the archive holds so many."""
    moderators: int = 10
    worked: float = 120
    """Seconds for which they work at once."""
    reports: int = 11
    """Weekly reports of a year that are made, the year's last among them."""
    pause: float = 1.0
    """Seconds for which somebody looks at an answer, more or less by half."""

    def texts(self, count: int) -> list[str]:
        """Real comments of all sources, mixed, the same at every run. Raises NotMeasured."""
        return chosen(self.data, count)

    def everyday(self, count: int) -> list[str]:
        """The same, but as on a page: of 20 there are 19 of which their source says, of several categories,
        that they break nothing."""
        return everyday(self.data, count)


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Report:
    figures: dict[str, float | str] = field(default_factory=dict)
    """Dotted name that ends in its unit → value."""
    tables: list[Table] = field(default_factory=list)


def chosen(data: Path | None, count: int) -> list[str]:
    return random.Random(SEED).sample([text for text, _ in _rows(data, count)], count)


def everyday(data: Path | None, count: int) -> list[str]:
    rows = _rows(data, count)
    breaches = [text for text, labels in rows if any(labels.values())]
    harmless = [text for text, labels in rows if len(labels) >= LABELS and not any(labels.values())]
    others = harmless if len(harmless) >= count else [text for text, _ in rows]
    few = min(count // 20, len(breaches))
    chance = random.Random(SEED)
    return chance.sample(chance.sample(breaches, few) + chance.sample(others, count - few), count)


def _rows(data: Path | None, count: int) -> list[tuple[str, Mapping[str, int]]]:
    """Every text, and by category whether its source says that it breaks it. Raises NotMeasured."""
    how = 'Set MODBOT_BENCH_DATA (or --data) to a folder of *.jsonl.gz files with lines {"text": ...}.'
    if data is None:
        raise NotMeasured(f"It needs {count:,} real comments. {how}")
    rows = [row for path in sorted(data.glob("*.jsonl.gz")) for row in _read(path)]
    if len(rows) < count:
        raise NotMeasured(f"It needs {count:,} real comments, and {data} holds {len(rows):,}. {how}")
    return rows


def _read(path: Path) -> Iterator[tuple[str, Mapping[str, int]]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row["text"], row.get("labels", {})


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]
