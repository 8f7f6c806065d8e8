"""The shipped encoder: what it reads, in which company, and which words it gives as its reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import classifiers
from classifiers import manifest
from classifiers.base import Category, ModelTampered
from classifiers.encoder import EXPLAINED_FROM, FILE, WORDS, Encoder
from classifiers.evidence import cut
from classifiers.pictures import named, readable
from classifiers.training import reading
from classifiers.training.unseen import HELD_OUT

MODELS = Path(classifiers.__file__).parent.parent / "models"
DATA = Path(__file__).parent.parent / "data"
THREAT = "I will be waiting at the gate with a knife for Mr. Doyle"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    made = Encoder(MODELS)
    made.load()
    return made


def texts() -> list[str]:
    return [json.loads(line)["text"] for line in (DATA / "codebook.jsonl").read_text().splitlines()]


def test_it_tells_a_threat_from_the_report_of_one(encoder: Encoder) -> None:
    said, told = encoder.classify(
        [
            "I'm going to stab Mr. Doyle on Friday",
            "A boy said he'd stab Mr. Doyle on Friday. I called the police.",
        ]
    )
    assert said[Category.THREATS].probability > 0.5 > told[Category.THREATS].probability


def test_a_picture_counts_as_its_name(encoder: Encoder) -> None:
    assert readable("see you 🔪🔪🔪 friday") == "see you  hocho  friday"
    assert readable("plain text") == "plain text"
    marked = named("ok 👍🏽 bye")
    assert len(marked.offsets) == len(marked.text) + 1
    assert marked.original_span(marked.text.index("bye"), len(marked.text)) == (6, 9)


def test_a_disguised_threat_reads_like_the_plain_one(encoder: Encoder) -> None:
    plain, masked, without_i = encoder.classify(
        ["I will kill you tomorrow", "I w1ll k1ll y0u t0m0rr0w", "1 w1ll k1ll y0u t0m0rr0w"]
    )
    assert masked[Category.THREATS].probability == plain[Category.THREATS].probability
    assert without_i[Category.THREATS].probability > 0.5  # a 1 alone may be a number: nobody rewrites it


def test_the_worst_part_of_a_long_comment_counts(encoder: Encoder) -> None:
    harmless = "Thank you to everyone who came to the meeting and asked about the bus routes. " * 12
    [long] = encoder.classify([harmless + THREAT])
    assert long[Category.THREATS].probability > 0.5
    assert all(span.start >= len(harmless) - 100 for span in long[Category.THREATS].spans)


def test_what_was_held_out_was_measured_as_it_runs_to_the_end_of_long_comments(encoder: Encoder) -> None:
    """Where this fails: modbot train --only joining."""
    known = json.loads(manifest.verified(MODELS, encoder.name, HELD_OUT.format(name=encoder.name)))
    rows = [row for row in reading.corpus() if row.id in known]
    longest = sorted(rows, key=lambda row: len(row.text), reverse=True)[:40]
    said = encoder.answer_under([row.text for row in longest]).scores
    for row, scores in zip(longest, said, strict=True):
        assert known[row.id] == pytest.approx([scores[one].probability for one in Category], abs=0.05), row.id


def test_nothing_to_read_is_nothing_found(encoder: Encoder) -> None:
    for text in ("", " \n\t", "\u200b"):
        [scores] = encoder.classify([text])
        assert set(scores) == set(Category)
        assert all(score.probability == 0 and score.spans == () for score in scores.values())


def test_without_the_marked_words_the_score_is_lower(encoder: Encoder) -> None:
    asked = [
        (text, category, score)
        for text, scores in zip(texts(), encoder.classify(texts()), strict=True)
        for category, score in scores.items()
        if score.probability >= EXPLAINED_FROM
    ]
    marked = [one for one in asked if one[2].spans]
    assert len(marked) >= 0.95 * len(asked) > 40
    without = encoder.classify([cut(text, score.spans) for text, _, score in marked])
    lower = [
        scores[category].probability < score.probability
        for (_, category, score), scores in zip(marked, without, strict=True)
    ]
    assert sum(lower) >= 0.98 * len(lower)


def test_neighbours_of_other_lengths_change_no_digit(encoder: Encoder) -> None:
    together = encoder.classify(texts())
    assert [encoder.classify([text])[0] for text in texts()[::5]] == together[::5]


def test_the_model_is_small() -> None:
    assert (MODELS / FILE).stat().st_size + (MODELS / WORDS).stat().st_size < 30_000_000


def test_files_that_hold_no_model_are_refused(tmp_path: Path) -> None:
    manifest.record(tmp_path, Encoder.name, {FILE: b"no model", WORDS: b"{}"})
    with pytest.raises(ModelTampered):
        Encoder(tmp_path).load()
