"""From a pasted comment to a change that a person made: archive, queue, decision, task, tick."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modbot import actions, bringing_in, by_hand, cases, config, deletions, health, users, wiring
from modbot.by_hand import Outcome
from modbot.config import Settings
from modbot.errors import ConfigError, NotAllowed, NotBroughtIn, StaleCase
from modbot.rulings import Choice, Ruling
from modbot.store import Store, bodies_of, body_of
from modbot.tables import Action, AuditEvent, Case, Comment
from platforms.manual import Row
from tests.modbot.scene import District, district

PAGES = [
    {"key": "forum", "platform": "manual", "title": "Parents' forum", "link": "https://forum.example.org"},
    {"key": "sheet", "platform": "manual", "settings": {"columns": {"text": "Comment", "author": "User"}}},
    {"key": "pins", "platform": "pinterest"},
    {"key": "live", "platform": "memory"},
]


@dataclass(frozen=True)
class Hands:
    here: District
    settings: Settings

    @property
    def store(self) -> Store:
        return self.here.store

    def bring(self, text: str, *, page: str = "forum", by: str = "ana", **fields: str) -> int:
        row = Row(text=text, **fields)
        return bringing_in.one(self.store, self.settings, page, row, by).taken.seen

    def file(self, content: bytes, *, page: str = "forum") -> bringing_in.Brought:
        return bringing_in.file(self.store, self.settings, page, "export.csv", content, "ana")

    def texts(self) -> list[str]:
        with self.store.read() as connection:
            bodies = bodies_of(connection, [row.id for row in self.here.rows(Comment)])
        return [body["text"] for body in bodies.values()]

    def decide(self, choice: Choice, quote: str = "") -> None:
        [case] = self.here.rows(Case)
        ruling = Ruling(choice=choice, by="ben", clause="C7" if quote else "", quote=quote, reason="x")
        cases.decide(self.store, self.here.rules, case.id, ruling)

    def carry_out(self, key: str = "forum") -> None:
        """As the service does, once the time to take it back has passed."""
        page = next(page for page in self.settings.page if page.key == key)
        platform = wiring.open_page(page)
        asyncio.run(platform.open())
        asyncio.run(actions.carry_out(self.store, key, platform))

    def state(self) -> list[tuple[str, str]]:
        return [(row.kind, row.state) for row in self.here.rows(Action)]


def complaints(hands: Hands) -> list[str]:
    return health.complaints(health.measure(hands.store), hands.settings)


@pytest.fixture
def hands(store: Store, tmp_path: Path) -> Hands:
    own = {"page": PAGES, "review": {"undo_seconds": 0, "second_share": 0}}
    settings = config.build(own, tmp_path / "modbot.toml")
    here = district(store)
    wiring.register_pages(store, settings.page)
    return Hands(here, settings)


def test_a_pasted_comment_is_archived_scored_and_queued_like_all_others(hands: Hands) -> None:
    written = {"author": "A parent", "written_at": "11/22/2026 8:05 AM", "link": "https://f.example.org/7"}
    assert hands.bring("Buy now, half price", **written)
    hands.here.score()
    [case] = hands.here.rows(Case)
    assert case.clauses == "C7"
    [row] = hands.here.rows(Comment)
    with hands.store.read() as connection:
        kept = body_of(connection, row.id)
    assert kept
    assert (kept["author"], kept["permalink"]) == ("A parent", "https://f.example.org/7")
    assert row.created_at == datetime(2026, 11, 22, 16, 5, tzinfo=UTC)
    assert kept["payload"]["brought_in_by"] == "ana"
    assert kept["payload"]["as_given"]["written_at"] == "11/22/2026 8:05 AM"


def test_who_brought_comments_in_is_in_the_log(hands: Hands) -> None:
    hands.bring("Hello")
    [entry] = [row for row in hands.here.rows(AuditEvent) if row.kind == "page.brought_in"]
    assert (entry.actor, entry.subject) == ("ana", "page:forum")


def test_the_same_comment_brought_in_twice_is_on_record_once(hands: Hands) -> None:
    assert [hands.bring("Hello", author="A"), hands.bring("Hello", author="A")] == [1, 0]
    assert hands.bring("Hello", author="B") == 1


def test_a_file_is_read_by_the_columns_that_the_page_names(hands: Hands) -> None:
    content = 'User;Comment;Likes\r\nAna;"first; with\r\ntwo lines";3\r\nBo;second;0\r\n'.encode("cp1252")
    brought = hands.file(content, page="sheet")
    assert brought.taken.seen == 2
    assert hands.texts() == ["first; with\r\ntwo lines", "second"]


def test_rows_that_cannot_be_read_are_named_and_the_others_are_taken(hands: Hands) -> None:
    content = (
        b"text,written_at,link\ngood,2026-11-22 08:00,\n,,\nbad,yesterday,\nworse,,javascript:alert(1)\n"
    )
    brought = hands.file(content)
    assert brought.taken.seen == 1
    assert [number for number, _ in brought.refused] == [2, 3, 4]


def test_other_words_under_the_sites_own_id_are_an_edit(hands: Hands) -> None:
    hands.file(b"id,text\n7,before\n")
    assert hands.file(b"id,text\n7,after\n8,new\n").taken.edited == 1


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\x81\xff\xfe\x00", b'text\n"' + b"x" * 200_000 + b'"\n'], ids=range(4)
)
def test_a_file_that_is_none_is_refused_with_what_to_do(hands: Hands, content: bytes) -> None:
    with pytest.raises(NotBroughtIn) as refusal:
        hands.file(content)
    assert refusal.value.remedy
    assert hands.here.rows(Comment) == []


def test_only_who_may_decide_brings_comments_in_and_only_where_modbot_cannot_read(hands: Hands) -> None:
    with pytest.raises(NotAllowed):
        hands.bring("Hello", by="vic")
    with pytest.raises(ConfigError, match="live"):
        hands.bring("Hello", page="live")
    with pytest.raises(NotBroughtIn):
        hands.bring(" \n ")


def test_what_is_decided_there_becomes_a_task_and_a_tick_settles_it(hands: Hands) -> None:
    hands.bring("Buy now, half price", author="Pat")
    hands.here.score()
    hands.decide(Choice.HIDE, "Buy now")
    hands.carry_out()
    [task] = by_hand.tasks(hands.store)
    assert (task.kind, task.page_title, task.author, task.text) == (
        "hide",
        "Parents' forum",
        "Pat",
        "Buy now, half price",
    )
    assert task.link == "https://forum.example.org"
    assert not any("cannot be carried out" in each for each in complaints(hands))
    assert "the site's own tools" in task.what
    seq = by_hand.settle(hands.store, task.id, "ana", Outcome.DONE)
    assert hands.state() == [("hide", "done")]
    assert by_hand.tasks(hands.store) == []
    [case] = hands.here.rows(Case)
    assert case.state == "closed"
    [entry] = [row for row in hands.here.rows(AuditEvent) if row.seq == seq]
    assert (entry.kind, entry.actor) == ("action.by_hand", "ana")


def test_taking_the_decision_back_makes_the_opposite_task(hands: Hands) -> None:
    hands.bring("Buy now, half price")
    hands.here.score()
    hands.decide(Choice.HIDE, "Buy now")
    hands.carry_out()
    by_hand.settle(hands.store, by_hand.tasks(hands.store)[0].id, "ana", Outcome.DONE)
    hands.decide(Choice.LEAVE_UP)
    hands.carry_out()
    [task] = by_hand.tasks(hands.store)
    assert task.kind == "unhide"
    by_hand.settle(hands.store, task.id, "ana", Outcome.DONE)
    assert hands.state() == [("hide", "done"), ("unhide", "done")]


def test_a_task_that_nobody_did_is_withdrawn_with_its_decision(hands: Hands) -> None:
    hands.bring("Buy now, half price")
    hands.here.score()
    hands.decide(Choice.HIDE, "Buy now")
    hands.carry_out()
    [task] = by_hand.tasks(hands.store)
    [case] = hands.here.rows(Case)
    cases.undo(hands.store, hands.here.rules, case.id, "ben")
    assert by_hand.tasks(hands.store) == []
    with pytest.raises(StaleCase):
        by_hand.settle(hands.store, task.id, "ana", Outcome.DONE)


def test_a_comment_that_was_gone_is_noted_as_gone(hands: Hands) -> None:
    hands.bring("Buy now, half price")
    hands.here.score()
    hands.decide(Choice.HIDE, "Buy now")
    hands.carry_out()
    [task] = by_hand.tasks(hands.store)
    with pytest.raises(NotAllowed):
        by_hand.settle(hands.store, task.id, "vic", Outcome.GONE)
    by_hand.settle(hands.store, task.id, "ana", Outcome.GONE)
    assert hands.state() == [("hide", "gone")]
    with pytest.raises(StaleCase):
        by_hand.settle(hands.store, task.id, "ana", Outcome.DONE)


def test_where_people_can_only_delete_it_is_proposed_released_and_then_a_task(hands: Hands) -> None:
    users.add(hands.store, "rio", "Rio", "records_officer")
    hands.bring("Buy now, half price", page="pins", post="77")
    hands.here.score()
    hands.decide(Choice.HIDE, "Buy now")
    hands.carry_out("pins")
    assert by_hand.tasks(hands.store) == []
    [comment] = hands.here.rows(Comment)
    deletions.release(hands.store, comment.id, "rio", "An advertisement, and the page cannot hide")
    hands.carry_out("pins")
    [task] = by_hand.tasks(hands.store)
    assert (task.kind, task.link) == ("delete", "https://www.pinterest.com/pin/77/")
    assert "choose Delete" in task.what
    by_hand.settle(hands.store, task.id, "ana", Outcome.DONE)
    assert hands.state() == [("delete", "done")]
