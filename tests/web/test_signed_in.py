"""Who is behind a request: how long, in which language, and where signing in again leads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from modbot import accounts
from modbot.store import Store, table, utcnow
from modbot.tables import Session
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.web.member import member
from tests.web.office import Office, office
from tests.web.visitor import HERE, Visitor, words

sessions = table(Session)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("signed-in"), migrated_file) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(desk: Office) -> FastAPI:
    return create_app(Desk(desk.settings, desk.store))


def turned_back(store: Store, **columns: timedelta) -> None:
    """Every session as if this moment of it had been so long ago."""
    values = {name: utcnow() - ago for name, ago in columns.items()}
    with store.write(logged=False) as tx:
        tx.execute(sa.update(sessions).values(**values))


def seen_at(store: Store) -> datetime:
    """When somebody did something last."""
    with store.read() as connection:
        newest: datetime = connection.execute(sa.select(sa.func.max(sessions.c.seen_at))).scalar_one()
    return newest


def test_to_ask_how_long_a_session_lasts_does_not_prolong_it_and_to_stay_does(
    desk: Office, app: FastAPI
) -> None:
    vic = member(app, desk.store, "vic")
    turned_back(desk.store, seen_at=timedelta(minutes=29))
    before = seen_at(desk.store)
    assert "Stay signed in" in vic.get("/account/session", **{"HX-Request": "true"}).text
    assert seen_at(desk.store) == before
    assert vic.post("/account/session", script=True).status_code == 200
    assert seen_at(desk.store) > before


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/case/5/decide", "/case/5"),
        ("/case/5?after=4", "/case/5%3Fafter%3D4"),
        ("/bring-in/file", "/bring-in"),
        ("/people/ana/role?x=1", "/people/ana"),
        ("/sign-out", "/"),
    ],
)
def test_signing_in_leads_back_to_a_page_that_can_be_looked_at(app: FastAPI, path: str, back: str) -> None:
    posted = Visitor(app).post("/case/5/note", {}, script=False, Referer=f"{HERE}{path}")
    asked = Visitor(app).get("/queue/counts", **{"HX-Request": "true", "HX-Current-URL": f"{HERE}{path}"})
    assert posted.headers["location"] == f"/sign-in?next={back}"
    assert asked.headers["hx-redirect"] == f"/sign-in?next={back}"


def test_no_page_comes_with_a_live_region_that_is_filled_already(desk: Office, app: FastAPI) -> None:
    ben, number = member(app, desk.store, "ben"), desk.cases()[-1]
    told = ben.visitor.get(f"/case/{number}", Cookie=f"modbot={ben.token}; told=Noted").text
    region = re.search(r'<div id="announced"[^>]*>(.*?)</div>', told)
    assert region is not None
    assert region[1] == ""
    assert re.search(r"<p class=\"told\" data-announce>Noted", told)
    assert not [words(each) for each in re.findall(r'role="status"[^>]*>([^<]+)<', told) if each.strip()]


def test_the_end_of_a_session_is_told_in_the_reader_s_language(desk: Office, app: FastAPI) -> None:
    accounts.set_language(desk.store, "vic", "es")
    vic = member(app, desk.store, "vic")
    turned_back(desk.store, seen_at=timedelta(minutes=29))
    told = words(vic.get("/account/session", **{"HX-Request": "true"}).text)
    accounts.set_language(desk.store, "vic", "en")
    assert "30 minutos" in told
    assert "Seguir con la sesión abierta" in told
