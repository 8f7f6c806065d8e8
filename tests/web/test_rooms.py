"""Search, log, health, policy and help, as somebody who is signed in reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr

from modbot import config, credentials
from modbot.sealing import seal
from modbot.store import table, utcnow
from modbot.tables import AuditEvent, Comment
from modbot.web import help_pages
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.i18n import LANGUAGES, SOURCE, short
from platforms.tokens import Token
from tests.web.member import Member, member
from tests.web.office import Office, office
from tests.web.visitor import words


@dataclass(frozen=True)
class Rooms:
    office: Office
    app: FastAPI

    def member(self, name: str = "adam") -> Member:
        return member(self.app, self.office.store, name)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Rooms]:
    folder = tmp_path_factory.mktemp("rooms")
    with office(folder, migrated_file) as opened:
        settings = config.load(folder / config.FILE_NAME)
        yield Rooms(opened, create_app(Desk(settings, opened.store)))


def read(rooms: Rooms, path: str, name: str = "adam") -> str:
    answer = rooms.member(name).get(path)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def until(reached: object, seconds: float = 20) -> str:
    """Ask until the answer has ended; what it says."""
    assert callable(reached)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found: str = reached()
        if "hx-trigger" not in found:
            return words(found)
        time.sleep(0.1)
    raise AssertionError("it never ended")


def test_a_search_finds_hidden_deleted_and_edited_comments_and_says_where_they_stand(rooms: Rooms) -> None:
    assert "Decided: hide, under C7." in read(rooms, "/search?text=prom")
    assert "No longer on the page" in read(rooms, "/search?text=superintendentsuper")
    edited = read(rooms, "/search?text=three+for+two")
    assert "Edited 1 time" in edited
    assert "Results 1 to 1" in edited
    assert "An earlier wording" in read(rooms, "/search?text=locker")
    assert "nobody was asked" in read(rooms, "/search?text=bus")


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("author=pat&text=dresses", 1),
        ("choice=hide", 1),
        ("clause=C1", 2),
        ("on=news", 12),
        ("text=buy&until=2026-11-20", 0),
        ("text=dresses&since=2026-11-21&until=2026-11-21", 1),
        ("text=dresses&since=tomorrow", 1),
    ],
)
def test_a_search_is_narrowed_by_every_field(rooms: Rooms, asked: str, count: int) -> None:
    page = rooms.member().get(f"/search?{asked}").text
    assert page.count('id="record-') == count
    assert ("Nothing was found" in page) == (count == 0)


def test_what_was_looked_for_is_marked_and_markup_is_text(rooms: Rooms) -> None:
    page = rooms.member().get("/search?text=PROM").text
    assert "<mark>prom</mark>" in page
    assert "&lt;b&gt;" in page
    assert "<b>prom" not in page


def test_many_results_come_page_by_page(rooms: Rooms) -> None:
    first = rooms.member().get("/search?on=news&text=gift&start=0").text
    assert "More results" not in first
    later = read(rooms, "/search?text=buy&start=10")
    assert "Results 11 to 17" in later
    assert "Back" in later


def test_the_log_is_read_in_words_and_narrowed(rooms: Rooms) -> None:
    log = read(rooms, "/audit")
    assert "A person decided : comment blog/2 Ana" in log
    narrowed = rooms.member().get("/audit?kind=decision&actor=ben").text
    assert narrowed.count('class="seq"') == 1
    about = rooms.member().get("/audit?about=page:news").text
    assert "A page could not be read for a while" in about
    assert "A person decided</strong>" not in about
    assert "Nothing like that among entries" in read(rooms, "/audit?until=2020-01-01")


def test_an_entry_is_shown_with_its_content_its_place_and_its_neighbours(rooms: Rooms) -> None:
    events = table(AuditEvent)
    with rooms.office.store.read() as connection:
        seen = sa.select(events.c.seq).where(events.c.subject == "comment:blog/2").order_by(events.c.seq)
        number = connection.execute(seen).scalars().first()
    page = rooms.member().get(f"/audit/{number}").text
    assert "Buy now, half price &lt;b&gt;prom dresses&lt;/b&gt;" in page
    assert "by the checkpoint at entry" in page
    assert f"/audit/{(number or 0) + 1}" in page
    assert rooms.member().get("/audit/999999").status_code == 404


def test_the_proof_of_the_log_runs_behind_the_page_and_is_told_in_words(rooms: Rooms) -> None:
    ruth = rooms.member("ruth")
    begun = ruth.post("/audit/proof", script=True)
    assert begun.status_code == 200
    told = until(lambda: ruth.get("/audit/proof", **{"HX-Request": "true"}).text)
    assert "The log is whole: each of its" in told
    assert "1 signed checkpoint agrees with it" in told
    assert "The log is whole" in read(rooms, "/audit", "otto")


def test_a_log_that_was_tampered_with_is_told_with_what_to_do(
    tmp_path: Path, migrated_file: Path, rooms: Rooms
) -> None:
    with office(tmp_path, migrated_file) as opened:
        with opened.store.engine.begin() as connection:
            for name in connection.execute(
                sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).scalars():
                connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
            connection.execute(sa.text("UPDATE audit_event SET actor = 'nobody' WHERE seq = 7"))
        settings = config.load(tmp_path / config.FILE_NAME)
        somebody = member(create_app(Desk(settings, opened.store)), opened.store, "otto")
        somebody.post("/audit/proof")
        told = until(lambda: somebody.get("/audit/proof").text)
    assert "The log does not prove itself. entry 7" in told
    assert "Tell your records officer" in told


def test_checkpoints_are_listed_with_hash_signature_and_key(rooms: Rooms) -> None:
    page = read(rooms, "/audit/checkpoints")
    assert "Up to entry" in page
    assert "Signature" in page
    assert "Public key" in page


def test_health_says_what_is_wrong_and_what_to_do(rooms: Rooms) -> None:
    page = read(rooms, "/health", "vic")
    assert "Something needs a person." in page
    assert "District blog Cannot be read" in page
    assert "the password was refused" in page
    assert "Is the site up" in page
    assert "The platform cannot do it: do it there by hand" in page
    assert "Last gap" in page
    assert "Tell a lead, or whoever runs this machine." in page
    assert "Check now" not in page


def test_health_names_what_works_the_newest_comments_and_how_pages_are_connected(rooms: Rooms) -> None:
    news, scoring = tile(rooms, "School news"), tile(rooms, "Scoring")
    newest = max(row.archived_at for row in rooms.office.here.rows(Comment) if row.page == "news")
    shown = short(newest, ZoneInfo(rooms.office.settings.district.timezone))
    assert "Read as it should be" in news
    assert "Last read" in news
    assert f"Newest comment: {words(shown)}." in news
    assert "No connection of its own: modbot reads it as its settings say." in news
    assert "Classifiers at work: " in scoring
    with connected(rooms, "news", None):
        assert "Connected, without an end." in tile(rooms, "School news")
    with connected(rooms, "news", utcnow() + timedelta(days=40)):
        assert "Connected until" in tile(rooms, "School news")


def tile(rooms: Rooms, title: str) -> str:
    page = rooms.member("vic").get("/health").text
    return next(said for part in page.split('<li class="panel')[1:] if title in (said := words("<" + part)))


@contextmanager
def connected(rooms: Rooms, page: str, until: datetime | None) -> Iterator[None]:
    settings = rooms.office.settings
    token = Token(access=SecretStr("a token"), refresh=SecretStr("another"), refresh_expires_at=until)
    key = seal(settings.path(settings.web.key_file))
    credentials.keep(rooms.office.store, key, page, token)
    yield
    credentials.forget(rooms.office.store, page)


def test_a_lead_has_everything_checked_and_others_may_not(rooms: Rooms) -> None:
    lee = rooms.member("lee")
    assert lee.post("/health/checkup", script=True).status_code == 200
    told = until(lambda: lee.get("/health/checkup").text, 60)
    assert "page blog : memory, signed in as" in told
    assert "signing key" in told
    assert rooms.member("ana").post("/health/checkup").status_code == 403


def test_the_policy_in_force_is_shown_word_for_word_with_modes_and_sign_offs(rooms: Rooms) -> None:
    page = read(rooms, "/policy", "vic")
    assert "Promotes commercial services, products or fundraising" in page
    assert "Signed off by Counsel on September 1, 2026." in page
    assert "Advice only" in page
    assert "gift circle" in page
    assert "Private matters of a student" in page


def test_two_versions_are_compared_word_by_word(rooms: Rooms) -> None:
    page = rooms.member("vic").get("/policy/changes").text
    assert "fundraising</ins>" in page
    assert "products</del>" in page
    assert "Watch" in page
    same = rooms.office.here.rows(AuditEvent)
    loaded = [row.seq for row in same if row.kind == "policy.loaded"]
    assert "The two say the same." in read(rooms, f"/policy/changes?old={loaded[0]}&new={loaded[0]}", "vic")


def test_articles_in_another_language_have_the_sections_of_the_english_ones() -> None:
    english = help_pages.articles()
    for language in set(LANGUAGES) - {SOURCE}:
        own = [each for each in help_pages.articles(language).values() if each.language == language]
        assert {each.name: len(each.headings) for each in own} == {
            each.name: len(english[each.name].headings) for each in own
        }
        assert own


def test_every_page_of_the_help_is_there_and_its_links_lead_somewhere(rooms: Rooms) -> None:
    vic = rooms.member("vic")
    index = vic.get("/help").text
    assert "Keyboard shortcuts" in index
    for name in ("concepts", "policy", "operating"):
        page = vic.get(f"/help/{name}").text
        assert f'href="/help/{name}"' in index
        assert ".md" not in page.split("<article")[1].replace("CARD.md", "")
    assert vic.get("/help/nothing").status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        "/search?text=%00%22*(&author=%27&on=%00&clause=%00&choice=%00&start=9999999999999999999999",
        "/search?since=0001-01-01&until=9999-12-31",
        "/audit?kind=%25&actor=%00&about=%00&before=9999999999999999999999&since=never",
        "/policy/changes?old=x&new=9999999999999999999999",
    ],
)
def test_whatever_is_asked_there_is_an_answer(rooms: Rooms, asked: str) -> None:
    assert rooms.member().get(asked).status_code == 200
    assert rooms.member().get("/audit/99999999999999999999").status_code == 404


def test_who_may_not_read_the_log_is_told_so(rooms: Rooms) -> None:
    assert rooms.member("vic").get("/audit").status_code == 403
    assert rooms.member("ana").post("/audit/proof").status_code == 403


@pytest.mark.parametrize("path", [f"/case/{2**63}", "/case/none", f"/call/{2**64}", "/case/999999"])
def test_a_number_that_names_nothing_is_not_found(rooms: Rooms, path: str) -> None:
    assert rooms.member("ana").get(path).status_code == 404


def test_a_form_that_none_of_our_pages_sends_is_refused_in_words(rooms: Rooms) -> None:
    answer = rooms.member("ana").get(f"/queue?after={2**63}")
    assert answer.status_code == 400
    assert "could not be read" in answer.text
