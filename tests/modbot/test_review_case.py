"""What stands beside a comment on the case screen: thread, copies, the author's other cases, notes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from modbot import cases, notes, openings, review, splits
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.review import around
from modbot.rulings import Choice, Ruling
from modbot.store import Store, body_of, utcnow
from modbot.tables import Case, Decision, Opened
from tests.modbot.scene import NOON, District, district, edited, said


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


def view(here: District, number: int = 0, viewer: str = "") -> review.View:
    return review.case(here.store, here.rows(Case)[number].id, viewer)


def test_the_thread_is_shown_as_archived(here: District) -> None:
    here.arrive(
        said("1", "Should we sell bricks?"),
        said("2", "Yes", parent="1"),
        *(said(f"b{n}", f"before {n}") for n in range(6)),
        said("3", "Buy now from me", parent="2"),
        said("a1", "after one"),
        said("elsewhere", "another post", post="post-2"),
    )
    here.arrive(edited("b5", "before, edited"))
    here.score()
    thread = view(here).thread
    assert [each.text for each in thread.answers] == ["Should we sell bricks?", "Yes"]
    assert [each.text for each in thread.before] == ["before 2", "before 3", "before 4", "before 5"]
    assert [each.text for each in thread.after] == ["after one", "before, edited"]
    assert thread.post_comments == 10


def test_a_long_thread_is_not_counted_to_its_end(here: District, monkeypatch: pytest.MonkeyPatch) -> None:
    here.arrive(*(said(f"b{n}", f"before {n}") for n in range(9)), said("1", "Buy now from me"))
    here.score()
    monkeypatch.setattr(around, "COUNTED", 10)
    whole = view(here).thread
    assert (whole.post_comments, whole.is_long) == (10, False)
    monkeypatch.setattr(around, "COUNTED", 4)
    cut = view(here).thread
    assert (cut.post_comments, cut.is_long) == (5, True)


def test_a_comment_that_answers_itself_in_a_circle_ends_the_thread(here: District) -> None:
    here.arrive(said("1", "One", parent="2"), said("2", "Buy now", parent="1"))
    here.score()
    assert [each.native_id for each in view(here).thread.answers] == ["1"]


def test_copies_tell_how_far_and_how_fast_they_went(here: District) -> None:
    here.arrive(said("1", "Buy now at the big sale"))
    here.arrive(said("2", "Buy now at the big sale", created_at=NOON + timedelta(hours=3)), page="news")
    here.score()
    spread = view(here).spread
    assert (spread.copies, spread.pages) == (2, ("blog", "news"))
    assert spread.last_at - spread.first_at == timedelta(hours=3)


def test_the_authors_earlier_cases_on_the_page_are_listed(here: District) -> None:
    here.arrive(said("1", "Buy now, cheap", author_id="u1", author="Pat"))
    here.arrive(said("2", "Buy now, hats", author_id="u2", author="Pat"))
    here.arrive(said("3", "I will hurt you", author_id="u1", author="Renamed"))
    here.arrive(said("4", "Please vote yes", author_id="u1"), page="news")
    here.score()
    hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
    cases.decide(here.store, here.rules, here.rows(Case)[0].id, hide)
    (earlier,) = view(here, 2).earlier
    assert (earlier.text, earlier.choice, earlier.clause) == ("Buy now, cheap", "hide", "C7")
    (later,) = view(here, 0).earlier
    assert (later.state, later.choice) == ("open", "")


def test_without_an_id_the_name_stands_for_the_author(here: District) -> None:
    here.arrive(said("1", "Buy now, cheap", author="Sam"), said("2", "I will hurt you", author="Sam"))
    here.score()
    assert len(view(here).earlier) == 1


def test_the_page_is_named(here: District) -> None:
    here.comes_in("Buy now")
    assert (view(here).place.key, view(here).place.platform) == ("blog", "memory")


def test_notes_are_kept_with_their_author_and_on_record(here: District) -> None:
    here.comes_in("Buy now")
    notes.write(here.store, here.rows(Case)[0].id, "ana", " Asked the PTA.\n")
    (noted,) = view(here).notes
    assert (noted.by, noted.text) == ("ana", "Asked the PTA.")
    assert here.kinds()[-1] == "case.noted"


@pytest.mark.parametrize(
    ("by", "text", "error"),
    [("vic", "x", NotAllowed), ("ana", " ", DecisionRefused), ("ana", "x" * 4_001, DecisionRefused)],
)
def test_a_note_needs_words_and_somebody_who_decides(
    here: District, by: str, text: str, error: type[Exception]
) -> None:
    here.comes_in("Buy now")
    with pytest.raises(error):
        notes.write(here.store, here.rows(Case)[0].id, by, text)


def test_a_decision_keeps_the_swap_test_the_reason_code_and_when_the_opinion_was_shown(
    here: District,
) -> None:
    here.comes_in("Buy now")
    case_id = here.rows(Case)[0].id
    cases.claim(here.store, case_id, "ana")
    grounds: dict[str, Any] = {
        "reason_code": "C7.commercial",
        "swap_test": True,
        "opinion_first": False,
        "first_choice": "leave_up",
    }
    hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", **grounds)
    (seq,) = cases.decide(here.store, here.rules, case_id, hide)
    with here.store.read() as connection:
        body = body_of(connection, seq)
    assert {key: body[key] for key in grounds} == grounds
    assert body["role"] == "moderator"
    assert body["opened_at"] == here.rows(Opened)[0].first_at.isoformat()
    (decided,) = view(here).decisions
    assert (decided.reason_code, decided.swap_test) == ("C7.commercial", True)


def test_a_reason_that_is_not_on_the_list_is_refused(here: District) -> None:
    here.comes_in("Buy now")
    wrong = Ruling(choice=Choice.LEAVE_UP, by="ana", reason_code="C7.commercial")
    with pytest.raises(DecisionRefused, match=r"C7\.commercial"):
        cases.decide(here.store, here.rules, here.rows(Case)[0].id, wrong)


def test_what_was_hard_to_read_is_counted_for_each_person_once_a_case(here: District) -> None:
    here.comes_in("I will hurt you", "Buy now")
    for _ in range(2):
        for row in here.rows(Case):
            cases.claim(here.store, row.id, "ana")
    today = utcnow() - timedelta(hours=1)
    assert openings.severe_since(here.store, "ana", today) == 1
    assert openings.severe_since(here.store, "ben", today) == 0
    assert openings.severe_since(here.store, "ana", utcnow() + timedelta(hours=1)) == 0


def test_a_campaign_of_226_copies_in_ten_minutes_is_one_case_with_226_records(here: District) -> None:
    here.arrive(
        *(
            said(f"c{n}", "Buy now" + "!" * (n % 3), created_at=NOON + timedelta(seconds=n))
            for n in range(226)
        )
    )
    here.score()
    (row,) = here.rows(Case)
    found = view(here)
    assert (found.line.copies, len(found.items)) == (226, 226)
    hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", version=row.version)
    assert len(cases.decide(here.store, here.rules, row.id, hide)) == 226
    assert len({each.comment_id for each in here.rows(Decision)}) == 226


def test_one_comment_is_taken_out_of_a_case_with_its_revisions(here: District) -> None:
    here.comes_in("Buy now at the sale", "Buy now at the sale!", "Buy now at the sale!!")
    here.arrive(edited("2", "Buy now at my sale"))
    here.score()
    (row,) = here.rows(Case)
    record = next(each for each in view(here).items if each.native_id == "2").id
    new = splits.split(here.store, row.id, record, "ana")
    assert [each.native_id for each in view(here).items] == ["1", "3"]
    assert [each.number for each in review.case(here.store, new).revisions] == [1, 2]
    assert review.case(here.store, new).line.clauses == ("C7",)
    assert here.kinds()[-2:] == ["case.opened", "case.split"]
    hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", version=row.version)
    with pytest.raises(StaleCase):
        cases.decide(here.store, here.rules, row.id, hide)
    cases.decide(here.store, here.rules, new, Ruling(choice=Choice.LEAVE_UP, by="ana"))


def test_the_last_comment_of_a_case_cannot_be_taken_out_nor_one_of_another(here: District) -> None:
    here.comes_in("Buy now", "I will hurt you")
    first, second = here.rows(Case)
    for record in (view(here).items[0].id, view(here, 1).items[0].id, 999):
        with pytest.raises(DecisionRefused):
            splits.split(here.store, first.id, record, "ana")
    assert second.id != first.id
