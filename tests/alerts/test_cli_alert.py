"""modbot alert and modbot drill, beside alerts at work."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modbot import config
from modbot.alerts import listing
from modbot.alerts.service import AlertService
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk as WebDesk
from tests.alerts.receiver import SECRET, Desk, desk
from tests.alerts.scenery import NOBODY
from tests.modbot.installation import Installation, install
from tests.web.visitor import Visitor

CHANNEL = """
[[alerts.channel]]
name = "{name}"
kind = "webhook"
url = "{url}"
secret = "{secret}"
allow_loopback = true
"""
PERSON = """
[on_call]
step_minutes = 0.5
[[on_call.person]]
name = "ana"
channels = ["phone"]
"""


@pytest.fixture(scope="module")
def phone() -> Iterator[Desk]:
    with desk() as opened:
        yield opened


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """What differs between the engines is tested with calls and alerts."""
    opened = Store(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'modbot.db')}")
    yield opened
    opened.close()


@pytest.fixture
def here(store: Store, tmp_path: Path, phone: Desk) -> Installation:
    """ana is on call, with one channel."""
    phone.kept.clear()
    phone.arrived.clear()
    made = install(tmp_path / "district", store)
    add(made, "phone", phone.url, '[web]\naddress = "http://127.0.0.1:8080"', PERSON)
    return made


def add(made: Installation, name: str, url: str, *more: str) -> None:
    with (made.folder / "modbot.toml").open("a") as file:
        file.write("\n".join((*more, CHANNEL.format(name=name, url=url, secret=SECRET))))


@contextmanager
def at_work(made: Installation) -> Iterator[None]:
    """Alerts as modbot run has them, in a thread of their own."""
    settings = config.load(made.folder / "modbot.toml")
    ready, box = threading.Event(), []

    async def run() -> None:
        service = AlertService(made.here.store, settings, worker="here")
        box.append((asyncio.get_running_loop(), service))
        ready.set()
        await service.run()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ready.wait(10)
    try:
        yield
    finally:
        loop, service = box[0]
        loop.call_soon_threadsafe(service.stop)
        thread.join(20)


def answer_by_link(made: Installation, phone: Desk, seconds: float = 120) -> threading.Thread:
    """Somebody who answers the first call that arrives, as a browser would."""
    settings = config.load(made.folder / "modbot.toml")
    visitor = Visitor(create_app(WebDesk(settings, made.here.store)))

    def answer() -> None:
        for _ in range(round(seconds * 20)):
            links = [each["data"]["answer"] for each in phone.kept if each["data"]["answer"]]
            if links:
                path = links[0].removeprefix("http://127.0.0.1:8080")
                assert visitor.post(path, {}, script=False).status_code == 303
                return
            threading.Event().wait(0.05)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_a_drill_goes_from_the_classifiers_to_an_answer_and_ends(here: Installation, phone: Desk) -> None:
    with at_work(here):
        answering = answer_by_link(here, phone)
        done = here.modbot("drill", "threat", "--as", "ana")
        answering.join()
        for _ in range(200):
            if len(phone.kept) > 1:
                break
            threading.Event().wait(0.05)
    assert done.status == 0, done.out + done.err
    assert "✓ A threat is found: urgent under" in done.out
    assert "✓ No comment waits for its score" in done.out
    assert "✓ ana was alerted through phone" in done.out
    assert re.search(r"✓ ana answered after \d+ seconds", done.out)
    call, end = phone.kept
    assert call["data"]["subject"].startswith("DRILL: URGENT")
    assert call["data"]["drill"] is True
    assert any("not a real threat" in line for line in call["data"]["lines"])
    assert not any("911" in line for line in call["data"]["lines"])
    assert end["data"]["subject"].startswith("DRILL OVER")
    kinds = [kind for kind in here.here.kinds() if kind.startswith(("call.", "alert.", "comment."))]
    assert kinds[:3] == ["alert.raised", "call.started", "call.person"]
    assert kinds[-1] == "alert.sent"
    assert "call.ended" in kinds
    assert listing.last_drill(here.here.store) is not None


def test_a_drill_while_comments_wait_for_their_score_has_failed(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modbot.commands.drill.NOBODY_THERE", 0.2)
    here.here.member.broken = True
    here.here.comes_in("Nice concert")
    done = here.modbot("drill", "threat")
    assert done.status == 1
    assert "✓ A threat is found" in done.out
    assert "✗ Comments wait for their score" in done.out


def test_a_drill_that_nobody_sends_says_what_to_do_and_ends(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modbot.commands.drill.NOBODY_THERE", 0.2)
    done = here.modbot("drill", "threat")
    assert done.status == 1
    assert "Nothing was sent: no modbot is running" in done.out
    assert "call.ended" in here.here.kinds()
    again = here.modbot("drill", "end")
    assert again.status == 1
    assert "No drill is under way" in again.err


def test_without_anybody_on_call_there_is_no_drill(store: Store, tmp_path: Path) -> None:
    done = install(tmp_path / "district", store).modbot("drill", "threat")
    assert done.status == 1
    assert "Nobody is on call" in done.err
    assert "[[on_call.person]]" in done.err


def test_a_call_can_be_answered_and_listed_at_the_machine(here: Installation, phone: Desk) -> None:
    here.here.comes_in("I will hurt you")
    with at_work(here):
        for _ in range(400):
            if phone.kept:
                break
            threading.Event().wait(0.05)
    (listed,) = here.modbot("alert", "list", "--json").data
    assert (listed["about"], listed["call_state"]) == ("urgent", "calling")
    shown = here.modbot("alert", "list").out
    assert "nobody yet" in shown
    number = str(listed["call"])
    assert "not an active user" in here.modbot("alert", "answer", number, "--as", "nobody").err
    assert "answered by ana" in here.modbot("alert", "answer", number, "--as", "ana").out
    assert "no call 999" in here.modbot("alert", "answer", "999", "--as", "ana").err


def test_every_channel_can_be_tried(here: Installation, phone: Desk) -> None:
    assert here.modbot("alert", "test").status == 0
    add(here, "nobody", NOBODY)
    done = here.modbot("alert", "test")
    assert done.status == 1
    assert "✓ phone: answered 200" in done.out
    assert "✗ nobody: no answer" in done.out
    assert [each["data"]["subject"].partition(" ·")[0] for each in phone.kept] == ["Test message"] * 2


def test_doctor_tells_of_channels_people_and_drills(here: Installation) -> None:
    add(here, "nobody", NOBODY)
    found = {each["what"]: each for each in here.modbot("doctor", "--json").data}
    assert found["channel phone"]["state"] == "fine"
    assert found["channel nobody"]["state"] == "wrong"
    assert found["on call"]["says"] == "ana"
    assert found["drill"]["says"] == "there was none so far"


def test_doctor_tells_of_people_who_have_no_access(here: Installation) -> None:
    with (here.folder / "modbot.toml").open("a") as file:
        file.write('[[on_call.person]]\nname = "nobody"\nchannels = ["phone"]\n')
    found = {each["what"]: each for each in here.modbot("doctor", "--json").data}
    assert found["on call"]["state"] == "wrong"
    assert "nobody has no access" in found["on call"]["says"]


def test_doctor_tells_of_an_installation_without_alerts(store: Store, tmp_path: Path) -> None:
    found = {each["what"]: each for each in install(tmp_path / "d", store).modbot("doctor", "--json").data}
    assert found["alerts"]["state"] == "look"
    assert "a threat waits until somebody looks" in found["alerts"]["says"]
