"""Which example a flagged comment is most like, among those that belong to the same category.

Examples are the codebook's own and the project's corpus, which was labelled by the codebook. Likeness is of
words, rare ones and marked ones counting more: enough to set side by side, and quick enough for every page.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log, sqrt

from classifiers.base import Category, Span
from classifiers.normalize import normalize
from modbot import codebook
from modbot.policy import Finding

WORD = re.compile(r"\w+")
STEM = 5
"""So many letters of a word count, and no plural's s, so that "threatened" is like "threatens"."""
MARKED = 4.0
"""How much a word of the evidence counts, where another counts 1."""
LEAST = 0.12
"""Less alike than this is not alike."""
LONGEST = 200
"""Characters of an example: it is to be read at a glance."""
LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Examples by their words. `postings`: for each word the examples that have it, and its share there."""

    texts: tuple[str, ...]
    postings: Mapping[str, Sequence[tuple[int, float]]]
    rarity: Mapping[str, float]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Shelf:
        kept = tuple(dict.fromkeys(texts))
        read = [Counter(_words(text)) for text in kept]
        spread = Counter(word for words in read for word in words)
        rarity = {word: log(1 + len(kept) / count) for word, count in spread.items()}
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, words in enumerate(read):
            length = _length(words, rarity)
            for word, count in words.items():
                postings[word].append((number, count * rarity[word] / length))
        return cls(kept, postings, rarity)

    def nearest(self, words: Mapping[str, float]) -> str:
        """By cosine; the first of the most alike, and nothing where none is alike enough."""
        alike: dict[int, float] = defaultdict(float)
        length = _length(words, self.rarity)
        for word, weight in words.items():
            for number, share in self.postings.get(word, ()):
                alike[number] += weight * self.rarity[word] / length * share
        best = max(alike, key=lambda number: (alike[number], -number), default=None)
        return "" if best is None or alike[best] < LEAST else self.texts[best]


def of(text: str | None, finding: Finding) -> str:
    """The example to show beside a finding: none for words on a list, nor where the text was released."""
    if not text or finding.category not in set(Category):
        return ""
    return nearest(text, Category(finding.category), finding.spans)


def nearest(text: str, category: Category, spans: Sequence[Span]) -> str:
    """For a text as received, flagged because of the words in `spans`; empty where nothing is alike."""
    weights: dict[str, float] = {**Counter(_words(normalize(text).text))}
    for word in _words(normalize(" ".join(text[span.start : span.end] for span in spans)).text):
        weights[word] = weights.get(word, 0.0) + MARKED - 1
    return shelves()[category].nearest(weights)


def language_of(example: str) -> str:
    """The code of the language that one of these examples is in; the codebook's own are English."""
    return _languages().get(example, "en")


def _words(text: str) -> list[str]:
    return [word[:STEM].removesuffix("s") for word in WORD.findall(text.casefold())]


def _length(words: Mapping[str, float], rarity: Mapping[str, float]) -> float:
    """A word that no example has is as rare as the rarest that one has."""
    rarest = max(rarity.values(), default=1.0)
    return sqrt(sum((weight * rarity.get(word, rarest)) ** 2 for word, weight in words.items())) or 1.0


@cache
def shelves() -> Mapping[Category, Shelf]:
    """Read once a process, in a fraction of a second."""
    texts = {chapter.category: [*chapter.inside] for chapter in codebook.chapters().values()}
    for category, text, _ in _corpus():
        texts[category].append(text)
    return {category: Shelf.of(some) for category, some in texts.items()}


@cache
def _languages() -> Mapping[str, str]:
    return {text: language for _, text, language in _corpus()}


def _corpus() -> Iterator[tuple[Category, str, str]]:
    """The short ones that break one clause and hide nothing: category, text and language.

    Those that take a side are left out, except where taking it is the breach: an example shall not weigh in.
    """
    folder = files("classifiers") / "training" / "corpus"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".jsonl"):
            for line in file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                breaks = [name for name, value in row["labels"].items() if value]
                plain = row["lang"] in LANGUAGES and not row["disguised"]
                neutral = not row["side"] or breaks == [Category.POLITICAL]
                if len(breaks) == 1 and plain and neutral and len(row["text"]) <= LONGEST:
                    yield Category(breaks[0]), row["text"], row["lang"]
