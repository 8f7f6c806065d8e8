"""From a decision on a page that can only delete to the records officer's release, as the server answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import platforms
from modbot import config, review, users, wiring
from modbot.store import Store, table
from modbot.tables import Action, Proposal, Session
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot import guestbook
from tests.modbot.installation import settings_file
from tests.modbot.scene import district
from tests.web.test_case import Office, content
from tests.web.visitor import words

PAGES = f'[[page]]\nkey = "blog"\nplatform = "{guestbook.NAME}"\ntitle = "Guest book"\n'


@pytest.fixture
def office(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setitem(platforms.BUILTIN, guestbook.NAME, guestbook.PATH)
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    here = district(store, guestbook.NAME)
    loaded = config.load(settings_file(tmp_path, "sqlite:///modbot.db", PAGES))
    drawn = loaded.review.model_copy(update={"opinion_after_share": 0.0, "second_share": 0.0})
    settings = loaded.model_copy(update={"review": drawn})
    wiring.register_pages(store, settings.page)
    for name in ("ruth", "rosa"):
        users.add(store, name, name.title(), "records_officer")
    desk = Desk(settings, store)
    yield Office(here, desk, create_app(desk))
    store.close()


def proposed(office: Office, by: str = "ana") -> int:
    number = office.case("buy now: skates")
    office.member(by).post(f"/case/{number}/decide", office.hide(number))
    return number


def answer(office: Office, number: int, what: str, by: str = "ruth", reason: str = "A court order") -> str:
    version = str(review.case(office.here.store, number).line.version)
    given = office.member(by).post(f"/deletions/{number}/{what}", {"version": version, "reason": reason})
    return given.headers.get("location", "") if given.status_code == 303 else content(given.text)


def states(office: Office) -> tuple[list[str], list[str]]:
    return [row.state for row in office.here.rows(Proposal)], [row.kind for row in office.here.rows(Action)]


def test_the_decision_explains_that_it_proposes_and_the_case_tells_that_it_is_still_up(
    office: Office,
) -> None:
    number = office.case("buy now: skates")
    page = office.member().get(f"/case/{number}").text
    assert "On Guest book nothing can be hidden: the platform can only delete for good." in words(page)
    assert "Propose to delete it, then the next case" in words(page)
    told = office.member().post(f"/case/{number}/decide", office.hide(number)).headers["location"]
    assert f"Case {number} : proposed for deletion under C7." in content(office.member().get(told).text)
    after = content(office.member().get(f"/case/{number}").text)
    assert "It is proposed for deletion, and stays up until the records officer releases it" in after
    assert "Release it for deletion" not in after
    assert "still up" in content(office.member().get("/decided").text)


def test_the_officer_is_led_there_sees_what_is_covered_and_releases_with_a_reason(office: Office) -> None:
    number = proposed(office)
    officer = office.member("ruth")
    assert "1 case waits for you to release" in content(officer.get("/queue").text)
    assert "waits for you to release" not in content(office.member("lee").get("/queue").text)
    assert "proposed by Ana" in content(officer.get("/deletions").text)
    page = content(officer.get(f"/deletions/{number}").text)
    for part in (
        "1 comment would be deleted",
        "buy now: skates",
        "Promotes commercial",
        "Quoted words: “ buy now",
    ):
        assert part in page
    assert "Say in a few words why" in answer(office, number, "release", reason=" ")
    assert states(office) == (["waiting"], [])
    assert answer(office, number, "release") == "/deletions"
    assert states(office) == (["released"], ["delete"])
    assert "Nothing waits for a release" in content(officer.get("/deletions").text)


def test_refused_it_waits_for_a_lead(office: Office) -> None:
    number = proposed(office)
    assert answer(office, number, "refuse", reason="It is an opinion") == "/deletions"
    assert states(office) == (["refused"], [])
    assert "For a lead" in content(office.member("lee").get(f"/case/{number}").text)


def test_who_decided_it_is_told_that_another_officer_has_to(office: Office) -> None:
    number = proposed(office, by="ruth")
    page = content(office.member("ruth").get(f"/deletions/{number}").text)
    assert "Another records officer has to release it." in page
    assert "Release it: delete it for good" not in page
    assert "A second person has to" in answer(office, number, "release", by="ruth")
    assert answer(office, number, "release", by="rosa") == "/deletions"


def test_who_has_not_just_shown_who_they_are_is_asked_first(office: Office) -> None:
    number = proposed(office)
    officer = office.member("ruth")
    with office.here.store.write(logged=False) as tx:
        long_ago = tx.now - timedelta(minutes=20)
        tx.execute(sa.update(table(Session)).values(proven_at=long_ago))
    assert officer.get(f"/deletions/{number}").headers["location"].startswith("/confirm?next=")
    assert officer.post(f"/deletions/{number}/release", {"version": "2", "reason": "x"}).status_code == 303
    assert states(office) == (["waiting"], [])
