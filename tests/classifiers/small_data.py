"""A few labelled texts to train on, as files of the real shape."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

from classifiers.base import Category
from classifiers.training import reading


def some_of_the_corpus(folder: Path, rows: int, seed: int) -> Path:
    """A small corpus with enough of every label to learn from, as files of the real shape."""
    lines = [
        line for path in sorted(reading.CORPUS.glob("*.jsonl")) for line in path.read_text().splitlines()
    ]
    random.Random(seed).shuffle(lines)
    chosen: dict[str, None] = {}
    for category in Category:
        breaches = [line for line in lines if f'"{category.value}": 1' in line]
        chosen |= dict.fromkeys(breaches[: rows // 20])
    rest = [line for line in lines if line not in chosen]
    folder.mkdir()
    (folder / "part.jsonl").write_text("\n".join([*chosen, *rest[: rows - len(chosen)]]) + "\n")
    return folder


def public_data(folder: Path) -> Path:
    """Public sources in the published shape: one that may ship, one that is only measured, one unknown."""
    folder.mkdir()
    for name, side in (
        ("edos", "harassment"),
        ("vaccine_stance", "political"),
        ("no_such_source", "threats"),
    ):
        rows = [
            {
                "id": f"{name}-{n}",
                "text": f"word{n % 7} these {n} stupid people",
                "labels": {side: n % 3 == 0},
            }
            for n in range(90)
        ]
        if name == "vaccine_stance":
            rows = [{**one, "labels": {"political": 0}, "viewpoint": 1} for one in rows]
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(one) + "\n" for one in rows)
    return folder
