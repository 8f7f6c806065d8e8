from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from modbot import actions, checkpoints, review, users
from modbot.demo import PERSON, Feed, Material, Post, Sample
from modbot.records import archive
from modbot.store import Store
from modbot.tables import Action, Decision
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.practice_page import Practice
from platforms.base import PlatformSettings
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, add_page, district
from tests.web.visitor import HERE, Visitor, settings, visit, words

THREAT = "Say that again and I will hurt you"
POSTS = (Post("routes", "New bus routes", "From Monday."), Post("concert", "Concert", "On Thursday."))


@dataclass(frozen=True)
class Classroom:
    here: District
    page: MemoryPage
    feed: Feed
    visitor: Visitor

    def comes_in(self, text: str, author: str = "Pat") -> str:
        written = self.page.post(text, author=author, post="routes")
        self.work()
        return written

    def work(self) -> None:
        """What the running bot does by itself: read the page, score, carry out what is due."""
        with self.here.store.read() as connection:
            cursor = connection.exec_driver_sql(
                f"SELECT cursor FROM page WHERE key = '{self.page.name}'"
            ).scalar()
        archive.take_in(self.here.store, self.page.name, self.page.events_after(cursor))
        self.here.score()
        page = Memory(self.page.name, PlatformSettings())
        asyncio.run(actions.carry_out(self.here.store, self.page.name, page))

    def only_case(self) -> int:
        (line,) = review.waiting(self.here.store)
        return line.id

    def hide(self, **changed: str) -> str:
        number = self.only_case()
        version = str(review.case(self.here.store, number).line.version)
        form = {"choice": "hide", "clause": "C1", "quote": "hurt you", "version": version} | changed
        return self.visitor.post(f"/practice/cases/{number}/decide", form).text

    def public(self) -> list[str]:
        return [comment.text for comment in self.page.seen_by_public()]

    def read(self) -> str:
        return words(self.visitor.get("/practice").text)


@pytest.fixture
def room(tmp_path: Path, migrated_file: Path) -> Iterator[Classroom]:
    copy = tmp_path / "modbot.db"
    copy.write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{copy}")
    here = district(store)
    users.add(store, PERSON, "You", "moderator")
    key = f"practice-{uuid4().hex[:8]}"
    with store.write() as tx:
        add_page(tx, key, "memory", tx.record("page.registered", f"page:{key}"))
    page = memory_page(key)
    feed = Feed(page, [Sample("concert", "Lou", "everyday", "See you there")] * 2, seconds=0.01)
    without_delay = settings(tmp_path).model_copy(
        update={"review": settings(tmp_path).review.model_copy(update={"undo_seconds": 0})}
    )
    practice = Practice(Material("Larch Hollow", POSTS, ()), page, feed)
    yield Classroom(here, page, feed, visit(create_app(Desk(without_delay, store), practice)))
    store.close()


def test_a_comment_is_shown_with_its_record_number_and_what_was_found(room: Classroom) -> None:
    room.comes_in("Nice concert", author="Marisol T.")
    text = room.read()
    assert "Marisol T." in text
    assert "Nice concert Record" in text
    assert "nothing found, left alone" in text
    assert "Nothing waits for you." in text


def test_a_comment_that_nobody_read_yet_is_shown_as_such(room: Classroom) -> None:
    room.page.post("Just now", post="routes")
    assert "Just now being read" in room.read()


def test_a_flagged_comment_waits_with_clause_evidence_and_reason_in_words(room: Classroom) -> None:
    room.comes_in(THREAT)
    page = room.visitor.get("/practice").text
    assert "I will <mark>hurt you</mark></blockquote>" in page
    text = words(page)
    assert "waits for you: may break C1" in text
    assert "1 case waits for your decision." in text
    assert "This may be a threat . The machine’s sureness: high ." in text
    assert "C1 Threatening or intimidating" in text
    assert "says so" in text
    assert text.index("sureness") < text.index("0.95 of 1")


def test_hiding_takes_the_comment_off_the_page_and_undo_brings_it_back(room: Classroom) -> None:
    room.comes_in(THREAT)
    number = room.only_case()
    assert "You hid it under C1. The page is told" in words(room.hide())
    assert room.public() == [THREAT]
    room.work()
    assert room.public() == []
    text = room.read()
    assert "the page confirmed: readers no longer see it." in text
    assert "A comment by Pat is hidden. Readers do not see this line." in text
    back = words(room.visitor.post(f"/practice/cases/{number}/undo", {}).text)
    assert "Leave up" in back
    room.work()
    assert room.public() == [THREAT]
    assert checkpoints.verify(room.here.store).entries == len(room.here.kinds())


def test_leaving_up_is_a_decision_too(room: Classroom) -> None:
    room.comes_in(THREAT)
    assert "You left it up." in words(room.hide(choice="leave_up"))
    (decision,) = room.here.rows(Decision)
    assert (decision.choice, decision.decided_by, decision.clause) == ("leave_up", PERSON, "")
    assert "Decided earlier" in room.read()
    assert "you left it up" in room.read()


def test_hide_is_not_offered_where_nobody_signed_off(room: Classroom) -> None:
    room.comes_in("vote yes")
    text = room.read()
    assert "Hide is not offered: nobody signed off on removing comments under C6." in text
    assert "Hide it" not in text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"quote": "other words"}, "exactly as they stand in the comment"),
        ({"quote": ""}, "exactly as they stand in the comment"),
        ({"clause": "C6"}, "nothing may be hidden under it"),
        ({"clause": "C99"}, "Hiding needs a clause"),
        ({"version": "99"}, "This case changed while you looked at it."),
    ],
)
def test_a_refused_decision_says_why_on_the_card_and_changes_nothing(
    room: Classroom, changed: dict[str, str], told: str
) -> None:
    room.comes_in(THREAT)
    answer = words(room.hide(**changed))
    assert told in answer
    assert "Leave up" in answer
    assert "modbot case" not in answer
    assert room.here.rows(Action) == []


def test_a_quote_over_several_lines_is_found_again(room: Classroom) -> None:
    room.comes_in("first I will hurt you\nand then again")
    room.hide(quote="hurt you\r\nand then")
    assert len(room.here.rows(Action)) == 1


def test_what_one_writes_appears_on_the_page_as_text(room: Classroom) -> None:
    hostile = "<script>alert(1)</script><b>hi</b> \u202egnol \x1b[31m"
    answer = room.visitor.post("/practice/comments", {"post": "concert", "author": "<i>Me", "text": hostile})
    assert "Posted." in words(answer.text)
    room.work()
    for page in (room.visitor.get("/practice").text, news(room, 0).text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;hi&lt;/b&gt; \\u202egnol \\x1b[31m" in page
        assert "&lt;i&gt;Me" in page


def news(room: Classroom, seen: int, waiting: int = 0) -> httpx.Response:
    return room.visitor.get(f"/practice/news?seen={seen}&waiting={waiting}&feed=coming")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"post": "concert", "text": "  "}, "Write something first."),
        ({"post": "concert", "text": "x" * 2001}, "That is 2,001 characters; 2,000 fit here."),
        ({"post": "nowhere", "text": "hello"}, "Choose a post."),
    ],
)
def test_what_cannot_be_posted_is_told_and_kept(room: Classroom, form: dict[str, str], told: str) -> None:
    answer = room.visitor.post("/practice/comments", form).text
    assert told in words(answer)
    assert form["text"] in answer
    assert room.public() == []


def test_the_page_speaks_the_language_of_the_browser(room: Classroom) -> None:
    room.comes_in(THREAT)
    spanish = words(room.visitor.get("/practice", **{"Accept-Language": "es-MX,es;q=0.9"}).text)
    for part in ("Su cola", "1 caso espera su decisión.", "Dejar visible", "Escriba usted un comentario"):
        assert part in spanish
    assert "Your queue" not in spanish
    answer = room.visitor.post(
        "/practice/comments", {"post": "routes", "text": " "}, **{"Accept-Language": "es"}
    )
    assert "Escriba algo primero." in answer.text


def test_news_are_nothing_when_nothing_happened(room: Classroom) -> None:
    last = len(room.here.kinds())
    assert news(room, last).status_code == 204


def test_news_bring_new_cases_and_change_known_ones(room: Classroom) -> None:
    before = len(room.here.kinds())
    room.comes_in(THREAT)
    number = room.only_case()
    found = news(room, before).text
    assert 'hx-target="#cases" hx-swap="beforeend"><article class="card' in found.replace(">\n<", "><")
    assert "1 case waits" in words(found)
    seen = len(room.here.kinds())
    room.hide()
    room.work()
    later = news(room, seen, waiting=1).text
    assert f'hx-target="#case-{number}" hx-swap="outerHTML"' in later
    assert "readers no longer see it" in words(later)


def test_near_identical_comments_are_one_case_with_a_count(room: Classroom) -> None:
    for end in ("", "!", "!!"):
        room.comes_in(f"buy now at the big sale on the corner{end}")
    room.comes_in("buy now at the big sale on the corner")
    text = room.read()
    assert f"Case {room.only_case()} · 4 near-identical comments" in text
    covers = text.split("What your decision covers: 3 wordings")[1]
    assert re.match(r" 2 × (buy now at the .*? corner) 1 × \1! 1 × \1!! ", covers)


def test_the_log_says_in_words_what_happened_and_by_whom(room: Classroom) -> None:
    room.comes_in(THREAT)
    room.hide()
    text = room.read()
    assert "You A person decided" in text
    assert "modbot A comment that may break a clause entered the review queue" in text


def test_the_log_is_proven_at_a_click(room: Classroom) -> None:
    room.comes_in("Nice concert")
    answer = words(room.visitor.post("/practice/verify", {}).text)
    assert f"each of its {len(room.here.kinds())} entries follows" in answer


def test_samples_stop_and_go_on(room: Classroom) -> None:
    assert "Let comments come in again" in words(room.visitor.post("/practice/feed", {}).text)
    assert room.feed.state == "paused"
    assert "Pause new comments" in words(room.visitor.post("/practice/feed", {}).text)
    asyncio.run(room.feed.run())
    assert room.feed.state == "over"
    assert "All sample comments have arrived." in room.read()
    assert room.public() == ["See you there"] * 2


@pytest.mark.parametrize(
    "path",
    ["/practice/comments", "/practice/feed", "/practice/verify", "/practice/cases/1/undo", "/practice/enter"],
)
def test_a_form_without_this_runs_token_or_from_elsewhere_does_nothing(room: Classroom, path: str) -> None:
    form = {"post": "concert", "text": "hello", "token": "wrong"}
    assert room.visitor.post(path, form).status_code == 403
    form["token"] = room.visitor.token
    assert room.visitor.post(path, form, Origin="http://evil.example").status_code == 403
    assert room.visitor.post(path, form, Origin=HERE, Host="evil.example").status_code in (400, 403)
    assert room.public() == []
    assert room.feed.state == "coming"


def test_without_script_a_form_leads_back_to_the_page(room: Classroom) -> None:
    form = {"post": "concert", "text": "hello"}
    answer = room.visitor.post("/practice/comments", form, script=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/practice")
    assert room.public() == ["hello"]


def test_a_case_that_is_none_is_not_found(room: Classroom) -> None:
    assert room.visitor.post("/practice/cases/9999/undo", {}).status_code == 404
    assert room.visitor.get("/practice/news?seen=x&waiting=0&feed=coming").status_code == 400


def test_from_the_practice_page_one_click_leads_to_the_desk(room: Classroom) -> None:
    room.comes_in(THREAT)
    answer = room.visitor.post("/practice/enter", {}, script=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")
    queue = room.visitor.get("/queue", Cookie=answer.headers["set-cookie"].split(";")[0])
    assert f"case {room.only_case()}" in words(queue.text)


def test_a_practice_page_in_spanish_leads_to_a_desk_in_spanish(room: Classroom) -> None:
    spanish: dict[str, Any] = {"Accept-Language": "es-MX,es;q=0.9"}
    answer = room.visitor.post("/practice/enter", {}, script=False, **spanish)
    queue = room.visitor.get("/queue", Cookie=answer.headers["set-cookie"].split(";")[0])
    assert '<html lang="es">' in queue.text


def test_the_front_door_leads_to_the_practice_page(room: Classroom) -> None:
    answer = room.visitor.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/practice")
