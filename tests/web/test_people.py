"""Your account and the people with access: what is shown, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi import FastAPI

from modbot import accounts, config, passwords
from modbot.store import Store, table
from modbot.tables import Session
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.web.member import Member, member
from tests.web.office import office
from tests.web.visitor import Visitor, words

PASSWORD = "purple tractor sings low"


@dataclass(frozen=True)
class Place:
    """An office over HTTP, and the same application to be asked in this process."""

    address: str
    store: Store
    app: FastAPI


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("people")
    with pytest.MonkeyPatch.context() as patch, office(folder, migrated_file) as opened:
        # The same algorithm at a thousandth of its cost, which is there for attackers and not for tests.
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        app = create_app(Desk(config.load(folder / "modbot.toml"), opened.store))
        yield Place(opened.address, opened.store, app)


def administrator(desk: Place) -> Member:
    return member(desk.app, desk.store, "adam")


def test_people_are_listed_with_training_and_how_they_sign_in(desk: Place) -> None:
    adam = administrator(desk)
    today = datetime.now(UTC).date()
    adam.post("/people/ben/training", {"on": "2025-01-01", "until": "2026-01-01"})
    adam.post("/people/lee/training", {"on": str(today), "until": str(today + timedelta(days=400))})
    shown = adam.get("/people").text
    rows = {row.split("/people/")[1].split('"')[0]: words(row) for row in shown.split("<tr")[2:]}
    assert "Expired January 1, 2026" in rows["ben"]
    assert "until" in rows["lee"]
    assert "Not noted" in rows["ruth"]
    assert "cannot sign in yet" in rows["ruth"]
    refused = adam.post("/people/ben/training", {"on": "2026-01-01", "until": ""})
    assert (refused.status_code, "both dates" in words(refused.text)) == (422, True)


def test_refusals_are_told_on_the_page_that_they_are_about(desk: Place) -> None:
    adam = administrator(desk)
    for path, form, told in (
        ("/people", {"name": "ana", "full_name": "Ana", "role": "lead"}, "already a user ana"),
        ("/people", {"name": "A b", "full_name": "A", "role": "lead"}, "cannot be a user's name"),
        ("/people/adam/role", {"role": "lead"}, "Nobody changes their own role"),
        ("/people/adam/deactivate", {}, "only administrator"),
        ("/people/ben/email", {"email": "nowhere"}, "no e-mail address"),
    ):
        answer = adam.post(path, form)
        assert (answer.status_code, told in words(answer.text)) == (422, True), path
    assert adam.get("/people/nobody").status_code == 404
    viewer = member(desk.app, desk.store, "ana").get("/people")
    assert (viewer.status_code, "not for your role" in words(viewer.text)) == (403, True)


def test_ended_access_ends_every_session_at_once_and_can_be_given_back(desk: Place) -> None:
    adam, ruth = administrator(desk), member(desk.app, desk.store, "ruth")
    assert ruth.get("/queue").status_code == 200
    adam.post("/people/ruth/deactivate")
    assert ruth.get("/queue").status_code == 303
    assert "No access" in words(adam.get("/people/ruth").text)
    back = adam.post("/people", {"name": "ruth", "full_name": "Ruth Ortega", "role": "viewer"})
    assert "One-time code" in words(back.text)
    assert ruth.get("/queue").status_code == 303


def test_names_that_are_markup_stay_text(desk: Place) -> None:
    adam = administrator(desk)
    adam.post("/people", {"name": "mark", "full_name": "<img src=x onerror=alert(1)>", "role": "viewer"})
    mark = member(desk.app, desk.store, "mark")
    for person, path in ((adam, "/people"), (adam, "/people/mark"), (mark, "/account"), (mark, "/queue")):
        page = person.get(path).text
        assert "<img" not in page, path
        assert "onerror=alert" in page, path


def test_the_language_is_each_persons_own(desk: Place) -> None:
    ana = member(desk.app, desk.store, "ana")
    ana.post("/account/language", {"language": "es"})
    assert '<html lang="es">' in ana.get("/queue").text
    assert '<html lang="en">' in member(desk.app, desk.store, "ben").get("/queue").text
    assert ana.post("/account/language", {"language": "xx"}).status_code == 400
    ana.post("/account/language", {"language": "en"})


def test_own_sessions_can_be_ended_but_nobody_elses(desk: Place) -> None:
    here, there, other = (member(desk.app, desk.store, name) for name in ("lee", "lee", "ben"))
    with desk.store.read() as connection:
        rows = connection.execute(sa.select(table(Session)).order_by(table(Session).c.id.desc())).all()
    numbers = {row.name: row.id for row in reversed(rows)}
    here.post("/account/sessions/end", {"session": str(numbers["ben"])})
    assert other.get("/queue").status_code == 200
    here.post("/account/sessions/end")
    assert (here.get("/queue").status_code, there.get("/queue").status_code) == (200, 303)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "/a\nb",
        "",
    ],
)
def test_signing_in_leads_nowhere_else(desk: Place, target: str) -> None:
    member_here = member(desk.app, desk.store, "ben")
    answer = member_here.visitor.get(
        f"/sign-in?{httpx.QueryParams({'next': target})}", Cookie=f"modbot={member_here.token}"
    )
    assert answer.headers["location"] == "/"


def test_the_cookie_is_for_https_alone_where_there_is_https(desk: Place) -> None:
    code = accounts.new_code(desk.store, "ben")
    plain = Visitor(desk.app).post("/sign-in", {"name": "ben", "password": code}, script=False)
    (ticket,) = re.findall(r'name="ticket" value="([^"]+)"', plain.text)
    form = {"ticket": ticket, "password": PASSWORD, "again": PASSWORD, "next": "/queue"}
    with httpx.Client(base_url=desk.address, headers={"X-Forwarded-Proto": "https"}) as browser:
        headers = {"Origin": desk.address.replace("http:", "https:")}
        secure = browser.post("/sign-in/password", data=form, headers=headers)
    made = secure.headers.get_list("set-cookie")[0]
    assert (secure.status_code, secure.headers["location"]) == (303, "/queue")
    assert made.startswith("__Host-modbot=")
    assert all(part in made for part in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"))
    assert "Domain" not in made


def test_a_first_password_keeps_the_rules_and_comes_with_a_ticket_of_ours(desk: Place) -> None:
    code = accounts.new_code(desk.store, "lee")
    begun = Visitor(desk.app).post("/sign-in", {"name": "lee", "password": code}, script=False)
    (ticket,) = re.findall(r'name="ticket" value="([^"]+)"', begun.text)
    for password, again, told in (
        ("short", "short", "at least 12"),
        ("password1234", "password1234", "Too many people"),
        (PASSWORD, PASSWORD + "x", "differ"),
    ):
        form = {"ticket": ticket, "password": password, "again": again}
        answer = Visitor(desk.app).post("/sign-in/password", form, script=False)
        assert (answer.status_code, told in words(answer.text)) == (422, True)
    forged = Visitor(desk.app).post("/sign-in/password", form | {"ticket": "x"}, script=False)
    assert (forged.status_code, "sign in again" in words(forged.text)) == (403, True)


def test_an_https_address_in_the_settings_makes_the_cookie_secure_whatever_the_proxy_says(
    desk: Place, tmp_path: Path
) -> None:
    settings = config.build({"web": {"address": "https://modbot.example.org"}}, tmp_path / "modbot.toml")
    visitor = Visitor(create_app(Desk(settings, desk.store)))
    with desk.store.write() as tx:
        accounts.set_password(tx, "ana", passwords.hashed(PASSWORD))
    form = {"name": "ana", "password": PASSWORD}
    origin = {"Host": "modbot.example.org", "Origin": "https://modbot.example.org"}
    cookies = visitor.post("/sign-in", form, script=False, **origin).headers.get_list("set-cookie")
    assert [each.split("=")[0] for each in cookies] == ["__Host-modbot", "modbot_known"]
    assert all("Secure" in each and "HttpOnly" in each for each in cookies)
    assert visitor.get("/sign-in", Host="evil.example").status_code == 400


def test_a_browser_that_somebody_signed_in_with_is_known_by_a_sealed_note(desk: Place) -> None:
    with desk.store.write() as tx:
        accounts.set_password(tx, "lee", passwords.hashed(PASSWORD))
    right, wrong = {"name": "lee", "password": PASSWORD}, {"name": "lee", "password": "wrong"}
    visitor = Visitor(desk.app)
    first = visitor.post("/sign-in", right, script=False)
    (note,) = [each.split(";")[0] for each in first.headers.get_list("set-cookie") if "known" in each]
    assert [visitor.post("/sign-in", wrong, script=False).status_code for _ in range(6)] == [403] * 5 + [429]
    assert visitor.post("/sign-in", right, script=False).status_code == 429
    assert visitor.post("/sign-in", right, script=False, Cookie=note).status_code == 303
    assert visitor.post("/sign-in", right, script=False, Cookie=note[:-6] + "forged").status_code == 429
