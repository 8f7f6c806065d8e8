"""The queue as people filter it, count it, page through it and take the next case from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import cases, review, skips, splits
from modbot.review import Filters, Next
from modbot.rulings import Choice, Ruling
from modbot.store import Store, table, utcnow
from modbot.tables import Case, Page
from tests.modbot.scene import District, district, said

TEXTS = ("Buy now, half price", "I will hurt you", "Please vote yes", "A picnic; buy now please")


@pytest.fixture
def here(store: Store) -> District:
    found = district(store)
    with store.write(logged=False) as tx:
        tx.execute(sa.update(table(Page)).where(table(Page).c.key == "news").values(school="Oak School"))
    found.comes_in(*TEXTS[:3])
    found.arrive(said("n1", TEXTS[3]), page="news")
    found.score()
    return found


def texts(here: District, **filters: Any) -> list[str | None]:
    listing = review.queue(here.store, Filters(**filters))
    assert listing.total == len(listing.lines)
    return [line.text for line in listing.lines]


def number(here: District, text: str) -> int:
    return next(line.id for line in review.waiting(here.store) if line.text == text)


def test_threats_come_first_then_the_oldest(here: District) -> None:
    assert texts(here) == [TEXTS[1], TEXTS[0], TEXTS[2], TEXTS[3]]


def test_what_nobody_could_score_waits_by_its_age_among_the_others(here: District) -> None:
    here.member.broken = True
    here.comes_in("Nice concert")
    here.member.broken = False
    here.comes_in("Buy now from Ed")
    assert texts(here) == [TEXTS[1], TEXTS[0], TEXTS[2], TEXTS[3], "Nice concert", "Buy now from Ed"]
    line = review.queue(here.store, Filters(reason="not_scored")).lines[0]
    assert (line.priority, line.text) == ("not scored", "Nice concert")


SHOWN: list[tuple[dict[str, Any], list[int]]] = [
    ({"clause": "C7"}, [0, 3]),
    ({"clause": "C"}, []),
    ({"page": "news"}, [3]),
    ({"platform": "memory"}, [1, 0, 2, 3]),
    ({"school": "Oak School"}, [3]),
    ({"school": "Oak School", "clause": "C1"}, []),
    ({"reason": "flagged"}, [1, 0, 2, 3]),
    ({"reason": "not_scored"}, []),
    ({"older_than": timedelta(hours=1)}, []),
    ({"older_than": timedelta(0)}, [1, 0, 2, 3]),
    ({"held_by": "ana"}, []),
    ({"escalated": True}, []),
]


def test_the_queue_is_filtered(here: District) -> None:
    found = [(filters, [TEXTS.index(text or "") for text in texts(here, **filters)]) for filters, _ in SHOWN]
    assert found == SHOWN


def test_what_a_person_holds_and_what_was_escalated_have_filters_of_their_own(here: District) -> None:
    cases.claim(here.store, number(here, TEXTS[0]), "ana")
    ruling = Ruling(choice=Choice.ESCALATE, by="ben")
    cases.decide(here.store, here.rules, number(here, TEXTS[2]), ruling)
    assert texts(here, held_by="ana") == [TEXTS[0]]
    assert texts(here, escalated=True) == [TEXTS[2]]


def test_the_counts_are_those_of_the_rows(here: District) -> None:
    cases.claim(here.store, number(here, TEXTS[0]), "ana")
    counts = review.count(here.store, "ana")
    assert (counts.waiting, counts.urgent, counts.not_scored, counts.mine) == (4, 1, 0, 1)
    assert counts.clauses == {"C1": 1, "C6": 1, "C7": 2}
    assert counts.pages == {"blog": 3, "news": 1}
    assert counts.platforms == {"memory": 4}
    assert counts.schools == {"Oak School": 1}
    assert (counts.escalated, counts.edited, counts.second_looks) == (0, 0, 0)


def test_slices_follow_each_other_without_gap_or_repetition(here: District) -> None:
    seen, after = [], ""
    for _ in range(4):
        listing = review.queue(here.store, after=after, limit=1)
        assert listing.total == 4
        seen += [line.text for line in listing.lines]
        after = listing.next
    assert seen == texts(here)
    assert after == ""


def test_a_mark_that_somebody_made_up_starts_at_the_beginning(here: District) -> None:
    assert len(review.queue(here.store, after="x'; --").lines) == 4


def test_a_line_says_what_it_may_be_and_warns_of_what_is_hard_to_read(here: District) -> None:
    line = review.waiting(here.store)[0]
    assert (line.about, line.severe) == (("a threat",), "a threat")
    assert review.waiting(here.store)[1].severe == ""


def test_the_next_case_is_the_first_that_nobody_else_holds(here: District) -> None:
    threat = number(here, TEXTS[1])
    assert review.next_for(here.store, "ana") == Next(threat)
    cases.claim(here.store, threat, "ana")
    assert review.next_for(here.store, "ana") == Next(threat)
    assert review.next_for(here.store, "ben") == Next(number(here, TEXTS[0]))


def test_what_was_skipped_is_offered_to_others_and_comes_back_last(here: District) -> None:
    threat = number(here, TEXTS[1])
    cases.claim(here.store, threat, "ana")
    skips.skip(here.store, threat, "ana")
    assert review.next_for(here.store, "ana") == Next(number(here, TEXTS[0]))
    assert review.next_for(here.store, "ben") == Next(threat)
    for line in review.waiting(here.store):
        skips.skip(here.store, line.id, "ana")
    assert review.next_for(here.store, "ana") == Next(threat)
    assert here.kinds().count("case.skipped") == 5


def test_a_skipped_case_that_changed_is_offered_again(here: District) -> None:
    threat = number(here, TEXTS[1])
    skips.skip(here.store, threat, "ana")
    here.comes_in("I will hurt you!")
    assert review.next_for(here.store, "ana") == Next(threat)


def test_what_was_escalated_is_offered_to_leads_alone(here: District) -> None:
    threat = number(here, TEXTS[1])
    cases.decide(here.store, here.rules, threat, Ruling(choice=Choice.ESCALATE, by="ben"))
    assert review.next_for(here.store, "lee") == Next(threat)
    assert review.next_for(here.store, "ana") == Next(number(here, TEXTS[0]))


def test_when_nothing_waits_there_is_no_next_case(store: Store) -> None:
    assert review.next_for(district(store).store, "ana") is None


def test_decided_cases_are_listed_newest_first_with_what_became_of_them(here: District) -> None:
    offer, threat = number(here, TEXTS[0]), number(here, TEXTS[1])
    hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", reason="An offer")
    cases.decide(here.store, here.rules, offer, hide)
    cases.decide(here.store, here.rules, threat, Ruling(choice=Choice.LEAVE_UP, by="ben"))
    first, second = review.decided(here.store, "ana").lines
    assert (first.line.id, first.by, first.choice, first.action) == (threat, "ben", "leave_up", "")
    assert (second.clause, second.reason, second.action, second.action_state) == (
        "C7",
        "An offer",
        "hide",
        "pending",
    )
    (only,) = review.decided(here.store, "ana", review.Sought(choice="hide")).lines
    assert only.line.id == offer
    slice_one = review.decided(here.store, limit=1)
    slice_two = review.decided(here.store, after=slice_one.next, limit=1)
    assert [each.line.id for each in (*slice_one.lines, *slice_two.lines)] == [threat, offer]
    assert slice_two.next == ""


def test_a_claim_that_ran_out_no_longer_counts(here: District) -> None:
    offer = number(here, TEXTS[0])
    cases.claim(here.store, offer, "ana")
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Case)).values(claimed_until=utcnow() - timedelta(seconds=1)))
    assert texts(here, held_by="ana") == []
    assert review.count(here.store, "ana").mine == 0
    assert review.waiting(here.store)[1].claimed_by is None


def test_a_case_on_two_pages_is_found_and_counted_on_both(store: Store) -> None:
    here = district(store)
    here.comes_in("Buy now at the big sale")
    here.arrive(said("n1", "Buy now at the big sale!"), page="news")
    here.score()
    assert len(texts(here, page="blog")) == len(texts(here, page="news")) == 1
    assert texts(here, page="new") == texts(here, page="_log") == []
    assert len(texts(here, platform="memory")) == 1
    counts = review.count(here.store)
    assert (counts.pages, counts.platforms) == ({"blog": 1, "news": 1}, {"memory": 1})
    assert review.waiting(here.store)[0].pages == ("blog", "news")
    record = review.case(here.store, number(here, "Buy now at the big sale")).items[1].id
    splits.split(here.store, number(here, "Buy now at the big sale"), record, "ana")
    assert [line.pages for line in review.waiting(here.store)] == [("blog",), ("news",)]
