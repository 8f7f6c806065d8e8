"""How well reports of somebody else's threat are found, and how often something else is taken for one.

python -m classifiers.training.second_hand

`second_hand.jsonl` holds comments written for this, some of them held out: never looked at while the words
were chosen. Its rows without a text mark which comments of the corpus are such reports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers import second_hand
from classifiers.base import Category
from classifiers.training import reading

ROWS = Path(__file__).with_suffix(".jsonl")


@dataclass(frozen=True, slots=True)
class Found:
    """Counts over some comments."""

    reports: int
    found: int
    others: int
    taken: int
    """Of the others, those taken for a report."""

    def __str__(self) -> str:
        found = f"{self.found} of {self.reports} reports found"
        return f"{found}, {self.taken} of {self.others} others taken for one"


def written(*, held_out: bool) -> Found:
    """Over the comments written for this; the others among them are hard on purpose."""
    rows = [row for row in _rows() if row.get("held_out") is held_out]
    return _found([(row["text"], row["report"]) for row in rows])


def corpus() -> Found:
    """Over the whole corpus, without what is a threat of the writer's own."""
    marked = {row["id"] for row in _rows() if "text" not in row}
    rows = [row for row in reading.corpus() if not row.labels[Category.THREATS]]
    return _found([(row.text, row.id in marked) for row in rows])


def _rows() -> list[dict[str, Any]]:
    with ROWS.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _found(labelled: Sequence[tuple[str, bool]]) -> Found:
    hits = [(report, bool(second_hand.find(text))) for text, report in labelled]
    reports = [hit for report, hit in hits if report]
    others = [hit for report, hit in hits if not report]
    return Found(len(reports), sum(reports), len(others), sum(others))


def rewritten(text: str, counts: Found) -> str:
    """The file of words with the new counts."""
    measured = f"measured = [{counts.found}, {counts.found + counts.taken}]"
    return re.sub(r"(?m)^measured = \[.*\]", measured, text, count=1)


def main(path: Path = second_hand.FORMS) -> None:
    everywhere = corpus()
    path.write_text(rewritten(path.read_text(encoding="utf-8"), everywhere), encoding="utf-8")
    print(f"written for this: {written(held_out=False)}")
    print(f"held out:         {written(held_out=True)}")
    print(f"corpus:           {everywhere}")


if __name__ == "__main__":
    main()
