from __future__ import annotations

import pytest

from modbot.words import WordList, hits, refused

# The filters that the courts struck down: NIH (PETA v. Tabak), UW-Madison (Krasno v. Mnookin), the Arkansas
# State Police (Tanner v. Ziegenhorn).
NIH = ("animal", "animals", "animal testing", "cruel", "experiment", "monkey", "PETA", "torture", "stop")
UW_MADISON = ("shame on", "trump", "biden", "cruelty", "primate", "beagles", "testing on animals")
STATE_POLICE = ("pig", "pigs", "copper", "jerk")


def words(*terms: str) -> WordList:
    return WordList(clause="C7", reason="A reason of enough length", terms=terms)


@pytest.mark.parametrize("term", [*NIH, *UW_MADISON, *STATE_POLICE])
def test_every_term_of_the_filters_that_courts_struck_down_is_refused(term: str) -> None:
    assert len(refused([words(term)], ())) == 1


@pytest.mark.parametrize("term", ["Republican", "democrats", "GOP", "#MAGA", "vote Democrat"])
def test_parties_are_refused(term: str) -> None:
    assert refused([words(term)], ())


@pytest.mark.parametrize("term", ["Dana Whitfield", "whitfield", "DANA WHITFIELD", "recall Whitfield"])
def test_the_districts_own_officials_are_refused(term: str) -> None:
    assert refused([words(term)], ["Dana Whitfield"])


@pytest.mark.parametrize("term", ["#AskWhitfield", "Whitfield's", "Wh1tfield", "núñez", "Nunez"])
def test_the_districts_own_officials_are_refused_however_they_are_written(term: str) -> None:
    (sentence,) = refused([words(term)], ["Dana Whitfield", "Iñaki Núñez"])
    assert sentence.endswith("is an official of the district")


NAMES = (
    *("Maria Del Toro", "Jo A. Smith", "jane doe", "JANE DOE", "Jane Doe", "remember jane doe now"),
    *("Kelly O'Brien", "kelly o’brien", "Ángela Ruiz", "angela ruiz", "Gutierrez", "Gutiérrez's"),
    *("Anne-Marie Lopez", "Maria Lopez-Vega", "jane_doe", "JaneDoe", "#AskJaneDoe", "J4ne D0e"),
    *("Will Price", "will t. price", "Grace Young", "Xoch Zelinska", "Zdenka K. Zelinska"),
)


@pytest.mark.parametrize("term", NAMES)
def test_what_looks_like_a_persons_name_is_refused(term: str) -> None:
    assert any("looks like a person's name" in each for each in refused([words(term)], ()))


@pytest.mark.parametrize("term", ["@JaneDoe", "@larch.neighbor", "ask @x_9"])
def test_an_account_is_refused(term: str) -> None:
    (sentence,) = refused([words(term)], ())
    assert sentence.endswith("names somebody's account")


@pytest.mark.parametrize("term", ["Mr. Gutierrez", "mrs zelinska", "Señora Quispe", "that dr. zelinska"])
def test_somebody_named_by_title_is_refused(term: str) -> None:
    (sentence,) = refused([words(term)], ())
    assert sentence.endswith("names somebody by title")


COMMERCE = (
    *("cash gifting circle", "promo code", "Promo Code", "Gift Card", "crypto signals", "Crypto Signals"),
    *("Work From Home", "WhatsApp Group", "forex signals", "name@shop.example", "tarjeta de regalo"),
    *(
        "price",
        "will",
        "Grace",
        "may",
        "young",
        "hope",
        "rose gold",
        "best price",
        "I will hunt you",
        "4chan",
    ),
)


@pytest.mark.parametrize("term", COMMERCE)
def test_a_term_that_names_nobody_is_allowed(term: str) -> None:
    assert refused([words(term)], ()) == []


def test_hits_are_whole_words_in_any_case_with_their_place_in_the_text() -> None:
    found = hits(words("promo code", "promo"), "A PROMO CODE for promotions")
    assert [(span.start, span.end) for span in found] == [(2, 12)]


def test_terms_with_signs_are_taken_literally() -> None:
    assert hits(words("c++ (paid)"), "Learn C++ (paid) here")
    assert not hits(words("a.b"), "aXb")
