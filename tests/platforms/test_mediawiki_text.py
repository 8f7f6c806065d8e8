from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms import mediawiki_text as talk

PAGE = "== Buses ==\nThe first comment on buses.\n\nA second one about them.\n----\nfooter"
LINES = st.lists(
    st.sampled_from(["", "a", "b", "a longer line", ":indented words here", "  spaces "]), max_size=8
)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (PAGE.replace("\n----", "\n\nNew words.\n----"), "New words."),
        (PAGE.replace("\n----", "\n:An answer.\n----"), ":An answer."),
        (PAGE.replace("\n----", "\n\nOne.\n\n  Two.\t\n----"), "One.\n\n  Two.\t"),
        (PAGE.replace("second", "third"), "A third one about them."),
        (PAGE.replace("\n\nA second one about them.", ""), ""),
        (f"At the top.\n{PAGE}\nAt the end.", "At the top.\nAt the end."),
        (PAGE, ""),
    ],
)
def test_what_an_edit_added_is_found(after: str, words: str) -> None:
    assert talk.added(PAGE, after) == words


def test_all_of_a_new_page_is_what_was_added() -> None:
    assert talk.added("", PAGE) == PAGE


@given(LINES, LINES, LINES)
def test_what_was_put_in_as_one_stands_there_and_can_be_taken_out(
    head: list[str], new: list[str], tail: list[str]
) -> None:
    before, after = "\n".join([*head, *tail]), "\n".join([*head, *new, *tail])
    words = talk.added(before, after)
    if words:
        assert talk.stands_in(after, words)
        rest = talk.without(after, words)
        if rest is not None:
            assert sorted(line for line in rest.split("\n") if line.strip()) == sorted(
                line for line in before.split("\n") if line.strip()
            )


def test_words_that_somebody_indented_still_stand_there() -> None:
    assert talk.stands_in("::  An awful long insult\nother", "An awful long insult")
    assert not talk.stands_in("other", "An awful long insult")


def test_a_short_line_that_stands_anywhere_does_not_count_beside_a_telling_one() -> None:
    assert not talk.stands_in("Thanks\nother words", "Thanks\nAn awful long insult")


def test_taken_out_and_put_back_the_page_is_as_before() -> None:
    words = "New words that were hidden."
    after = PAGE.replace("\n----", f"\n\n{words}\n\n----")
    rest = talk.without(after, words)
    assert rest is not None
    assert words not in rest
    back = talk.with_again(rest, after, words)
    assert back == after


def test_put_back_after_others_wrote_on_it_stands_where_it_stood() -> None:
    words = "New words that were hidden."
    after = PAGE.replace("\n----", f"\n\n{words}\n\n----")
    rest = talk.without(after, words)
    assert rest is not None
    later = rest.replace("== Buses ==", "== Buses ==\nSomething newer.").replace("footer", "another footer")
    back = talk.with_again(later, after, words)
    assert back is not None
    assert talk.added(later, back) == words
    assert back.index("second one") < back.index(words) < back.index("----")


def test_where_its_place_is_gone_it_is_not_put_back_by_guessing() -> None:
    assert talk.with_again("A quite different page", PAGE, "A second one about them.") is None
    assert talk.without(PAGE, "Not there") is None


def test_an_indented_line_answers_the_line_above_that_is_indented_less() -> None:
    page = "Question?\n:First.\n::Deep.\n:Second."
    assert talk.answered_line(page, ":Second.") == "Question?"
    assert talk.answered_line(page, "::Deep.") == ":First."
    assert talk.answered_line(page, "Question?") is None
