"""Everything archived is found again, hidden and deleted comments too, until it is lawfully disposed of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.command import upgrade
from alembic.config import Config

from modbot import cases, migrations, review, search_words
from modbot.records import disposition
from modbot.review import Found, Outcome, Query
from modbot.review import found as module
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Authored, Case, User
from tests.modbot.scene import NOON, District, deleted, district, edited, said


@pytest.fixture
def here(store: Store) -> District:
    found = district(store)
    found.arrive(
        said("1", "Buy now, half price", author="Zoë Łukasik"),
        said("2", "The café's élan, naïve!", author="Pat Smith"),
        said("3", "Thank you all", author="buy", created_at=NOON - timedelta(days=30)),
    )
    found.arrive(said("n1", "Nothing to buy here", author="Pat Smith"), page="news")
    found.score()
    return found


def found(here: District, **query: Any) -> list[Found]:
    return list(review.search(here.store, Query(**query)).found)


def ids(here: District, **query: Any) -> list[str]:
    return [each.native_id for each in found(here, **query)]


FOUND: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["n1", "3", "2", "1"]),
    ({"text": "buy"}, ["n1", "1"]),
    ({"text": "BUY half"}, ["1"]),
    ({"text": "pri"}, ["1"]),
    ({"text": "pri now"}, []),
    ({"text": "cafe naive"}, ["2"]),
    ({"text": "CAFÉ"}, ["2"]),
    ({"text": '"* OR ( NEAR'}, []),
    ({"text": "!!!"}, ["n1", "3", "2", "1"]),
    ({"author": "smith"}, ["n1", "2"]),
    ({"author": "Zoe"}, ["1"]),
    ({"author": "buy"}, ["3"]),
    ({"text": "nothing", "author": "Pat"}, ["n1"]),
    ({"page": "news"}, ["n1"]),
    ({"text": "buy", "page": "blog"}, ["1"]),
    ({"clause": "C7"}, ["1"]),
    ({"text": "buy", "clause": "C7"}, ["1"]),
    ({"clause": "C"}, []),
    ({"since": NOON - timedelta(days=1)}, ["n1", "2", "1"]),
    ({"until": NOON - timedelta(days=1)}, ["3"]),
    ({"text": "you", "until": NOON}, ["3"]),
    ({"choice": "hide"}, []),
]


def test_what_is_asked_for_is_found_newest_first(here: District) -> None:
    assert [(query, ids(here, **query)) for query, _ in FOUND] == FOUND


def test_what_is_not_among_the_newest_is_found_as_well(
    here: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NEWEST", 0)
    assert ids(here, text="buy") == ["n1", "1"]
    first = review.search(here.store, Query(text="buy"), limit=1)
    rest = review.search(here.store, Query(text="buy"), start=1, limit=1)
    assert [each.native_id for each in (*first.found, *rest.found)] == ["n1", "1"]


def test_hidden_and_deleted_comments_are_found_and_say_so(here: District) -> None:
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
    cases.decide(here.store, here.rules, here.rows(Case)[0].id, ruling)
    here.arrive(deleted("2"))
    (hidden,) = found(here, choice="hide")
    assert (hidden.native_id, hidden.hidden) == ("1", True)
    assert hidden.outcome == Outcome(here.rows(Case)[0].id, "hidden", "C7")
    (gone,) = found(here, text="naive")
    assert (gone.present, gone.text, gone.author) == (False, "The café's élan, naïve!", "Pat Smith")


def test_what_became_of_a_comment_is_told_as_it_stands_now(here: District) -> None:
    case = here.rows(Case)[0]
    here.comes_in("The bus was late again. Third time this week.")

    def said_of(text: str) -> str:
        return found(here, text=text)[0].outcome.word

    assert (said_of("half price"), said_of("third time")) == ("waiting", "")
    cases.decide(here.store, here.rules, case.id, Ruling(choice=Choice.REFER, by="ana", referral="privacy"))
    assert said_of("half price") == "referred"
    cases.undo(here.store, here.rules, case.id, "ana")
    assert said_of("half price") == "waiting"
    cases.decide(here.store, here.rules, case.id, Ruling(choice=Choice.ESCALATE, by="ana", reason="Look"))
    assert said_of("half price") == "escalated"
    here.arrive(edited("1", "Buy now, all for a song"))
    here.score()
    cases.decide(here.store, here.rules, case.id, Ruling(choice=Choice.LEAVE_UP, by="lee"))
    assert (said_of("half price"), said_of("song")) == ("replaced", "left_up")
    cases.undo(here.store, here.rules, case.id, "lee")
    assert said_of("song") == "escalated"


def test_every_revision_is_found_by_its_own_words(here: District) -> None:
    here.arrive(edited("2", "Something else altogether"))
    assert [each.number for each in found(here, text="naive")] == [1]
    assert [each.number for each in found(here, text="altogether")] == [2]


def test_slices_follow_each_other(here: District) -> None:
    first = review.search(here.store, Query(), limit=3)
    rest = review.search(here.store, Query(), start=3, limit=3)
    assert [each.native_id for each in (*first.found, *rest.found)] == ["n1", "3", "2", "1"]
    assert (first.more, rest.more) == (True, False)


def dispose(here: District, native_id: str) -> None:
    with here.store.write() as tx:
        seq = tx.record("user.added", "user:rio", {"role": "records_officer"})
        tx.add(User, name="rio", added=seq, full_name="Rio", role="records_officer", active=True)
    record = next(each.id for each in found(here) if each.native_id == native_id)
    disposition.dispose(here.store, [record], by="rio", authority="GS50-01-23")


def test_lawful_disposition_takes_the_words_out_of_the_index_and_the_name_with_them(here: District) -> None:
    here.comes_in("Entirely unmistakable zyzzyva", "Ordinary words")
    dispose(here, "5")
    assert ids(here, text="zyzzyva") == []
    assert ids(here, text="zyz") == []
    assert ids(here, text="ordinary") == ["6"]
    remains = [each for each in found(here) if each.native_id == "5"]
    assert [(each.text, each.author) for each in remains] == [(None, "")]
    assert remains[0].id not in {row.comment_id for row in here.rows(Authored)}
    assert b"zyzzyva" not in _index(here)


def _index(here: District) -> bytes:
    """Everything that the database keeps of the index."""
    sqlite = here.store.dialect == "sqlite"
    read = (
        "SELECT block FROM comment_words_data" if sqlite else "SELECT CAST(words AS text) FROM comment_words"
    )
    with here.store.read() as connection:
        parts = connection.execute(sa.text(read)).scalars().all()
    whole = b"".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
    assert b"ordinary" in whole
    return whole


def test_words_of_an_index_that_knew_no_beginnings_are_found_after_the_database_was_brought_forward(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'older.db'}"
    older, alembic = Store(url), Config()
    alembic.set_main_option("script_location", "modbot:migrations")
    with older.engine.begin() as connection:
        alembic.attributes["connection"] = connection
        upgrade(alembic, "0008")
        add = "INSERT INTO comment_words (rowid, words) VALUES (?, ?)"
        rows = [(7, "@zoe @lukasik buy now café"), (9, "nothing to buy"), (12, "the buyers")]
        connection.exec_driver_sql(add, rows)
    migrations.upgrade(older.engine)
    with older.read() as connection:
        asked = [
            search_words.matching("sqlite", text, author)
            for text, author in (("buy", ""), ("buy now", ""), ("", "zoe"), ("cafe", ""))
        ]
        found = [sorted(connection.execute(each).scalars()) for each in asked if each is not None]
        schema = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'comment_words'"
        ).scalar()
    older.close()
    assert found == [[7, 9, 12], [7], [7], [7]]
    assert schema is not None
    assert "prefix = '3'" in schema
