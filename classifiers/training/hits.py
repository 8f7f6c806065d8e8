"""How often each rule of patterns.toml is right on the project's corpus, written back into the file.

python -m classifiers.training.hits
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from classifiers import patterns
from classifiers.training import reading
from classifiers.training.reading import Row


def measure(rows: Sequence[Row], rules: Sequence[patterns.Rule]) -> dict[str, tuple[int, int]]:
    """Per rule, over the comments it hits: those whose label agrees, and all."""
    book = patterns.Book.of(rules)
    counts = {rule.id: (0, 0) for rule in rules}
    for row in rows:
        for rule in {hit.rule.id: hit.rule for hit in patterns.hits(row.text, book)}.values():
            if rule.category in row.labels:
                right, hits = counts[rule.id]
                counts[rule.id] = (right + int(row.labels[rule.category]), hits + 1)
    return counts


def rewritten(text: str, counts: Mapping[str, tuple[int, int]]) -> str:
    """The rules file with the new counts; the rule without expressions is counted by hand, as it says."""
    blocks = re.split(r"(?m)^(?=\[\[rule\]\])", text)
    for index, block in enumerate(blocks):
        name = re.search(r'(?m)^id = "([^"]+)"', block)
        if name and "find = []" not in block:
            right, hits = counts[name.group(1)]
            blocks[index] = re.sub(r"(?m)^measured = \[.*\]", f"measured = [{right}, {hits}]", block)
    return "".join(blocks)


def main(path: Path = patterns.RULES) -> None:
    counts = measure(list(reading.corpus()), patterns.rules(path))
    path.write_text(rewritten(path.read_text(encoding="utf-8"), counts), encoding="utf-8")


if __name__ == "__main__":
    main()
