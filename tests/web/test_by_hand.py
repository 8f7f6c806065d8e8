"""Bringing comments in and ticking tasks off, as somebody who is signed in does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from modbot import accounts, by_hand, cases, config, outbox, wiring
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Case, Comment
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.signed_in import FIELD
from tests.modbot.scene import District, district
from tests.web.member import Member, member
from tests.web.visitor import HERE, words

HOSTILE = 'Buy now <img src=x onerror=alert(1)> "&quot;'


@dataclass(frozen=True)
class Room:
    here: District
    app: FastAPI

    def member(self, name: str = "ana") -> Member:
        return member(self.app, self.here.store, name)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    pages = [
        {"key": "forum", "platform": "manual", "title": "Parents' forum"},
        {"key": "blog", "platform": "memory"},
    ]
    settings = config.build({"page": pages, "review": {"second_share": 0}}, folder / "modbot.toml")
    here = district(store)
    wiring.register_pages(store, settings.page)
    yield Room(here, create_app(Desk(settings, store)))
    store.close()


def pasted(room: Room, **fields: str) -> httpx.Response:
    return room.member().post("/bring-in", {"on": "forum", "text": "Hello"} | fields)


def upload(room: Room, content: bytes) -> httpx.Response:
    who = room.member()

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=room.app)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.post(
                "/bring-in/file",
                data={"on": "forum", FIELD: who.form_token},
                files={"file": ("export.csv", content, "text/csv")},
                headers={"Origin": HERE, "Cookie": f"modbot={who.token}"},
            )

    return asyncio.run(send())


def test_a_pasted_comment_is_on_record_with_its_line_breaks_as_written(room: Room) -> None:
    answer = pasted(room, text="first\r\nsecond", author="Pat", written="2026-11-22T08:00")
    assert "1 comment is on record now." in words(answer.text)
    newest = room.here.rows(Comment)[-1]
    assert newest.created_at.isoformat() == "2026-11-22T16:00:00+00:00"
    again = pasted(room, text="first\r\nsecond", author="Pat", written="2026-11-22T08:00")
    assert "1 was on record before." in words(again.text)


def test_what_cannot_be_brought_in_is_refused_and_the_words_stay_in_the_form(room: Room) -> None:
    answer = pasted(room, text="My long text", link="javascript:alert(1)")
    assert answer.status_code == 422
    assert "https://" in words(answer.text)
    assert "My long text</textarea>" in answer.text
    assert pasted(room, on="blog").status_code == 422


def test_what_is_refused_is_said_in_the_reader_s_language(room: Room) -> None:
    accounts.set_language(room.here.store, "ben", "es")
    bad = {"on": "forum", "text": "Hola", "written": "mañana <b>"}
    answer = room.member("ben").post("/bring-in", bad)
    accounts.set_language(room.here.store, "ben", "en")
    assert "Esto no se puede aportar: no se entiende la hora: mañana <b>." in words(answer.text)
    assert "mañana <b>" not in answer.text


def test_only_places_that_modbot_cannot_read_are_offered(room: Room) -> None:
    assert set(re.findall(r'<option value="(\w+)"', room.member().get("/bring-in").text)) == {"forum"}


def test_a_file_is_taken_and_the_rows_that_were_left_out_are_named(room: Room) -> None:
    answer = upload(room, b"text,written_at\none of two,2026-11-22\nbad,<script>alert(1)</script>\n")
    shown = words(answer.text)
    assert "1 comment is on record now." in shown
    assert "Row 2" in shown
    assert "its time is not understood" in shown
    assert "<script>alert" not in answer.text
    assert upload(room, b"\x00\x81").status_code == 422


def test_a_task_is_shown_with_what_to_do_and_ticked_off_once(room: Room) -> None:
    pasted(room, text=HOSTILE, author="<b>Pat</b>", link="https://forum.example.org/7")
    room.here.score()
    case = room.here.rows(Case)[-1]
    ruling = Ruling(choice=Choice.HIDE, by="ben", clause="C7", quote="Buy now", reason="an ad")
    cases.decide(room.here.store, room.here.rules, case.id, ruling)
    [due] = outbox.due(room.here.store, "forum")
    outbox.failed(room.here.store, due, "Hide it with the site's own tools.")
    page = room.member().get("/tasks").text
    assert "What to do: Hide it with the site's own tools." in words(page)
    assert "<img" not in page
    assert "<b>" not in page
    assert 'href="https://forum.example.org/7"' in page
    number = re.search(r"/tasks/(\d+)/done", page)
    assert number
    ticked = room.member().post(f"/tasks/{number[1]}/done")
    assert (ticked.status_code, ticked.headers["location"]) == (303, "/tasks")
    assert by_hand.tasks(room.here.store) == []
    again = room.member().post(f"/tasks/{number[1]}/gone")
    assert "settled%20already" in again.headers["set-cookie"]
    assert "Nothing has to be done by hand" in words(room.member().get("/tasks").text)


def test_nobody_brings_in_or_ticks_off_who_may_not_decide(room: Room) -> None:
    viewer = room.member("vic")
    for path in ("/bring-in", "/tasks"):
        assert viewer.get(path).status_code == 403
    assert viewer.post("/bring-in", {"on": "forum", "text": "x"}).status_code == 403
    assert viewer.post("/tasks/1/done").status_code == 403
