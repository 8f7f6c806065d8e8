"""The fixed answer to private messages: only where it is turned on, once to a person, on record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import platforms
from modbot import auto_reply, config
from modbot.config import AutoReply
from modbot.errors import ConfigError
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import AuditEvent
from platforms.base import Event, Kind, Platform, RateLimited
from platforms.memory import Memory
from tests.modbot.scene import District, district, said

TEXT = "Write to office@district.example.org, please."
ON = {"pages": ["blog"], "text": TEXT, "by": "Lee Example", "again_after_days": 30}


class Answering(Memory):
    """A page that takes answers to everybody but itself, whose number is 1."""

    def __init__(self) -> None:
        super().__init__("blog", Memory.Settings())
        self.answered: list[tuple[str, str]] = []
        self.failure: Exception | None = None

    def may_answer(self, author_id: str) -> bool:
        return author_id != "1"

    async def answer(self, author_id: str, text: str) -> None:
        self.answered.append((author_id, text))
        if self.failure:
            raise self.failure


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


@pytest.fixture
def page() -> Answering:
    return Answering()


def message(name: str, author: str, hours: float = 0.0, kind: Kind = Kind.DIRECT_MESSAGE) -> Event:
    at = utcnow() - timedelta(hours=hours)
    return said(name, f"A question, {name}", kind=kind, author_id=author, created_at=at)


def look(here: District, page: Answering, **changes: Any) -> int:
    settings = AutoReply.model_validate(ON | changes)
    return asyncio.run(auto_reply.answer_all(here.store, "blog", page, settings))


def replies(here: District) -> list[tuple[str, str, Any]]:
    events = table(AuditEvent)
    with here.store.read() as connection:
        rows = connection.execute(
            sa.select(events).where(events.c.kind.like("reply.%")).order_by(events.c.seq)
        ).all()
        bodies = bodies_of(connection, [row.seq for row in rows])
    return [(row.kind, row.subject, bodies[row.seq]) for row in rows]


def test_a_person_gets_the_answer_once_however_much_they_write(here: District, page: Answering) -> None:
    here.arrive(message("m1", "77"), message("m2", "77"))
    assert look(here, page) == 1
    here.arrive(message("m3", "77"))
    assert look(here, page) == 0
    assert page.answered == [("77", TEXT)]


def test_every_answer_is_on_record_with_its_words_and_who_turned_it_on(
    here: District, page: Answering
) -> None:
    here.arrive(message("m1", "77"))
    look(here, page)
    asked, sent = replies(here)
    assert (asked[0], sent[0]) == ("reply.requested", "reply.sent")
    assert asked[1] == sent[1] == "comment:blog/m1"
    assert (asked[2]["text"], asked[2]["turned_on_by"]) == (TEXT, "Lee Example")


def test_comments_old_messages_other_pages_and_our_own_are_not_answered(
    here: District, page: Answering
) -> None:
    here.arrive(message("c1", "70", kind=Kind.COMMENT), message("m1", "71", hours=30), message("m2", "1"))
    here.arrive(message("m3", "72"), page="news")
    assert look(here, page) == 0
    assert page.answered == []


def test_after_the_period_the_same_person_is_answered_again(
    here: District, page: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.arrive(message("m1", "77"))
    look(here, page)
    later = utcnow() + timedelta(days=31)
    monkeypatch.setattr("modbot.store.utcnow", lambda: later)
    here.arrive(said("m2", "Again", kind=Kind.DIRECT_MESSAGE, author_id="77", created_at=later))
    assert look(here, page) == 1


def test_an_answer_that_fails_is_on_record_is_not_repeated_and_stops_nobody_else(
    here: District, page: Answering
) -> None:
    here.arrive(message("m1", "77"), message("m2", "78"))
    page.failure = RateLimited("slow down", retry_after=60)
    assert look(here, page) == 2
    assert [kind for kind, _, _ in replies(here)].count("reply.failed") == 2
    assert look(here, page) == 0


def test_a_stop_between_record_and_answer_sends_none_twice(here: District, page: Answering) -> None:
    here.arrive(message("m1", "77"))
    assert len(auto_reply.claim(here.store, "blog", page, AutoReply.model_validate(ON))) == 1
    assert look(here, page) == 0


def test_it_is_off_unless_a_text_and_a_name_stand_there(tmp_path: Path) -> None:
    assert config.build({}, tmp_path / "modbot.toml").auto_reply.pages == ()
    for missing in ("text", "by"):
        with pytest.raises(ConfigError, match="who turned it on"):
            config.build({"auto_reply": ON | {missing: " "}}, tmp_path / "modbot.toml")


@pytest.mark.parametrize(("key", "why"), [("blog", "no program may answer"), ("gone", "is not there")])
def test_a_page_where_no_answer_can_be_sent_is_refused_at_the_start(key: str, why: str) -> None:
    pages = {"blog": Memory("blog", Memory.Settings())}
    with pytest.raises(ConfigError, match=why):
        auto_reply.refuse_silent(pages, AutoReply.model_validate(ON | {"pages": [key]}))


@pytest.mark.parametrize("name", sorted(platforms.names()))
def test_a_platform_says_whether_it_answers_as_it_does(name: str) -> None:
    adapter = platforms.load(name)
    answers = adapter.answer is not Platform.answer
    assert adapter.capabilities.answers is answers
    assert (adapter.may_answer is not Platform.may_answer) is answers


def test_a_platform_answers_nobody_unless_it_says_so(here: District) -> None:
    here.arrive(message("m1", "77"))
    plain = Memory("blog", Memory.Settings())
    assert auto_reply.claim(here.store, "blog", plain, AutoReply.model_validate(ON)) == []
