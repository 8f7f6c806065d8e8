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


def test_what_looks_like_a_persons_name_is_refused() -> None:
    assert refused([words("Maria Del Toro"), words("Jo A. Smith")], ()) != []


def test_a_neutral_term_of_commerce_is_allowed() -> None:
    assert refused([words("cash gifting circle", "promo code", "crypto signals")], ()) == []


def test_hits_are_whole_words_in_any_case_with_their_place_in_the_text() -> None:
    found = hits(words("promo code", "promo"), "A PROMO CODE for promotions")
    assert [(span.start, span.end) for span in found] == [(2, 12)]


def test_terms_with_signs_are_taken_literally() -> None:
    assert hits(words("c++ (paid)"), "Learn C++ (paid) here")
    assert not hits(words("a.b"), "aXb")
