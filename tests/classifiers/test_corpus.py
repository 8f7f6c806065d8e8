"""The project's own comments are written one by one: no template fills the corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from classifiers.training import reading
from classifiers.training.reading import Row
from modbot.near import bands, shingles, similarity

MOST_ALIKE = 0.02
"""Of the comments, so many may be nearly the same as another. Both sides of a pair are so on purpose."""
ALIKE = 0.6


def near_another(rows: Sequence[Row]) -> set[int]:
    """Numbers of comments that are nearly the same as another one, which is not its other side."""
    held = [shingles(row.text) for row in rows]
    by_band: dict[int, list[int]] = defaultdict(list)
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
    labels = next(reading.corpus()).labels
    filled = [
        f"Thank you so much to the whole {team} for all that you do" for team in ("crew", "band", "staff")
    ]
    written = ["The bus was late again", "Who mows the north field? It looks great"]
    rows = [Row(text=text, labels=labels, weights={}, source="", family="") for text in [*filled, *written]]
    assert near_another(rows) == {0, 1, 2}
