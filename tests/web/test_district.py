"""Signing in with the district's own account: real requests, a real identity provider, the real modbot."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from modbot import accounts, config, users
from modbot.sealing import seal
from modbot.store import Store, body_of, table
from modbot.tables import Account, AuditEvent
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.district import COOKIE
from tests.peers.identity import CLIENT, SECRET, Identities, identities
from tests.web.office import serving
from tests.web.visitor import words


class District:
    """modbot and the provider, and browsers that know neither yet."""

    def __init__(self, modbot: str, provider: Identities, store: Store, key: Path) -> None:
        self.modbot = modbot
        self.provider = provider
        self.store = store
        self.key = key

    def browser(self) -> httpx.Client:
        return httpx.Client()

    def sign_in(self, browser: httpx.Client, name: str, query: str = "") -> httpx.Response:
        back = self.provider.sign_in(browser, f"{self.modbot}/sign-in/district{query}", name)
        assert back.next_request is not None, back.text
        assert str(back.next_request.url).startswith(f"{self.modbot}/sign-in/district/back?")
        return browser.send(back.next_request)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[District]:
    folder = tmp_path_factory.mktemp("district")
    (folder / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    for name, role in (("ana", "moderator"), ("ben", "viewer"), ("gone", "lead"), ("root", "administrator")):
        users.add(store, name, name.title(), role)
        accounts.set_email(store, name, f"{name}@example.org", by="")
    users.deactivate(store, "gone")
    port = free_port()
    sso = {
        "issuer": f"http://127.0.0.1:{port}/o",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "allow_loopback": True,
    }
    app = create_app(Desk(config.build({"sso": sso}, folder / "modbot.toml"), store))
    people = (
        "ana:Ana@example.org:verified",
        "ben:ben@example.org",
        "gone:gone@example.org:verified",
        "other:ana@example.org:verified",
        "stranger:stranger@example.org:verified",
        "root:root@example.org:verified",
    )
    with (
        serving(app) as address,
        identities(folder, port, f"{address}/sign-in/district/back", *people) as provider,
    ):
        yield District(address, provider, store, folder / "people.key")
    store.close()


def test_a_registered_person_signs_in_with_the_role_that_stands_here(here: District) -> None:
    with here.browser() as browser:
        answer = here.sign_in(browser, "ana", "?next=/account")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        shown = words(browser.get(f"{here.modbot}/account").text)
    assert "Ana" in shown
    assert "Moderator" in shown
    with here.store.read() as connection:
        events = table(AuditEvent)
        kinds = connection.execute(
            sa.select(events.c.seq, events.c.kind)
            .where(events.c.subject == "user:ana")
            .order_by(events.c.seq)
        ).all()
        assert [row.kind for row in kinds[-2:]] == ["account.changed", "session.started"]
        assert body_of(connection, kinds[-1].seq)["how"] == "district account"


def test_from_the_first_sign_in_on_the_providers_identifier_counts_and_no_address(here: District) -> None:
    with here.browser() as browser:
        assert here.sign_in(browser, "ana").status_code == 303
    with here.browser() as browser:
        answer = here.sign_in(browser, "other")
    assert answer.status_code == 403
    assert "not known here" in words(answer.text)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Account)).where(table(Account).c.name == "ana").values(email=None))
    with here.browser() as browser:
        assert here.sign_in(browser, "ana").status_code == 303


@pytest.mark.parametrize("name", ["stranger", "ben", "gone"])
def test_strangers_unverified_addresses_and_ended_access_open_nothing(here: District, name: str) -> None:
    with here.browser() as browser:
        answer = here.sign_in(browser, name)
        assert (answer.status_code, "not known here" in words(answer.text)) == (403, True)
        assert browser.get(f"{here.modbot}/queue").status_code == 303


def test_an_answer_is_worth_nothing_in_another_browser_or_a_second_time(here: District) -> None:
    with here.browser() as thief, here.browser() as victim:
        back = here.provider.sign_in(thief, f"{here.modbot}/sign-in/district", "root")
        assert back.next_request is not None
        address = str(back.next_request.url)
        assert victim.get(address).status_code == 403
        victim.get(f"{here.modbot}/sign-in/district")
        assert victim.get(address).status_code == 403
        assert thief.get(address.replace("state=", "state=x")).status_code == 403
        assert thief.get(address).status_code == 303
        assert thief.get(address).status_code == 403


@pytest.mark.parametrize("field", ["nonce", "verifier"])
def test_a_code_that_was_asked_for_elsewhere_is_refused(here: District, field: str) -> None:
    key = seal(here.key)
    with here.browser() as browser:
        back = here.provider.sign_in(browser, f"{here.modbot}/sign-in/district", "root")
        assert back.next_request is not None
        kept = json.loads(
            key.open(next(each.value or "" for each in browser.cookies.jar if each.name == COOKIE)) or ""
        )
        forged = key.close(json.dumps(kept | {field: "x" * 64}))
        answer = httpx.get(back.next_request.url, headers={"Cookie": f"{COOKIE}={forged}"})
    assert (answer.status_code, "did not work" in words(answer.text)) == (403, True)


def test_whoever_confirms_has_to_prove_it_at_the_provider_anew(here: District) -> None:
    with here.browser() as browser:
        here.sign_in(browser, "root")
        with here.store.write(logged=False) as tx:
            tx.execute(sa.text("UPDATE session SET proven_at = '2026-01-01 00:00:00'"))
        asked = browser.get(f"{here.modbot}/account/app")
        assert asked.headers["location"].startswith("/confirm")
        page = browser.get(f"{here.modbot}/confirm?next=/account")
        assert "/sign-in/district?again=yes" in page.text
        begun = browser.get(f"{here.modbot}/sign-in/district?again=yes")
        assert "prompt=login" in begun.headers["location"]
        assert here.sign_in(browser, "root", "?again=yes&next=/account").headers["location"] == "/account"
        form = browser.get(f"{here.modbot}/account").text.split('name="_token" value="')[1].split('"')[0]
        answer = browser.post(
            f"{here.modbot}/account/app", data={"_token": form}, headers={"Origin": here.modbot}
        )
        assert answer.headers["location"] == "/account/app"


def test_without_the_setting_the_way_is_closed_and_a_silent_provider_is_told(
    here: District, tmp_path: Path
) -> None:
    with serving(create_app(Desk(config.build({}, tmp_path / "modbot.toml"), here.store))) as address:
        assert httpx.get(f"{address}/sign-in/district").status_code == 404
        assert "district account" not in httpx.get(f"{address}/sign-in").text
    for issuer in (f"http://127.0.0.1:{free_port()}", f"{here.provider.issuer}/"):
        sso = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "allow_loopback": True}
        settings = config.build({"sso": sso}, tmp_path / "modbot.toml")
        with serving(create_app(Desk(settings, here.store))) as address:
            answer = httpx.get(f"{address}/sign-in/district")
            assert (answer.status_code, "did not work" in words(answer.text)) == (403, True)
