"""Every route against every role, read from the application, so that a new one is covered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from modbot import resources, users
from modbot.demo import Feed, Material
from modbot.roles import MATRIX, ROLES, Permission, allows
from modbot.store import Store, table
from modbot.tables import Session
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.people import MEANINGS
from modbot.web.practice_page import Practice
from modbot.web.static_files import WHERE
from platforms.memory import MemoryPage
from tests.web.member import Member, member
from tests.web.visitor import Visitor, settings

OPEN = {
    "GET /": "sends on",
    "GET /healthz": "tells strangers only whether all is well",
    "GET /metrics": "answers this machine alone",
    "GET /sign-in": "is the way in, as are those below it",
    "POST /sign-in": "takes name and password",
    "POST /sign-in/code": "takes the app's code",
    "POST /sign-in/password": "takes a first password",
    "GET /sign-in/district": "leads to the identity provider",
    "GET /sign-in/district/back": "and back",
    "GET /ack/{token}": "shows a call to whom the sealed link was sent",
    "POST /ack/{token}": "lets that person confirm it",
    "GET /push/{page}": "answers a platform's check of our address",
    "POST /push/{page}": "takes what a platform has signed",
}
"""Everything that may be asked for without signing in, and why."""
DECIDE, LEAD, READ = Permission.DECIDE, Permission.LEAD, Permission.READ
NEEDS: dict[str, Permission] = {
    r"(GET|POST) /account(/.*)?": READ,
    r"(GET|POST) /confirm": READ,
    r"POST /sign-out": READ,
    r"GET /roles": READ,
    r"(GET|POST) /people(/.*)?": Permission.MANAGE,
    r"(GET|POST) /deletions(/.*)?": Permission.RELEASE,
    r"(GET /appeals(/.*)?|POST /appeals)": READ,
    r"POST /appeals/.*": Permission.APPEAL,
    r"POST /models/.*": LEAD,
    r"GET /next": DECIDE,
    r"(GET|POST) /health/checkup": LEAD,
    r"GET /(queue|decided|search|policy|models|health|help|case)(/.*)?": READ,
    r"(GET|POST) /audit(/.*)?": Permission.AUDIT,
    r"GET /retention": Permission.AUDIT,
    r"POST /(case|decided)(/.*)?": DECIDE,
    r"(GET|POST) /call/.*": DECIDE,
    r"(GET|POST) /(tasks|bring-in)(/.*)?": DECIDE,
}
"""What a route needs, by the first pattern that fits. A route that none of these fits fails the test."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("access") / "modbot.db"
    path.write_bytes(migrated_file.read_bytes())
    opened = Store(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def app(store: Store, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(Desk(settings(tmp_path_factory.mktemp("settings"), "blog"), store))


@pytest.fixture(scope="module")
def members(app: FastAPI, store: Store) -> dict[str, Member]:
    """One person of each role, signed in."""
    for role in ROLES:
        users.add(store, f"a-{role.replace('_', '-')}", role.title(), role)
    return {role: member(app, store, f"a-{role.replace('_', '-')}") for role in ROLES}


def endpoints(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    """Those of included routers, too. What serves in any other way is named here or fails."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from endpoints(included.routes)
        elif isinstance(route, APIRoute):
            yield route
        else:
            assert isinstance(route, Mount), route
            assert route.path == WHERE


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route."""
    found = [
        (method, route.path) for route in endpoints(app.routes) for method in sorted(route.methods - {"HEAD"})
    ]
    assert len(found) > 20
    return found


def filled(path: str) -> str:
    """The path with something for each parameter that is not there."""
    return re.sub(r"{(\w+)[^}]*}", lambda part: "nobody" if "name" in part[1] else "999", path)


def needed(method: str, path: str) -> Permission | None:
    """None for what is open to all."""
    if f"{method} {path}" in OPEN:
        return None
    for pattern, permission in NEEDS.items():
        if re.fullmatch(pattern, f"{method} {path}"):
            return permission
    raise AssertionError(f"say in OPEN or NEEDS who may {method} {path}")


def test_every_route_is_for_those_roles_alone_that_the_matrix_names(
    app: FastAPI, members: dict[str, Member]
) -> None:
    wrong = []
    for method, path in routes(app):
        permission = needed(method, path)
        if permission is None or path == "/sign-out":
            continue
        for role, person in members.items():
            answer = person.get(filled(path)) if method == "GET" else person.post(filled(path))
            refused = answer.status_code == 403 and "not for your role" in answer.text
            if refused == allows(role, permission):
                wrong.append(f"{method} {path} for {role}: {answer.status_code}")
    assert wrong == []


def test_without_signing_in_every_other_route_leads_to_the_sign_in(app: FastAPI) -> None:
    visitor = Visitor(app)
    for method, path in routes(app):
        if needed(method, path) is None:
            continue
        path = filled(path)
        answer = visitor.get(path) if method == "GET" else visitor.post(path, {}, script=False)
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in"), path
        script = visitor.get(path, **{"HX-Request": "true"}) if method == "GET" else visitor.post(path, {})
        assert (script.status_code, "/sign-in" in script.headers["hx-redirect"]) == (401, True), path


def test_no_route_writes_without_the_forms_token(app: FastAPI, members: dict[str, Member]) -> None:
    person = members["administrator"]
    forged = Member(Visitor(app), person.token)
    for method, path in routes(app):
        if method == "GET" or needed(method, path) is None:
            continue
        for token in ({"_token": ""}, {"_token": "0" * 64}):
            answer = forged.post(filled(path), token)
            assert (answer.status_code, "earlier session" in answer.text) == (403, True), path


def test_the_practice_routes_are_there_in_practice_alone(app: FastAPI, store: Store, tmp_path: Path) -> None:
    practice = Practice(Material("x", (), ()), MemoryPage("x"), Feed(MemoryPage("x"), ()))
    practising = create_app(Desk(settings(tmp_path, "blog"), store), practice)
    more = set(routes(practising)) - set(routes(app))
    assert more
    assert {path.split("/")[1] for _, path in more} == {"practice"}
    assert Visitor(app).get("/practice").status_code == 404


def test_every_permission_is_somebodys_and_only_administrators_manage_people() -> None:
    assert {permission for granted in MATRIX.values() for permission in granted} == set(Permission)
    assert [role for role in ROLES if allows(role, Permission.MANAGE)] == ["administrator"]
    assert not any(allows(role, Permission.APPEAL) and allows(role, DECIDE) for role in ROLES)
    assert not any(allows(role, Permission.RELEASE) and allows(role, Permission.MANAGE) for role in ROLES)
    assert not allows("nobody", READ)


def test_the_page_of_roles_shows_the_matrix(members: dict[str, Member]) -> None:
    page = members["viewer"].get("/roles").text
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    shown = [["yes" in cell for cell in line.split("<td")[1:]] for line in body.split("<tr>")[1:]]
    assert set(MEANINGS) == set(Permission)
    assert shown == [[permission in MATRIX[role] for role in ROLES] for permission in MEANINGS]


def polled() -> set[str]:
    """Every address that a page asks for again and again by itself."""
    tags = [
        tag
        for path in (resources.folder("web") / "templates").glob("*.html")
        for tag in re.findall(r"<[a-z][^\n]*?hx-trigger=\"every[^\n]*", path.read_text())
    ]
    return {re.findall(r'hx-get="[^/]*?(/[a-z/]+)', tag)[0] for tag in tags} - {"/practice/news"}


def test_what_a_page_asks_for_by_itself_keeps_no_session_alive(
    app: FastAPI, store: Store, members: dict[str, Member]
) -> None:
    assert {"/queue/counts", "/queue/news", "/health/now"} <= polled()
    person, seen = members["lead"], table(Session).c.seen_at
    for path in (*sorted(polled()), "/account"):
        with store.write(logged=False) as tx:
            before = tx.now - timedelta(minutes=5)
            tx.execute(sa.update(table(Session)).values(seen_at=before))
        person.get(f"{path}?loaded=0&seen=0")
        with store.read() as connection:
            after = connection.execute(sa.select(sa.func.max(seen))).scalar_one()
        assert (after > before) is (path == "/account"), path
