from __future__ import annotations

from dataclasses import replace

import pytest

from classifiers.base import Category, Span
from classifiers.training import reading
from modbot import codebook, likeness
from modbot.likeness import Shelf
from modbot.policy import Finding


@pytest.mark.parametrize("category", list(Category))
def test_an_example_of_the_codebook_is_most_like_itself(category: Category) -> None:
    for example in codebook.chapters()[category].inside:
        assert likeness.nearest(example, category, ()) == example


@pytest.mark.parametrize(
    ("text", "category", "word"),
    [
        ("Vote NO on Prop 2, we pay enough already!", Category.POLITICAL, "no"),
        ("i will find you and break your legs", Category.THREATS, "break"),
        ("i w1ll find you and br3ak your legs", Category.THREATS, "break"),
        ("Jaden from 4th period got suspended again", Category.STUDENT_PRIVACY, "suspended"),
    ],
)
def test_a_comment_is_like_one_of_the_same_kind(text: str, category: Category, word: str) -> None:
    assert word in likeness.nearest(text, category, ()).casefold()


def test_the_marked_words_count_more_than_the_rest() -> None:
    shelf = Shelf.of(["gutters cleaned for half price", "the concert on Friday was lovely"])
    assert shelf.nearest({"conce": 1, "frida": 1, "half": 1}) == shelf.texts[1]
    assert shelf.nearest({"conce": 1, "frida": 1, "half": 4}) == shelf.texts[0]
    text = "What a lovely concert on Friday, and after it you die"
    marked = [Span(text.index("you die"), len(text), "")]
    assert "die" in likeness.nearest(text, Category.THREATS, marked)


def test_what_is_like_nothing_gets_no_example() -> None:
    for text in ("", "???", "zzzyx qwrtp", "🙃"):
        assert likeness.nearest(text, Category.THREATS, ()) == ""


def test_the_same_words_find_the_same_example_on_both_sides_of_an_issue() -> None:
    yes, no = (
        likeness.nearest(f"Vote {side} on Proposition 3", Category.POLITICAL, ()) for side in ("yes", "no")
    )
    assert yes.casefold().replace(" yes", " no") == no.casefold()


def test_a_list_of_words_and_a_text_that_was_released_get_no_example() -> None:
    threat = Finding("C1", "threats", 0.9, 0.3, True, ())
    assert likeness.of("i will find you and break your legs", threat)
    assert likeness.of(None, threat) == ""
    assert (
        likeness.of("i will break your legs", replace(threat, category="word_list", probability=None)) == ""
    )


def test_no_example_takes_a_side_except_where_that_is_the_breach() -> None:
    sided = {row.text for row in reading.corpus() if row.side}
    shown = likeness.shelves()
    assert not any(sided & set(shown[each].texts) for each in Category if each is not Category.POLITICAL)
    assert sided & set(shown[Category.POLITICAL].texts)
