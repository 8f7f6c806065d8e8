from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from modbot import logbook
from modbot.audit import KINDS
from modbot.logbook import Wanted
from modbot.store import Store, table, utcnow
from modbot.tables import Content

START = utcnow() - timedelta(days=30)


@pytest.fixture
def filled(store: Store) -> Store:
    """200 entries, one a minute: a decision by ana in every tenth, else a comment."""
    for n in range(200):
        decided = n % 10 == 9
        with store.write(START + timedelta(minutes=n)) as tx:
            if decided:
                tx.record("decision.made", f"case:{n}", {"n": n}, actor="ana")
            else:
                tx.record("comment.seen", f"comment:blog/{n}", {"text": f"comment {n}"})
    return store


def numbers(store: Store, wanted: Wanted) -> list[int]:
    """Every entry found, page by page."""
    found: list[int] = []
    before: int | None = None
    while True:
        leaf = logbook.leaf(store, wanted, before)
        found += [entry.seq for entry in leaf.entries]
        before = leaf.older
        if before is None:
            return found


def test_the_whole_log_is_read_newest_first_and_page_by_page(filled: Store) -> None:
    assert numbers(filled, Wanted()) == list(range(200, 0, -1))


@pytest.mark.parametrize(
    "wanted", [Wanted(kind="decision.made"), Wanted(kind="decision"), Wanted(actor="ana")]
)
def test_entries_are_found_by_their_kind_its_group_and_who_made_them(filled: Store, wanted: Wanted) -> None:
    assert numbers(filled, wanted) == list(range(200, 0, -10))


def test_everything_about_one_subject_is_found(filled: Store) -> None:
    assert numbers(filled, Wanted(subject="comment:blog/7")) == [8]


def test_days_bound_what_is_found_the_first_included_and_the_last_not(filled: Store) -> None:
    wanted = Wanted(since=START + timedelta(minutes=10), until=START + timedelta(minutes=20))
    assert numbers(filled, wanted) == list(range(20, 10, -1))
    assert numbers(filled, Wanted(until=START)) == []
    assert numbers(filled, Wanted(since=START + timedelta(days=1))) == []


def test_a_look_for_something_rare_goes_back_a_part_of_the_log_at_a_time(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "REACH", 25)
    leaf = logbook.leaf(filled, Wanted(actor="ana"))
    assert [entry.seq for entry in leaf.entries] == [200, 190, 180]
    assert (leaf.looked_from, leaf.looked_to, leaf.older) == (200, 176, 176)
    assert numbers(filled, Wanted(actor="ana")) == list(range(200, 0, -10))


def test_an_unknown_kind_finds_nothing(filled: Store) -> None:
    assert numbers(filled, Wanted(kind="%")) == []


def test_an_entry_is_shown_with_its_content_and_with_what_signed_it(filled: Store) -> None:
    record = logbook.record(filled, 10)
    assert record is not None
    assert (record.content, record.disposed, record.newest, record.signed_by) == ({"n": 9}, False, 200, None)
    assert logbook.record(filled, 201) is None


def test_an_entry_whose_words_were_disposed_of_says_so(filled: Store) -> None:
    contents = table(Content)
    with filled.write() as tx:
        tx.record("record.disposed", "entry:10")
    with filled.write(logged=False) as tx:
        tx.execute(sa.update(contents).where(contents.c.seq == 10).values(body=None))
    record = logbook.record(filled, 10)
    assert record is not None
    assert (record.content, record.disposed) == (None, True)


def test_every_kind_belongs_to_a_group_once() -> None:
    groups = logbook.kinds_of(tuple(KINDS))
    assert len(groups) == len(set(groups))
    assert all(any(kind.startswith(f"{group}.") for group in groups) for kind in KINDS)
