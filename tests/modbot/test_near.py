from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbot.near import SIMILAR, bands, shingles, similarity

CAMPAIGN = "Tell the board to listen to families before they close Cedar Grove Elementary this spring!"


@pytest.mark.parametrize(
    "copy",
    [
        CAMPAIGN.upper(),
        CAMPAIGN + "!!",
        CAMPAIGN.replace("!", " 🙏"),
        CAMPAIGN.replace("this spring", "next spring"),
        "  " + CAMPAIGN.replace(" ", "  "),
    ],
)
def test_a_copy_with_other_case_punctuation_or_one_word_is_near_identical(copy: str) -> None:
    one, other = shingles(CAMPAIGN), shingles(copy)
    assert similarity(one, other) >= SIMILAR
    assert set(bands(one)) & set(bands(other))


@pytest.mark.parametrize(
    "copy",
    [
        "T3ll the b0ard to l1sten to families before they cl0se Cedar Grove Elementary this $pring!",
        CAMPAIGN.replace("o", "\N{CYRILLIC SMALL LETTER O}").replace("e", "\N{CYRILLIC SMALL LETTER IE}"),
        "\N{ZERO WIDTH SPACE}".join(CAMPAIGN),
        CAMPAIGN.replace("listen", "l.i.s.t.e.n").replace("close", "c l o s e"),
        CAMPAIGN.replace("board", "boooooard").replace("listen", "lis\N{SOFT HYPHEN}ten"),
    ],
    ids=["leet", "look-alikes", "zero width", "letters apart", "repeated and broken"],
)
def test_a_copy_in_disguise_is_near_identical(copy: str) -> None:
    one, other = shingles(CAMPAIGN), shingles(copy)
    assert similarity(one, other) >= SIMILAR
    assert set(bands(one)) & set(bands(other))


def test_a_side_in_disguise_is_still_the_other_side() -> None:
    words = "Please vote {} on Measure 2, for the sake of our children and of their teachers in this district"
    assert similarity(shingles(words.format("yes")), shingles(words.format("n\N{ZERO WIDTH SPACE}0"))) == 0
    assert similarity(shingles(words.format("yes")), shingles(words.format("y3s"))) >= SIMILAR


@pytest.mark.parametrize(
    "other",
    [
        "Tell the board thank you for keeping Cedar Grove Elementary open!",
        "Families listen to the board before they close their eyes.",
        "no",
        "",
    ],
)
def test_another_opinion_on_the_same_topic_is_not(other: str) -> None:
    assert similarity(shingles(CAMPAIGN), shingles(other)) < SIMILAR


def test_short_texts_are_near_identical_only_when_their_words_are_the_same() -> None:
    assert similarity(shingles("Resign!"), shingles("resign")) == 1
    assert similarity(shingles("vote yes"), shingles("vote no")) < SIMILAR


@given(st.text(max_size=300))
def test_any_text_has_twelve_bands_that_a_database_can_hold(text: str) -> None:
    found = bands(shingles(text))
    assert len(found) == 12
    assert all(-(2**63) <= band < 2**63 for band in found)


def test_the_bands_of_a_text_never_change_because_they_are_stored() -> None:
    assert bands(shingles("One campaign, one case."))[:2] == bands(shingles("one campaign one case"))[:2]
    assert bands(shingles("One campaign, one case."))[0] == 3213061153


def test_two_sides_of_one_question_are_never_near_identical() -> None:
    words = "Please vote {} on Measure 2, for the sake of our children and of their teachers in this district"
    assert similarity(shingles(words.format("yes")), shingles(words.format("no"))) == 0
    assert similarity(shingles(words.format("yes")), shingles(words.format("YES!!"))) >= SIMILAR
