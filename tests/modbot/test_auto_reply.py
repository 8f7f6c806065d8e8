"""The fixed answer to private messages: only where it is turned on, once to a person, on record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import platforms
from modbot import auto_reply, config, health, owed
from modbot import store as storing
from modbot.config import AutoReply
from modbot.errors import ConfigError
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import AuditEvent
from platforms.base import (
    CapReached,
    Event,
    Kind,
    NotAuthorised,
    Platform,
    RateLimited,
    Unavailable,
    Unsupported,
)
from platforms.bluesky import Bluesky, BlueskySettings
from platforms.discord import Discord, DiscordSettings
from platforms.memory import Memory
from platforms.x import X, XSettings
from tests.modbot.scene import District, district, said
from tests.platforms.meta import facebook
from tests.simulators.bluesky import Network
from tests.simulators.bluesky_chat import Chat
from tests.simulators.discord import PRIVATE, TOKEN, Guild
from tests.simulators.discord_objects import SERVER
from tests.simulators.graph import Graph
from tests.simulators.x import Service

TEXT = "Write to office@district.example.org, please."
ON = {"pages": ["blog"], "text": TEXT, "by": "Lee Example", "again_after_days": 30}


class Answering(Memory):
    """A page that takes answers to everybody but itself, whose number is 1."""

    def __init__(self) -> None:
        super().__init__("blog", Memory.Settings())
        self.answered: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.failures: dict[str, Exception] = {}
        """What happens instead of sending, by the author."""
        self.lost: dict[str, Exception] = {}
        """What happens after sending."""

    def may_answer(self, author_id: str) -> bool:
        return author_id != "1"

    async def answer(self, author_id: str, text: str) -> None:
        self.asked.append(author_id)
        if author_id in self.failures:
            raise self.failures[author_id]
        self.answered.append((author_id, text))
        if author_id in self.lost:
            raise self.lost[author_id]


class Telling(Answering):
    """One that also tells what was sent."""

    async def has_answered(self, author_id: str, text: str, since: datetime) -> bool:
        return (author_id, text) in self.answered and since <= storing.utcnow()


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


@pytest.fixture
def page() -> Answering:
    return Answering()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock so many minutes on from the test's beginning."""
    began = utcnow()

    def on(minutes: float) -> None:
        at = began + timedelta(minutes=minutes)
        for module in ("store", "auto_reply"):
            monkeypatch.setattr(f"modbot.{module}.utcnow", lambda: at)

    return on


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
    here: District, page: Answering, later: Callable[[float], None]
) -> None:
    here.arrive(message("m1", "77"))
    look(here, page)
    later(31 * 24 * 60)
    at = storing.utcnow()
    here.arrive(said("m2", "Again", kind=Kind.DIRECT_MESSAGE, author_id="77", created_at=at))
    assert look(here, page) == 1


def kinds(here: District) -> list[str]:
    return [kind.removeprefix("reply.") for kind, _, _ in replies(here)]


def test_what_the_platform_refuses_is_tried_again_once_its_time_has_come(
    here: District, page: Answering, later: Callable[[float], None]
) -> None:
    here.arrive(message("m1", "77"))
    page.failures["77"] = RateLimited("slow down", retry_after=600)
    assert look(here, page) == 1
    assert (replies(here)[-1][2]["sent"], replies(here)[-1][2]["failure"]) == ("no", "RateLimited: slow down")
    page.failures.clear()
    later(9)
    assert look(here, page) == 0
    later(11)
    assert look(here, page) == 1
    assert look(here, page) == 0
    assert page.answered == [("77", TEXT)]
    assert kinds(here) == ["requested", "failed", "requested", "sent"]


def test_what_is_true_of_the_whole_page_is_met_once_and_then_the_page_rests(
    here: District, page: Answering, later: Callable[[float], None]
) -> None:
    here.arrive(message("m1", "77"), message("m2", "78"))
    page.failures |= dict.fromkeys(("77", "78"), NotAuthorised("the connection has run out"))
    assert look(here, page) == 1
    later(1)
    assert look(here, page) == 0
    page.failures.clear()
    later(6)
    assert look(here, page) == 2
    assert sorted(page.answered) == [("77", TEXT), ("78", TEXT)]


def test_one_who_cannot_be_answered_stops_nobody_else_and_is_not_tried_again(
    here: District, page: Answering, later: Callable[[float], None]
) -> None:
    here.arrive(message("m1", "77"), message("m2", "78"))
    page.failures["77"] = Unsupported("this person takes no messages")
    assert look(here, page) == 2
    later(300)
    assert look(here, page) == 0
    assert page.asked == ["77", "78"]
    here.arrive(message("m3", "77"))
    page.failures.clear()
    assert look(here, page) == 1
    assert page.answered[-1] == ("77", TEXT)
    with here.store.read() as connection:
        assert owed.given_up(connection, storing.utcnow()) == 1


def test_the_pauses_between_tries_grow_and_end_with_the_time_for_an_answer(
    here: District, page: Answering, later: Callable[[float], None]
) -> None:
    here.arrive(message("m1", "77"))
    page.failures["77"] = CapReached("used up")
    for minutes in range(0, 24 * 60, 20):
        later(minutes)
        look(here, page)
    assert 10 <= len(page.asked) <= 20
    assert replies(here)[-1][2]["again_at"] is None


@pytest.mark.parametrize("sent", [True, False])
def test_where_nobody_knows_the_platform_is_asked_and_nothing_goes_twice(
    here: District, later: Callable[[float], None], sent: bool
) -> None:
    page = Telling()
    here.arrive(message("m1", "77"))
    (page.lost if sent else page.failures)["77"] = Unavailable("no answer")
    assert look(here, page) == 1
    assert replies(here)[-1][2]["sent"] == "unknown"
    page.lost.clear()
    page.failures.clear()
    later(5)
    assert look(here, page) == 1
    assert page.answered == [("77", TEXT)]
    assert (kinds(here)[-1], replies(here)[-1][2]["read_back"]) == ("sent", sent)


def test_where_nobody_knows_and_nobody_tells_nothing_is_sent_again_and_people_are_told(
    here: District, page: Answering, later: Callable[[float], None]
) -> None:
    here.arrive(message("m1", "77"))
    page.lost["77"] = Unavailable("no answer")
    for minutes in (0, 5, 60):
        later(minutes)
        look(here, page)
    assert page.answered == [("77", TEXT)]
    assert kinds(here) == ["requested", "failed", "failed"]
    assert replies(here)[-1][2] | {"failure": ""} == {
        "comment": replies(here)[0][2]["comment"],
        "failure": "",
        "sent": "unknown",
        "again_at": None,
        "whole_page": False,
    }
    told = health.complaints(health.measure(here.store), config.build({}, Path("modbot.toml")))
    assert any("did not get the fixed answer" in each for each in told)


@pytest.mark.parametrize("tells", [True, False])
def test_a_stop_between_record_and_answer_sends_none_twice(
    here: District, later: Callable[[float], None], tells: bool
) -> None:
    page = Telling() if tells else Answering()
    here.arrive(message("m1", "77"))
    [one] = auto_reply.who(here.store, "blog", page, AutoReply.model_validate(ON))
    assert auto_reply.claim(here.store, one, AutoReply.model_validate(ON))
    assert look(here, page) == 0
    later(3)
    assert look(here, page) == 1
    assert page.answered == ([("77", TEXT)] if tells else [])


def test_meta_sends_one_answer_though_it_said_nothing_of_it(
    here: District, graph: Graph, later: Callable[[float], None]
) -> None:
    account = graph.account()
    talk = graph.post(account, "", edge="conversations", author=("77", "A Reader"))
    here.arrive(message("m1", "77"))
    page, settings = facebook(graph, account), AutoReply.model_validate(ON)

    async def rounds() -> None:
        await page.open()
        for minutes, silent in ((0, True), (5, False), (60, False)):
            later(minutes)
            graph.stays_silent = silent
            await auto_reply.answer_all(here.store, "blog", page, settings)
        await page.close()

    asyncio.run(rounds())
    assert [each.text for each in talk.comments if each.own] == [TEXT]
    assert kinds(here) == ["requested", "failed", "sent"]


def test_discord_sends_one_answer_though_it_said_nothing_of_it(
    here: District, simulated_discord: Guild, later: Callable[[float], None]
) -> None:
    here.arrive(message("m1", "77"))
    known = {"token": TOKEN, "server": SERVER, "url": f"{simulated_discord.url}/api/v10"}
    own = DiscordSettings.model_validate(known | {"allow_loopback": True, "direct_messages": True})
    page, settings = Discord("blog", own), AutoReply.model_validate(ON)

    async def rounds() -> None:
        await page.open()
        for minutes, silent in ((0, True), (5, False), (60, False)):
            later(minutes)
            simulated_discord.stays_silent = silent
            await auto_reply.answer_all(here.store, "blog", page, settings)
        await page.close()

    asyncio.run(rounds())
    assert [each["content"] for each in simulated_discord.messages[PRIVATE]] == [TEXT]
    assert kinds(here) == ["requested", "failed", "sent"]
    assert replies(here)[-1][2]["read_back"]


def test_bluesky_sends_one_answer_though_it_said_nothing_of_it(
    here: District, simulated_bluesky: Network, bluesky_chat: Chat, later: Callable[[float], None]
) -> None:
    district, parent = (simulated_bluesky.join(f"{name}.test") for name in ("district", "parent"))
    here.arrive(message("m1", parent.did), message("m2", district.did))
    known = {"service": simulated_bluesky.url, "handle": district.handle, "app_password": district.password}
    own = BlueskySettings.model_validate(known | {"allow_loopback": True, "direct_messages": True})
    page, settings = Bluesky("blog", own), AutoReply.model_validate(ON)

    async def rounds() -> None:
        await page.open()
        for minutes, silent in ((0, True), (5, False), (60, False)):
            later(minutes)
            bluesky_chat.stays_silent = silent
            await auto_reply.answer_all(here.store, "blog", page, settings)
        await page.close()

    asyncio.run(rounds())
    assert bluesky_chat.said("talk-district-parent", district) == [TEXT]
    assert kinds(here) == ["requested", "failed", "sent"]
    assert replies(here)[-1][2]["read_back"]


def test_x_sends_one_answer_though_the_connection_broke_before_it_said_so(
    here: District, simulated_x: Service, later: Callable[[float], None]
) -> None:
    district, parent = (simulated_x.join(name) for name in ("district", "parent"))
    here.arrive(message("m1", parent.id), message("m2", district.id))
    known = {"api": simulated_x.url, "access_token": simulated_x.tokens(district)["access_token"]}
    more = {"monthly_dollars": 5, "direct_messages": True, "answer_messages": True, "allow_loopback": True}
    page, settings = X("blog", XSettings.model_validate(known | more)), AutoReply.model_validate(ON)

    async def rounds() -> None:
        await page.open()
        for minutes, silent in ((0, True), (5, False), (60, False)):
            later(minutes)
            simulated_x.stays_silent = silent
            await auto_reply.answer_all(here.store, "blog", page, settings)
        await page.close()

    asyncio.run(rounds())
    assert simulated_x.said(district, parent) == [TEXT]
    assert kinds(here) == ["requested", "failed", "sent"]
    assert replies(here)[-1][2]["read_back"]


def test_two_processes_send_one_answer(here: District, page: Answering) -> None:
    here.arrive(message("m1", "77"))
    settings = AutoReply.model_validate(ON)
    [mine], [theirs] = (auto_reply.who(here.store, "blog", page, settings) for _ in range(2))
    assert auto_reply.claim(here.store, mine, settings)
    assert not auto_reply.claim(here.store, theirs, settings)


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


def test_who_names_such_a_page_is_told_every_platform_that_answers() -> None:
    with pytest.raises(ConfigError) as refused:
        auto_reply.refuse_silent({}, AutoReply.model_validate(ON))
    named = refused.value.remedy.rpartition("pages of ")[2].rstrip(".").split(", ")
    assert named == [each for each in platforms.names() if platforms.load(each).capabilities.answers]
    assert {"discord", "facebook", "instagram"} <= set(named)


@pytest.mark.parametrize("archived", [True, False])
def test_a_page_whose_messages_are_not_archived_is_refused_too(archived: bool) -> None:
    own = DiscordSettings.model_validate({"token": TOKEN, "server": SERVER, "direct_messages": archived})
    settings = AutoReply.model_validate(ON)
    if archived:
        auto_reply.refuse_silent({"blog": Discord("blog", own)}, settings)
        return
    with pytest.raises(ConfigError, match="archives no private messages"):
        auto_reply.refuse_silent({"blog": Discord("blog", own)}, settings)


@pytest.mark.parametrize(("archived", "answered"), [(False, True), (True, False), (True, True)])
def test_a_page_that_may_not_answer_by_its_settings_is_refused_too(archived: bool, answered: bool) -> None:
    known = {"monthly_dollars": 5, "direct_messages": archived, "answer_messages": answered}
    pages, settings = {"blog": X("blog", XSettings.model_validate(known))}, AutoReply.model_validate(ON)
    if archived and answered:
        auto_reply.refuse_silent(pages, settings)
        return
    with pytest.raises(ConfigError, match="may not answer them: see its settings"):
        auto_reply.refuse_silent(pages, settings)


@pytest.mark.parametrize("name", sorted(platforms.names()))
def test_a_platform_says_whether_it_answers_as_it_does(name: str) -> None:
    adapter = platforms.load(name)
    answers = adapter.answer is not Platform.answer
    assert adapter.capabilities.answers is answers
    assert (adapter.may_answer is not Platform.may_answer) is answers


def test_a_platform_answers_nobody_unless_it_says_so(here: District) -> None:
    here.arrive(message("m1", "77"))
    plain = Memory("blog", Memory.Settings())
    assert auto_reply.who(here.store, "blog", plain, AutoReply.model_validate(ON)) == []
