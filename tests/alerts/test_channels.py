"""Each kind of channel against a real receiver, and what each kind of failure means."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modbot.alerts import building
from modbot.alerts.channels import ChannelFailed, ChannelRefused, Message, Words
from modbot.errors import ConfigError
from tests.alerts.receiver import Desk, PostOffice, desk, post_office
from tests.alerts.scenery import NOBODY, channel, letters, mail, settings

MESSAGE = Message(
    key="modbot-7-1-phone",
    subject="URGENT: a comment may be a threat · Our district",
    lines=("Sat Nov 21, 5:02 PM: A comment on @everyone *the* blog.", "For ana, who is on call."),
    link="https://modbot.example.org/case/5",
    answer="https://modbot.example.org/ack/abc_def",
    urgent=True,
    at=datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
)
HOSTILE = Words(
    author="Pat\r\nBcc: all@example.org", text="**I** [will](https://x.example) @everyone\n`hurt` you"
)

FAREWELL = 0.05
"""Seconds for TLS to part: a loop that ends at once would leave the connection open behind it."""


@pytest.fixture(scope="module")
def taking() -> Iterator[Desk]:
    with desk() as opened:
        yield opened


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOffice]:
    with post_office(tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def fresh(taking: Desk, office: PostOffice) -> None:
    taking.kept.clear()
    taking.arrived.clear()
    taking.status = 200
    office.letters.clear()
    office.refused.clear()
    office.code = "250 OK"


def send(folder: Path, own: dict[str, Any], message: Message = MESSAGE, **tables: Any) -> str:
    async def run() -> str:
        (only,) = building.channels(settings(folder, own, **tables)).values()
        try:
            return await only.send(message)
        finally:
            await only.close()
            await asyncio.sleep(FAREWELL)

    return asyncio.run(run())


def check(folder: Path, own: dict[str, Any], **tables: Any) -> str:
    async def run() -> str:
        (only,) = building.channels(settings(folder, own, **tables)).values()
        try:
            return await only.check()
        finally:
            await only.close()
            await asyncio.sleep(FAREWELL)

    return asyncio.run(run())


def test_a_signed_webhook_holds_for_the_specifications_own_library(taking: Desk, tmp_path: Path) -> None:
    assert send(tmp_path, channel("phone", taking.url)) == "answered 200"
    (kept,) = taking.kept  # its signature was verified by the standardwebhooks package
    assert kept["key"] == "modbot-7-1-phone"
    assert kept["type"] == "modbot.alert"
    assert kept["data"]["subject"] == MESSAGE.subject
    assert kept["data"]["answer"] == MESSAGE.answer


def test_a_receiver_that_had_a_message_drops_the_second(taking: Desk, tmp_path: Path) -> None:
    for _ in range(2):
        send(tmp_path, channel("phone", taking.url))
    assert len(taking.arrived) == 2
    assert len(taking.kept) == 1


def test_discord_gets_one_frame_that_notifies_nobody_and_reads_nothing_as_markup(
    taking: Desk, tmp_path: Path
) -> None:
    room = channel("room", taking.discord, "discord")
    assert send(tmp_path, room, replace(MESSAGE, words=HOSTILE)) == "message 5"
    (kept,) = taking.kept
    assert kept["allowed_mentions"] == {"parse": []}
    assert "content" not in kept
    (embed,) = kept["embeds"]
    assert "\\*the\\*" in embed["description"]
    words = {field["name"]: field["value"] for field in embed["fields"]}
    assert "\\*\\*I\\*\\*" in words["Comment"]
    assert "[will](" not in words["Comment"]
    assert words["Answer"] == "[I have seen this](https://modbot.example.org/ack/abc_def)"
    assert embed["footer"]["text"] == MESSAGE.key


def test_the_longest_words_fit_into_discord(taking: Desk, tmp_path: Path) -> None:
    long = replace(MESSAGE, words=Words("*" * 300, "*" * 5000), lines=("#" * 4000,))
    send(tmp_path, channel("room", taking.discord, "discord"), long)
    (kept,) = taking.kept
    assert kept["embeds"][0]["description"].endswith("Open modbot to read the rest.**")


def test_mail_goes_encrypted_and_signed_in_with_a_name_of_its_own(office: PostOffice, tmp_path: Path) -> None:
    receipt = send(tmp_path, letters("desk", "ana@example.org", "ben@example.org"), mail=mail(office))
    assert receipt.startswith("OK")
    (letter,) = office.letters
    assert office.encrypted[-1] is True
    assert letter["To"] == "ana@example.org, ben@example.org"
    assert letter["Message-ID"] == "<modbot-7-1-phone@example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Importance"] == "high"
    said = letter.get_content()
    assert MESSAGE.answer in said
    assert MESSAGE.link in said


def test_alerts_that_share_a_mail_each_have_their_link(office: PostOffice, tmp_path: Path) -> None:
    shared = replace(MESSAGE, links=("https://modbot.example.org/case/7",))
    send(tmp_path, letters("desk", "ana@example.org"), shared, mail=mail(office))
    said = office.letters[0].get_content().splitlines()
    assert said[:4] == [MESSAGE.lines[0], "https://modbot.example.org/case/7", "", MESSAGE.lines[1]]


def test_a_strangers_words_make_no_header_and_no_other_recipient(office: PostOffice, tmp_path: Path) -> None:
    hostile = replace(MESSAGE, words=HOSTILE, subject="URGENT\r\nBcc: all@example.org")
    send(tmp_path, letters("desk", "ana@example.org"), hostile, mail=mail(office))
    (letter,) = office.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == "URGENT Bcc: all@example.org"
    assert "> **I** [will]" in letter.get_content()


def test_one_address_that_is_refused_keeps_nobody_else_from_the_mail(
    office: PostOffice, tmp_path: Path
) -> None:
    office.refused.add("gone@example.org")
    receipt = send(tmp_path, letters("desk", "ana@example.org", "gone@example.org"), mail=mail(office))
    assert receipt.endswith("refused 1 of 2 addresses")
    with pytest.raises(ChannelRefused, match="550"):
        send(tmp_path, letters("desk", "gone@example.org"), mail=mail(office))


@pytest.mark.parametrize(("code", "lasting"), [("451 try later", False), ("554 we do not want it", True)])
def test_a_mail_servers_refusal_lasts_or_not_by_its_code(
    office: PostOffice, tmp_path: Path, code: str, lasting: bool
) -> None:
    office.code = code
    with pytest.raises(ChannelFailed) as caught:
        send(tmp_path, letters("desk", "ana@example.org"), mail=mail(office))
    assert isinstance(caught.value, ChannelRefused) is lasting


def test_a_wrong_password_is_told_without_it(office: PostOffice, tmp_path: Path) -> None:
    wrong = mail(office) | {"password": "an0ther-secret"}
    with pytest.raises(ChannelRefused, match="user and password") as caught:
        send(tmp_path, letters("desk", "ana@example.org"), mail=wrong)
    assert "an0ther-secret" not in str(caught.value)


def test_a_mail_server_that_nobody_vouches_for_gets_nothing(office: PostOffice, tmp_path: Path) -> None:
    unknown = mail(office) | {"ca_file": ""}
    with pytest.raises(ChannelRefused, match="certificate"):
        send(tmp_path, letters("desk", "ana@example.org"), mail=unknown)
    assert office.letters == []


@pytest.mark.parametrize("kind", ["discord", "webhook"])
@pytest.mark.parametrize(("status", "lasting"), [(500, False), (503, False), (404, True), (401, True)])
def test_an_answer_says_whether_waiting_helps(
    taking: Desk, tmp_path: Path, kind: str, status: int, lasting: bool
) -> None:
    taking.status = status
    url = taking.discord if kind == "discord" else taking.url
    with pytest.raises(ChannelFailed) as caught:
        send(tmp_path, channel("phone", url, kind))
    assert isinstance(caught.value, ChannelRefused) is lasting


@pytest.mark.parametrize(
    "own",
    [
        channel("phone", NOBODY),
        channel("phone", f"{NOBODY}/api/webhooks/1/a-token-that-is-long-enough", "discord"),
        channel("phone", "https://nowhere.invalid/hook"),
    ],
)
def test_nobody_there_and_no_such_name_are_told_without_the_address(
    tmp_path: Path, own: dict[str, Any]
) -> None:
    with pytest.raises(ChannelFailed) as caught:
        send(tmp_path, own)
    assert not isinstance(caught.value, ChannelRefused)
    assert "a-token" not in str(caught.value)
    assert caught.value.__context__ is None or "a-token" not in repr(caught.value.__context__)


@pytest.mark.parametrize("address", ["http://10.0.0.1/hook", "https://169.254.169.254/latest"])
def test_an_address_inside_a_private_network_is_never_asked(tmp_path: Path, address: str) -> None:
    with pytest.raises(ChannelRefused):
        send(tmp_path, channel("phone", address))


def test_this_machine_is_asked_only_where_that_is_meant(taking: Desk, tmp_path: Path) -> None:
    with pytest.raises(ChannelRefused, match="allow_loopback"):
        send(tmp_path, channel("phone", taking.url) | {"allow_loopback": False})
    assert taking.arrived == []


def test_what_can_be_known_of_a_channel_is_known_without_sending(
    taking: Desk, office: PostOffice, tmp_path: Path
) -> None:
    assert check(tmp_path, channel("room", taking.discord, "discord")) == "the webhook Alerts is there"
    assert check(tmp_path, channel("phone", taking.url)) == "the receiver answers (405 to HEAD)"
    said = check(tmp_path, letters("desk", "ana@example.org"), mail=mail(office))
    assert said == "127.0.0.1 answers and takes the password"
    assert taking.arrived == []
    assert office.letters == []


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "not base64!"])
def test_a_signing_key_that_is_none_is_refused(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ConfigError, match="no signing key"):
        building.channels(settings(tmp_path, channel("phone", NOBODY, secret=secret)))


def test_a_discord_address_that_is_none_is_refused_without_repeating_it(tmp_path: Path) -> None:
    broken = channel("room", "https://discord.com/api/webhooks/1/short", "discord")
    with pytest.raises(ConfigError, match="room") as caught:
        building.channels(settings(tmp_path, broken))
    assert "short" not in str(caught.value)
