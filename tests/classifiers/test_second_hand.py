"""Reports of somebody else's threat are found; figures of speech, games and what is over are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers import second_hand
from classifiers.training import second_hand as measuring


@pytest.mark.parametrize(
    "text",
    [
        "My son says a kid will bring a gun tomorrow",
        "heard someone posted that they will shoot up the school on friday",
        "A girl at lunch told my daughter she doesn't want to be alive anymore",
        "Mi hijo me dijo que un niño va a llevar una pistola mañana",
        "¿Es cierto que amenazaron con una bomba?",
        "my son says a kid will br1ng a g.u.n t0morrow",
    ],
)
def test_a_report_of_a_threat_is_found(text: str) -> None:
    assert second_hand.find(text)


@pytest.mark.parametrize(
    "text",
    [
        "I will bring cupcakes tomorrow, my son says they are great",
        "My son says his mom will kill him over that grade lol",
        "They arrested the kid who said he'd bring a gun last spring. Thank you all.",
        "A dad told the board that he wants teachers to carry guns",
        "My daughter heard that the play has a stabbing in act two",
        "Shoot for the stars, my grandson says",
        "Mi mamá me va a matar si no llego",
    ],
)
def test_what_only_sounds_like_one_is_not(text: str) -> None:
    assert second_hand.find(text) == ()


def test_what_is_over_counts_again_when_it_may_come_again() -> None:
    over = "He was arrested last spring for saying he would shoot everyone."
    assert second_hand.find(over) == ()
    assert second_hand.find(f"{over} Now my son says he told them tomorrow he will shoot them.")


def test_the_marked_words_stand_in_the_text_as_received() -> None:
    text = "Ñandú! MY SON says a kid will Br1ng a gun tomorrow"
    (span,) = second_hand.find(text)
    assert text[span.start : span.end] == "Br1ng a gun"


@given(st.text(max_size=400))
def test_no_text_makes_it_fail_and_every_span_lies_inside(text: str) -> None:
    assert all(0 <= span.start < span.end <= len(text) for span in second_hand.find(text))


def test_most_reports_are_found_that_nobody_looked_at_while_the_words_were_chosen() -> None:
    found = measuring.written(held_out=True)
    assert found.found / found.reports >= 0.6
    assert found.taken / found.others <= 0.1


def test_the_probability_is_the_share_of_hits_in_the_corpus_that_were_right(tmp_path: Path) -> None:
    counts = measuring.Found(reports=9, found=7, others=90, taken=1)
    changed = tmp_path / "second_hand.toml"
    text = second_hand.FORMS.read_text(encoding="utf-8")
    changed.write_text(measuring.rewritten(text, counts), encoding="utf-8")
    assert second_hand.read(changed).probability == pytest.approx(0.8)
    assert len(re.findall(r"(?m)^measured", text)) == 1
