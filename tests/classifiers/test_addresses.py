from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.addresses import said
from classifiers.normalize import normalize
from classifiers.pictures import named

PIECES = st.lists(
    st.sampled_from(
        [
            "@jane",
            "@j.doe_7,",
            "RT",
            "https://t.co/x1Y2",
            "www.site.org.",
            "k1ll",
            "(see",
            "you",
            "🔫",
            "@",
            "/",
            "a/b",
        ]
    )
    | st.text(st.characters(exclude_categories=()), max_size=8),
    max_size=9,
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("@jane @j.doe_7 Nobody asked you", "nobody asked you"),
        ("@Jane, nobody asked", "nobody asked"),
        ("RT @bondwatch: no on 3", "no on 3"),
        (".@SchoolBoard listen to us", "listen to us"),
        ("thanks @jane @joe @jim for this", "thanks @jane for this"),
        ("thanks @jane", "thanks @jane"),
        ("@jane", "@jane"),
        ("@jane @joe", "@joe"),
        ("look https://news.example/2024/shots-fired?id=7, awful", "look link, awful"),
        ("look (www.channel6.example/story).", "look (link)."),
        ("read youtube.com/watch?v=dQw4 first", "read link first"),
        ("hxxps://bad.example/win now", "link now"),
    ],
)
def test_whom_it_answers_and_where_it_links_are_not_what_a_comment_says(text: str, read: str) -> None:
    assert said(text).text == read
    assert named(text).text == read


@pytest.mark.parametrize(
    "text",
    [
        "meet at 3 @ the gym",
        "write to jo@mail.example",
        "voteyes.org has the facts",
        "he/she and 9/11",
        "kill.yourself/now",
        "no.yes/maybe",
        "Great.Let's go",
    ],
)
def test_everything_else_is_read_as_before(text: str) -> None:
    assert said(text) == normalize(text)


@given(PIECES)
def test_every_letter_that_is_left_is_found_again_in_the_text_as_received(text: str) -> None:
    read = said(text)
    assert len(read.offsets) == len(read.text) + 1
    assert list(read.offsets) == sorted(read.offsets)
    assert read.offsets[-1] == len(text)
    for index in range(len(read.text)):
        start, end = read.original_span(index, index + 1)
        assert 0 <= start < end <= len(text)


@pytest.mark.timeout(60)  # what backtracks would take hours
@pytest.mark.parametrize(
    "unit", ["@", "@a ", "@a, ", "rt ", "a.", "a.com/", "http://", "www.", "/", "a-", " "]
)
def test_hostile_text_is_read_to_the_end(unit: str) -> None:
    assert said(unit * (20_000 // len(unit))).offsets[-1] == 20_000 // len(unit) * len(unit)
