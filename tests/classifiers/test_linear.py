from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import classifiers
from classifiers import ngrams
from classifiers.base import Category
from classifiers.evidence import cut
from classifiers.linear import EXPLAINED_FROM, Linear
from classifiers.training import reading

MODELS = Path(classifiers.__file__).parent.parent / "models"
WORDS = st.sampled_from(
    [
        *(
            "you",
            "idiot",
            "vote",
            "NO",
            "on",
            "the",
            "levy",
            "kill",
            "him",
            "k1ll",
            "F*ck",
            "🔫",
            "school",
            "$20",
        ),
        *(
            "call",
            "Nate",
            "was",
            "expelled",
            "206-555-0142",
            "great",
            "s",
            "t",
            "u",
            "p",
            "i",
            "d",
            "ñandú",
            "está",
        ),
        *("don't", "2024", "Measure", "4", "trash", "people", "!!!", "\u200b", "ｆ", "\ud800"),
    ]
)


@pytest.fixture(scope="module")
def linear() -> Linear:
    made = Linear(MODELS)
    made.load()
    return made


def corpus(every: int) -> list[str]:
    return [row.text for index, row in enumerate(reading.corpus()) if index % every == 0]


def test_every_category_gets_a_probability(linear: Linear) -> None:
    [scores] = linear.classify(["hello"])
    assert set(scores) == set(Category) == linear.categories


def test_without_the_marked_words_the_score_is_lower(linear: Linear) -> None:
    """Over the corpus: every explained score of thousands of texts."""
    texts = corpus(every=2)
    checked = 0
    without, expected = [], []
    for text, scores in zip(texts, linear.classify(texts), strict=True):
        for category, score in scores.items():
            if score.spans:
                without.append(cut(text, score.spans))
                expected.append((category, score.probability))
    for (category, before), scores in zip(expected, linear.classify(without), strict=True):
        assert scores[category].probability < before
        checked += 1
    assert checked > 1000


def test_nearly_every_score_worth_asking_about_is_explained(linear: Linear) -> None:
    scores = [score for scores in linear.classify(corpus(every=5)) for score in scores.values()]
    asked = [score for score in scores if score.probability >= EXPLAINED_FROM]
    assert sum(bool(score.spans) for score in asked) >= 0.97 * len(asked)
    assert not any(score.spans for score in scores if score.probability < EXPLAINED_FROM)


def test_marks_point_at_the_disguised_words_themselves(linear: Linear) -> None:
    text = "😀😀 you ug1y s.t.u.p.i.d p1ece of g@rbage 😀"
    score = linear.classify([text])[0][Category.HARASSMENT]
    marked = " ".join(text[span.start : span.end] for span in score.spans)
    assert score.probability > 0.5
    assert {"ug1y", "s.t.u.p.i.d", "p1ece", "g@rbage"} & set(marked.split())


@settings(max_examples=30, deadline=None)
@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_marks_never_overlap_and_lie_inside_the_text(linear: Linear, text: str) -> None:
    for score in linear.classify([text])[0].values():
        ends = [0]
        for span in score.spans:
            assert ends[-1] <= span.start < span.end <= len(text)
            ends.append(span.end)


def test_batches_of_any_size_give_the_same_numbers(linear: Linear) -> None:
    texts = corpus(every=40)
    whole = linear.classify(texts)
    for size in (1, 7, 64):
        parts = [
            one
            for start in range(0, len(texts), size)
            for one in linear.classify(texts[start : start + size])
        ]
        assert parts == whole


def test_a_disguise_changes_little(linear: Linear) -> None:
    plain, masked = linear.classify(["kill yourself you stupid idiot", "k1ll y0urself you s.t.u.p.i.d 1di0t"])
    assert abs(plain[Category.HARASSMENT].probability - masked[Category.HARASSMENT].probability) < 0.2


def test_what_its_words_add_sums_up_to_the_score(linear: Linear) -> None:
    text = "You people are a bunch of idiots, Marcy Dale got suspended"
    model = linear._model
    [shares] = model.shares([ngrams.read(text, text.lower())])
    logit = float(shares.sum(axis=0)[0] + model.bias[0])
    assert model.probabilities([text])[0][0] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-4)


def test_names_prices_numbers_and_signs_are_kinds_of_their_own() -> None:
    lexicon = ngrams.Lexicon({"was": 0}, np.array([7]))
    words = ngrams.read("Here Zorbo was $30 or 200 🔫 zzz", "here zorbo was $30 or 200 🔫 zzz")
    _, codes = ngrams._looked_up([words], lexicon)
    named = {word: int(code) for word, code in zip(words.words, codes, strict=True)}
    assert named["zorbo"] == ngrams.NAME
    assert named["$00"] == ngrams.PRICE
    assert named["000"] == ngrams.NUMBER + 2
    assert named["🔫"] == ngrams.SIGN
    assert named["zzz"] == ngrams.UNKNOWN
    assert named["was"] == ngrams.FIRST_GROUP + 7


def test_the_card_and_the_manifest_name_every_source_that_was_used() -> None:
    card = (MODELS / "linear" / "CARD.md").read_text(encoding="utf-8")
    used = json.loads((MODELS / "manifest.json").read_text())["linear"]["sources"]
    for name, rows in used.items():
        assert f"| {name} | {rows} |" in card
        assert name == reading.OWN or reading.sources()[name].use == "train"
