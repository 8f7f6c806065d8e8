"""The project's comments are written one by one: no template fills the corpus, no test's text is in it."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from rensa import RMinHash

from classifiers.neutrality.pairs import FILE
from classifiers.training import reading
from classifiers.training.reading import Row
from modbot.near import folded, shingles, similarity

MOST_ALIKE = 0.02
"""Of the comments, so many may be nearly the same as another. Both sides of a pair are so on purpose."""
ALIKE = 0.6
BANDS, ROWS = 30, 4
"""Of two comments at that similarity 98 in 100 share a band; those of `modbot.near` are made for 0.8."""
DATA = Path(__file__).parent.parent / "data"
APART = [*(DATA / f"{name}.jsonl" for name in ("fresh", "codebook", "pairs", "short")), FILE]
"""What models are judged by and must never learn from."""
SAID = ("text", "pro", "con", "first", "second")
LABELS = next(reading.corpus()).labels


def row(text: str) -> Row:
    return Row(text=text, labels=LABELS, weights={}, source="", family="")


@cache
def corpus_by_words() -> dict[str, str]:
    """The identifier of each comment by its words, without case, layout and disguise."""
    return {words: each.id for each in reading.corpus() if (words := folded(each.text))}


def bands(parts: frozenset[str]) -> Iterator[tuple[int, bytes]]:
    sketch = RMinHash(num_perm=BANDS * ROWS, seed=1)
    sketch.update(sorted(parts))
    for number, band in enumerate(np.array(sketch.digest(), dtype="<u4").reshape(BANDS, ROWS)):
        yield number, band.tobytes()


def near_another(rows: Sequence[Row]) -> set[int]:
    """Numbers of comments that are nearly the same as another one, which is not its other side."""
    held = [shingles(row.text) for row in rows]
    by_band: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for number, parts in enumerate(held):
        for band in bands(parts):
            by_band[band].append(number)
    return {
        number
        for one, other in {pair for some in by_band.values() for pair in combinations(some, 2)}
        if not (rows[one].pair and rows[one].pair == rows[other].pair)
        and similarity(held[one], held[other]) >= ALIKE
        for number in (one, other)
    }


def test_hardly_any_comment_is_nearly_the_same_as_another() -> None:
    rows = list(reading.corpus())
    assert len(near_another(rows)) <= MOST_ALIKE * len(rows)


def test_comments_from_a_template_are_found() -> None:
    filled = [
        f"Thank you so much to the whole {team} for all that you do" for team in ("crew", "band", "staff")
    ]
    written = ["The bus was late again", "Who mows the north field? It looks great"]
    assert near_another([row(text) for text in [*filled, *written]]) == {0, 1, 2}


def test_nearly_every_pair_that_is_just_alike_is_found() -> None:
    """Comments of two hundred letters, each with another in which two runs of letters are others."""
    chance = random.Random(3)
    made: list[str] = []
    while len(made) < 400:
        one = "".join(chance.choices("abcdefghijklmnop", k=200))
        other = one[:60] + "".join(chance.choices("qrstuvw", k=chance.randint(20, 45))) + one[100:]
        if ALIKE <= similarity(shingles(one), shingles(other)) < ALIKE + 0.1:
            made += [one, other]
    assert len(near_another([row(text) for text in made])) >= 0.95 * len(made)


@pytest.mark.parametrize("path", APART, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_that_models_are_judged_by_is_in_the_corpus_in_capitals_or_disguise(path: Path) -> None:
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    said = {folded(each[name]): each[name] for each in entries for name in SAID if name in each}
    assert len(said) > 40
    learned = corpus_by_words()
    both = {said[text]: learned[text] for text in said.keys() & learned.keys()}
    assert both == {}
