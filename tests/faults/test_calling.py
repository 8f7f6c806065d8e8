"""Killed at any instant, alerts miss nobody and tell nobody twice of one step."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import checkpoints, sealing
from modbot.store import Store, bodies_of, table
from modbot.tables import AuditEvent, Call, Case, Delivery
from tests.alerts.receiver import Desk, PostOffice, desk, post_office
from tests.alerts.scenery import mail
from tests.faults import caller
from tests.faults.caller import Place
from tests.modbot.scene import District, district

LONG = os.environ.get("MODBOT_FAULTS") == "long"
KILLS = 150 if LONG else 6
SEED = int(os.environ.get("MODBOT_FAULTS_SEED", "4007"))
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800 if LONG else 120)]

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.faults.caller"])


@pytest.fixture
def receiver() -> Iterator[Desk]:
    with desk() as opened:
        yield opened


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    with post_office(tmp_path) as opened:
        yield opened


def test_killed_at_any_instant_it_calls_everybody_once(
    database_url: str, receiver: Desk, office: PostOffice, tmp_path: Path
) -> None:
    store = Store(database_url)
    here = district(store)
    sealing.seal(tmp_path / "people.key")
    chance = random.Random(SEED)
    place = Place(str(tmp_path), database_url, receiver.url, mail(office))
    for number in range(KILLS):
        here.comes_in(threat(chance, number))
        killed(place, while_starting=chance.random() < 0.2, after=chance.random() * 0.6)
        caller.answer(store)
    caller.finish(place, seconds=600 if LONG else 60)
    check(here, [*receiver.arrived, *names_of(office)], receiver)
    store.close()


def names_of(office: PostOffice) -> list[str]:
    """The key of the message that each letter carries: its Message-ID, which mailboxes know again."""
    return [str(letter["Message-ID"])[1:].partition("@")[0] for letter in office.letters]


def killed(place: Place, *, while_starting: bool, after: float) -> None:
    """Call for a while. On a busy machine to start takes longer than all the rest."""
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=caller.run, args=(place, theirs))
    process.start()
    theirs.close()
    if not while_starting:
        assert ours.poll(60), "it never began"
    time.sleep(after)
    process.kill()
    process.join()
    ours.close()
    assert process.exitcode == -9, "it ended by itself"


def threat(chance: random.Random, number: int) -> str:
    """No two alike enough to share a case."""
    words = " ".join(f"{chance.randrange(10**9):x}" for _ in range(25))
    return f"{number} {words} I will hurt you {words[::-1]}"


def check(here: District, arrivals: list[str], receiver: Desk) -> None:
    rows = here.rows(Delivery)
    assert len(here.rows(Call)) == len(here.rows(Case)) == KILLS, "one call for every threat"
    for call in here.rows(Call):
        taken = [row for row in rows if row.alert_id == call.alert_id]
        stepped = sorted({row.step for row in taken})
        assert stepped == list(range(1, call.step + 1)), "no step left out, none twice"
        assert {(row.step, row.state) for row in taken if row.step <= caller.STEPS} == {
            (step, "sent") for step in range(1, caller.STEPS + 1)
        }
    check_arrivals(here, arrivals, rows)
    phones = Counter(each["key"] for each in receiver.kept if each["key"].endswith("-phone"))
    assert set(phones.values()) == {1}, "a receiver that knows the key keeps one"
    checkpoints.verify(here.store)


def check_arrivals(here: District, arrivals: list[str], rows: list[Any]) -> None:
    """Everything noted as sent arrived; what came twice had one key, and the log says that it might."""
    arrived = Counter(arrivals)
    key = {f"modbot-{row.alert_id}-{row.step}-{row.channel}": row for row in rows}
    assert set(arrived) <= set(key), "nothing arrived that no row speaks of"
    assert {name for name, row in key.items() if row.state == "sent"} <= set(arrived)
    noted = sent(here.store)
    assert Counter(each["key"] for each in noted).most_common(1)[0][1] == 1, "each is noted once"
    doubtful = {each["key"] for each in noted if each["maybe_twice"]}
    twice = {name for name, times in arrived.items() if times > 1 and key[name].state == "sent"}
    assert twice <= doubtful
    assert sum(times - 1 for times in arrived.values()) <= KILLS * 8, "only what was on its way at a kill"


def sent(store: Store) -> list[dict[str, Any]]:
    events = table(AuditEvent)
    with store.read() as connection:
        seqs = connection.execute(sa.select(events.c.seq).where(events.c.kind == "alert.sent")).scalars()
        return list(bodies_of(connection, list(seqs)).values())
