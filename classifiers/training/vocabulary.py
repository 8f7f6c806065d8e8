"""The words that the normaliser may read out of digits and separated letters.

    python -m classifiers.training.vocabulary DATA

rewrites classifiers/vocabulary.txt from the corpus and those sources in DATA that may ship. A changed list
changes what every text is read as, so train again afterwards.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from classifiers.training import reading

PATH = Path(__file__).parents[1] / "vocabulary.txt"
WORD = re.compile(r"(?<![\w'@#/.])[a-záéíóúüñ]{2,20}(?![\w'@/])")
HEAD = """\
# Words that normalize.py may read out of digits and separated letters: those that occur at least eight times
# in the training sources that may ship, or three times in the project's own corpus.
# Written by `python -m classifiers.training.vocabulary`.
"""
SHORT = 400
"""Two-letter words are only the very frequent ones."""


def words(own: Iterable[str], public: Iterable[str]) -> list[str]:
    often = {word for word, count in _counts(public).items() if count >= (8 if len(word) > 2 else SHORT)}
    often |= {word for word, count in _counts(own).items() if count >= 3 and len(word) > 2}
    return sorted(word for word in often if not re.search(r"(.)\1\1", word))


def _counts(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in WORD.findall(text.lower().replace("’", "'")))


def main(data: Path) -> None:
    own = [row.text for row in reading.corpus() if not row.disguised]
    found = words(own, (row.text for row in reading.public(data, "train")))
    PATH.write_text(HEAD + "\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
