from __future__ import annotations

import unicodedata

import pytest
from confusable_homoglyphs.confusables import confusables_data
from hypothesis import given
from hypothesis import strategies as st

from classifiers.normalize import normalize
from classifiers.wordlists import look_alikes

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)
DISGUISES = st.lists(
    st.sampled_from(
        [
            "k1ll",
            "f*ck",
            "s t u p i d",
            "n.o",
            "soooo",
            "\u0455elf",
            "ki\u200bll",
            "$20",
            "🔫",
            "p\u0435ople",
            "\u0301",
        ]
    ),
    max_size=8,
).map(" ".join)


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("K1LL y0ur5elf, 1d10t", "kill yourself, idiot"),
        ("s t u p i d people", "stupid people"),
        ("k i l l y o u", "kill you"),
        ("b.i.t.c.h", "bitch"),
        ("f*ck, f**k, f***, f*****g, sh!t", "fuck, fuck, fuck, fucking, shit"),
        ("fuuuuck nooooo", "fuck no"),
        ("\u043aill \u0443\u043eur \u0455elf", "kill your self"),
        ("\U0001d4f4\U0001d4f2\U0001d4f5\U0001d4f5 \uff46\uff55\uff43\uff4b", "kill fuck"),
        ("ki\u200bl\u2060l y\u0336o\u0336u\u0336", "kill you"),
        ("\u202ekill\u202c", "kill"),
        ("V0TE Y3S on the l3vy!!", "vote yes on the levy!!"),
        ("k i l l  y o u  t o o", "kill  you  too"),
        ("g1ve it b@ck 0r else", "give it back or else"),
    ],
)
def test_a_disguise_is_undone(disguised: str, plain: str) -> None:
    assert normalize(disguised).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "ap classes start 9/4 at 8:00",
        "c3po and r2d2 at 7 p.m. in the u.s.a., room b12, k-12, h1n1, covid19",
        "$20 at the door, 3rd graders at 5am, 24/7, a+ and b-",
        "grades a b c d f, see www.example.org or write to bob@example.org",
        "e-mail the co-op about the x-ray and the re-elect sticker",
        "mañana está bien, ¿verdad niño?",
        "안녕하세요 학교",
        "привет, как дела?",
        "सभी बच्चे",
        "*really* proud!!! wow...",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert normalize(text).text == text


def test_only_the_case_of_an_ordinary_capital_changes() -> None:
    assert normalize("Go TIGERS, see you Friday!").text == "go tigers, see you friday!"


def test_a_mark_that_makes_an_everyday_letter_is_kept_and_a_pile_of_them_is_not() -> None:
    assert normalize("an\u0303o y e\u0301l").text == "año y él"
    assert normalize("h\u0323\u0307\u0331i").text == "hi"


def test_spans_point_into_the_text_as_received() -> None:
    text = "you are s.t.u.p.i.d, f**k o\ufb03ce \U0001f52b k1ll"
    normalized = normalize(text)
    for word, original in (("stupid", "s.t.u.p.i.d"), ("fuck", "f**k"), ("kill", "k1ll"), ("🔫", "🔫")):
        start = normalized.text.index(word)
        begin, end = normalized.original_span(start, start + len(word))
        assert text[begin:end] == original
    start = normalized.text.index("office")
    assert text[slice(*normalized.original_span(start, start + 6))] == "o\ufb03ce"


def test_an_impossible_span_is_refused() -> None:
    for start, end in ((0, 0), (2, 1), (0, 9), (-1, 2)):
        with pytest.raises(ValueError, match="not a span"):
            normalize("abc").original_span(start, end)


@given(ANYTHING | DISGUISES)
def test_the_map_back_is_whole_and_never_falls(text: str) -> None:
    normalized = normalize(text)
    offsets = list(normalized.offsets)
    assert len(offsets) == len(normalized.text) + 1
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(text)
    assert all(0 <= offset <= len(text) for offset in offsets)


@given(ANYTHING | DISGUISES)
def test_every_character_maps_to_characters_of_the_original(text: str) -> None:
    normalized = normalize(text)
    for place in range(len(normalized.text)):
        start, end = normalized.original_span(place, place + 1)
        assert 0 <= start < end <= len(text)


@given(DISGUISES)
def test_reading_it_twice_reads_the_same(text: str) -> None:
    once = normalize(text).text
    assert normalize(once).text == once


def test_lone_surrogates_nul_and_controls_do_not_stop_it() -> None:
    assert normalize("\ud800k\x00ill\x07").text == "\ud800kill"


@pytest.mark.timeout(60)  # what backtracks would take hours
@pytest.mark.parametrize(
    "unit", ["a", "a ", "a.", "f*", "1a", "\u0430", "*", "-a", "aab", "\u0301", "i l.", "$a!"]
)
def test_ten_thousand_hostile_characters_are_read_to_the_end(unit: str) -> None:
    once = normalize(unit * (10_000 // len(unit))).text
    assert normalize(once).text == once


def test_look_alikes_are_those_of_unicodes_table() -> None:
    """With another version of the table: write the lines that this expects to classifiers/look_alikes.txt."""
    expected = {
        character: found[0]
        for character, entries in confusables_data.items()
        if _letter_that_folding_leaves(character) and (found := [*filter(None, map(_latin, entries))])
    }

    assert look_alikes() == expected


def _letter_that_folding_leaves(character: str) -> bool:
    folded = unicodedata.normalize("NFKC", character).lower()
    return character > "\u024f" and character.isalpha() and character == folded


def _latin(entry: dict[str, str]) -> str:
    letter = entry["c"]
    return letter.lower() if len(letter) == 1 and letter.isascii() and letter.isalpha() else ""
