"""Connecting a page, at a real authorisation server, as a person at a prompt and a browser."""

from __future__ import annotations

import asyncio
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import typer
from pydantic import SecretStr
from starlette.responses import Response

import platforms
from modbot import connecting, credentials, quotas, sealing
from modbot.connecting import NotOurs
from modbot.store import Store, table
from modbot.tables import AuditEvent
from platforms.addresses import CheckedTransport
from platforms.base import NotAuthorised
from platforms.oauth import Consent, refreshed
from tests.modbot.installation import Answer, command, settings_file
from tests.modbot.scene import district
from tests.modbot.test_cli_run import free_port
from tests.peers import oauth1 as first
from tests.peers.identity import CLIENT, SECRET, Identities, identities
from tests.simulators.bluesky import Network
from tests.simulators.youtube import CHANNEL

DEVICE = f"{CLIENT}-device"


@dataclass(frozen=True)
class Office:
    folder: Path
    store: Store
    provider: Identities
    port: int
    monkeypatch: pytest.MonkeyPatch

    def modbot(self, *arguments: str) -> Answer:
        return command(*arguments, "--config", str(self.folder))

    def connect(self, *more: str, page: str = "channel") -> Answer:
        return self.modbot("connect", page, "--port", str(self.port), *more)

    def with_browser(self, person: Callable[[str], None]) -> None:
        """What somebody does when the browser opens at an address; it runs beside the command."""

        def open_(address: str) -> bool:
            threading.Thread(target=person, args=(address,), daemon=True).start()
            return True

        self.monkeypatch.setattr(webbrowser, "open", open_)

    def agree(self, address: str) -> str:
        """Sign in at the provider; the address that it sends the browser back to."""
        with httpx.Client() as browser:
            back = self.provider.sign_in(browser, address, "ana").next_request
        assert back is not None
        return f"{back.url}"

    def go(self, address: str) -> None:
        httpx.get(self.agree(address)).raise_for_status()


@pytest.fixture(scope="module")
def landing_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, landing_port: int) -> Iterator[Identities]:
    folder = tmp_path_factory.mktemp("provider")
    redirect = f"http://127.0.0.1:{landing_port}/connected"
    with identities(folder, free_port(), redirect, "ana:ana@example.org:verified") as found:
        yield found


@pytest.fixture
def office(
    tmp_path: Path,
    migrated_file: Path,
    provider: Identities,
    landing_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    district(store)
    monkeypatch.setitem(platforms.BUILTIN, "connected", "tests.modbot.connected:Connected")
    settings_file(tmp_path, "sqlite:///modbot.db", _pages(provider.issuer))
    yield Office(tmp_path, store, provider, landing_port, monkeypatch)
    store.close()


def _pages(issuer: str) -> str:
    return f"""
[[page]]
key = "channel"
platform = "connected"
settings = {{ issuer = "{issuer}", client_id = "{CLIENT}", client_secret = "{SECRET}" }}
[[page]]
key = "other"
platform = "connected"
settings = {{ issuer = "{issuer}", client_id = "{DEVICE}" }}
[[page]]
key = "blog"
platform = "memory"
[[page]]
key = "videos"
platform = "youtube"
settings = {{ channel = "{CHANNEL}", client_id = "4711", client_secret = "s" }}
[[page]]
key = "birds"
platform = "x"
settings = {{ client_id = "4711", client_secret = "s", monthly_dollars = 1 }}
[[page]]
key = "bare"
platform = "youtube"
settings = {{ channel = "{CHANNEL}" }}
"""


def _token(office: Office, page: str) -> Any:
    seal = sealing.seal(office.folder / "people.key")
    return asyncio.run(credentials.SealedTokens(office.store, seal, page).get())


def _connections(store: Store) -> list[credentials.Connection]:
    with store.read() as connection:
        return credentials.connections(connection)


def _spent(store: Store) -> Sequence[quotas.Spent]:
    with store.read() as connection:
        return quotas.spent(connection)


def test_a_page_is_connected_by_signing_in_at_the_platform(office: Office) -> None:
    office.with_browser(office.go)
    answer = office.connect()
    assert answer.status == 0, answer.err
    assert "Page channel is connected, as ana@example.org" in answer.out
    assert "  openid\n  email\n" in answer.out
    assert "hide: Only its author sees it." in answer.out
    assert "modbot cannot show again, delete, ban or block anybody" in answer.out
    assert "may not hide or delete" in answer.err
    token = _token(office, "channel")
    assert token.access.get_secret_value() not in answer.out + answer.err
    assert token.refresh is not None
    (line,) = office.modbot("connect", "--list", "--json").data
    assert (line["page"], line["scopes"]) == ("channel", "openid email")
    (quota,) = _spent(office.store)
    assert quota.used == 1


def test_the_token_is_renewed_at_the_platform_itself(office: Office) -> None:
    office.with_browser(office.go)
    office.connect()
    held = _token(office, "channel")
    consent = platforms.load("connected")("channel", _settings(office)).consent()
    assert consent is not None

    async def story() -> Any:
        seal = sealing.seal(office.folder / "people.key")
        tokens = credentials.SealedTokens(office.store, seal, "channel")
        async with httpx.AsyncClient(transport=CheckedTransport(allow_loopback=True)) as client:
            return await tokens.renew(held, lambda token: refreshed(client, consent, token))

    renewed = asyncio.run(story())
    assert renewed.access != held.access
    assert renewed.refresh != held.refresh
    assert _token(office, "channel") == renewed


def _settings(office: Office) -> Any:
    values = {"issuer": office.provider.issuer, "client_id": CLIENT, "client_secret": SECRET}
    return platforms.load("connected").Settings.model_validate(values)


def test_an_answer_that_is_not_to_this_question_is_passed_over(office: Office) -> None:
    codes: list[int] = []

    def person(address: str) -> None:
        right = office.agree(address)
        wrong = str(httpx.URL(right).copy_set_param("state", "another"))
        codes.extend(httpx.get(each).status_code for each in (wrong, right))

    office.with_browser(person)
    assert office.connect().status == 0
    assert codes == [400, 200]


def test_nothing_is_connected_when_somebody_declines(office: Office) -> None:
    def person(address: str) -> None:
        asked = httpx.URL(address).params
        refusal = {"state": asked["state"], "error": "access_denied"}
        httpx.get(asked["redirect_uri"], params=refusal).raise_for_status()

    office.with_browser(person)
    answer = office.connect()
    assert answer.status == 1
    assert "Page 'channel' is not connected: the platform did not agree (access_denied)." in answer.err
    assert _connections(office.store) == []


def test_a_code_that_is_worth_nothing_connects_nothing(office: Office) -> None:
    def person(address: str) -> None:
        asked = httpx.URL(address).params
        httpx.get(asked["redirect_uri"], params={"state": asked["state"], "code": "guessed"})

    office.with_browser(person)
    answer = office.connect()
    assert "no token for its code" in answer.err
    assert _connections(office.store) == []


def test_the_address_is_pasted_where_the_browser_is_on_another_computer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ask = [], connecting.ask

    async def watched(consent: Consent, redirect: str) -> Any:
        asked.append(await ask(consent, redirect))
        return asked[-1]

    answers = iter(["something else", ""])
    monkeypatch.setattr(connecting, "ask", watched)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(answers) or office.agree(asked[0].url))
    answer = office.connect("--paste")
    assert answer.status == 0, answer.err
    assert "That is not the address" in answer.err
    assert "is connected, as ana@example.org" in answer.out


def test_a_code_is_typed_in_on_another_device(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = connecting.device

    async def watched(consent: Consent) -> Any:
        begun = await begin(consent)
        with httpx.Client() as browser:
            await asyncio.to_thread(office.provider.type_in, browser, "ana", begun.user_code, DEVICE)
        return begun

    monkeypatch.setattr(connecting, "device", watched)
    answer = office.connect("--device", page="other")
    assert answer.status == 0, answer.err
    assert "Page other is connected, as ana@example.org" in answer.out


def test_a_page_is_disconnected_by_an_administrator_on_record(office: Office) -> None:
    office.with_browser(office.go)
    office.connect()
    assert "not an active administrator" in office.modbot("disconnect", "channel", "--as", "ana").err
    assert office.modbot("disconnect", "channel").status == 0
    again = office.modbot("disconnect", "channel")
    assert (again.status, "is not connected" in again.err) == (1, True)
    events = table(AuditEvent)
    kinds = sa.select(events.c.kind).where(events.c.subject == "page:channel").order_by(events.c.seq)
    with office.store.read() as connection:
        told = list(connection.execute(kinds).scalars())
    assert told[-2:] == ["page.connected", "page.disconnected"]


def test_the_list_says_what_each_page_has_and_needs(office: Office) -> None:
    shown = office.modbot("connect", "--list").out.splitlines()
    assert [line.split()[:3] for line in shown[1:]] == [
        ["channel", "connected", "no"],
        ["other", "connected", "no"],
        ["blog", "memory", "by"],
        ["videos", "youtube", "no"],
        ["birds", "x", "no"],
        ["bare", "youtube", "no"],
    ]


def test_what_cannot_be_connected_is_said_with_what_to_do(office: Office) -> None:
    for arguments, problem in (
        (
            ("nowhere",),
            "modbot.toml has no page 'nowhere'; it has: channel, other, blog, videos,",
        ),
        (("bare",), "Page 'bare' (youtube) cannot be connected"),
        ((), "Which page?"),
    ):
        answer = office.modbot("connect", *arguments)
        assert answer.status == 1
        assert problem in answer.err
        assert "What to do:" in answer.err


@pytest.mark.parametrize(
    ("page", "why"),
    [("birds", "x gives no code that"), ("videos", "Google gives such codes for watching and uploading")],
)
def test_a_platform_without_codes_says_so_and_what_to_do(office: Office, page: str, why: str) -> None:
    answer = office.connect("--device", page=page)
    assert answer.status == 1
    assert why in " ".join(answer.err.split())
    assert f"modbot connect {page} --paste" in answer.err


def _bluesky(office: Office, network: Network, password: str) -> Answer:
    settings_file(
        office.folder,
        "sqlite:///modbot.db",
        f"""
[[page]]
key = "sky"
platform = "bluesky"
[page.settings]
service = "{network.url}"
handle = "district.test"
app_password = "{password}"
allow_loopback = true
""",
    )
    return office.modbot("connect", "sky")


def test_a_page_that_needs_nobodys_consent_is_looked_at(office: Office, simulated_bluesky: Network) -> None:
    district = simulated_bluesky.join("district.test", "The district")
    answer = _bluesky(office, simulated_bluesky, district.password)
    assert answer.status == 0, answer.err
    assert "Page sky (bluesky) is connected by its settings, as @district.test." in answer.out
    assert "hide: Moved behind" in answer.out
    assert "modbot cannot delete, ban or block anybody" in answer.out


def test_a_wrong_credential_says_what_to_do(office: Office, simulated_bluesky: Network) -> None:
    simulated_bluesky.join("district.test", "The district")
    answer = _bluesky(office, simulated_bluesky, "abcd-wrong")
    assert answer.status == 1
    assert "Page 'sky' (bluesky) does not take what its settings say" in answer.err
    assert "Mend [page.settings] of this page in modbot.toml" in answer.err
    assert "abcd-wrong" not in answer.err + answer.out


def test_a_page_that_does_not_answer_is_not_blamed_on_its_credentials(
    office: Office, simulated_bluesky: Network
) -> None:
    simulated_bluesky.answers.append(Response(None, 503))
    answer = _bluesky(office, simulated_bluesky, "x")
    assert answer.status == 1
    assert "does not answer now" in answer.err
    assert "is the site up?" in answer.err


def test_what_people_carry_out_themselves_is_said(office: Office) -> None:
    body = '[[page]]\nkey = "pins"\nplatform = "pinterest"\n'
    settings_file(office.folder, "sqlite:///modbot.db", body)
    answer = office.modbot("connect", "pins")
    assert answer.status == 0, answer.err
    assert "What is decided is a task that people carry out there:\n  delete (final)" in answer.out


def test_a_page_is_connected_by_oauth_1() -> None:
    with first.oauth1() as (address, given):
        consent = Consent(
            client_id=first.KEY,
            client_secret=SecretStr(first.SECRET),
            request_url=f"{address}/request_token",
            authorize_url=f"{address}/authorize",
            token_url=f"{address}/access_token",
            scopes=("write",),
            extra={"perms": "write"},
            allow_loopback=True,
        )

        async def story(verifier: str) -> Any:
            question = await connecting.ask(consent, "http://127.0.0.1:8765/connected")
            assert httpx.URL(question.url).params["perms"] == "write"
            with pytest.raises(NotOurs):
                connecting.answered(consent, question, {"oauth_token": "x", "oauth_verifier": verifier})
            back = {"oauth_token": question.state, "oauth_verifier": verifier}
            return await connecting.exchange(consent, question, connecting.answered(consent, question, back))

        answer = asyncio.run(story(first.VERIFIER))
        assert given.granted == {answer["oauth_token"]: answer["oauth_token_secret"]}
        with pytest.raises(NotAuthorised):
            asyncio.run(story("AnotherVerifierThatIsWrong"))
