"""From an urgent verdict to a person who answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from modbot import cases, checkpoints
from modbot.alerts import calls, delivering, links
from modbot.alerts.watching import UrgentWatcher
from modbot.errors import StaleCase
from modbot.rulings import Choice, Ruling
from modbot.store import Store, body_of, table
from modbot.tables import AuditEvent, Call, Case, Delivery
from tests.alerts.receiver import Desk
from tests.alerts.scenery import NOBODY, Scene, channel, person, settings, two_desks

THREAT = "I will hurt you at the game"


@pytest.fixture(scope="module")
def desks() -> Iterator[tuple[Desk, Desk]]:
    with two_desks() as both:
        yield both


@pytest.fixture
def scene(store: Store, tmp_path: Path, desks: tuple[Desk, Desk]) -> Scene:
    """ana is called through two channels, then ben through one; routes tell nobody else."""
    for desk in desks:
        desk.kept.clear()
        desk.arrived.clear()
        desk.status = 200
    ana, ben = desks
    made = settings(
        tmp_path,
        channel("ana-phone", ana.url),
        channel("ana-mail", ana.url),
        channel("ben-phone", ben.url),
        alerts={"route": [{"to": ["ben-phone"], "about": ["report_ready"]}]},
        on_call={"person": [person("ana", "ana-phone", "ana-mail"), person("ben", "ben-phone")]},
    )
    return Scene(store, made)


def make_due(scene: Scene) -> None:
    """The next person's time has come."""
    with scene.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Call)).values(next_at=tx.now - timedelta(seconds=1)))


def test_an_urgent_verdict_alerts_the_first_person_at_once(scene: Scene, desks: tuple[Desk, Desk]) -> None:
    scene.here.comes_in("Lovely concert", "Buy now, half price", THREAT)
    scene.round()
    (alert,) = scene.alerts()
    assert alert.about == "urgent"
    assert scene.deliveries() == [(1, "ana-phone", "sent"), (1, "ana-mail", "due")]
    (message,) = desks[0].kept
    assert message["key"] == f"modbot-{alert.id}-1-ana-phone"
    data = message["data"]
    assert data["subject"].startswith("URGENT")
    assert data["link"].endswith(f"/case/{alert.case_id}")
    assert data["answer"].startswith("http://127.0.0.1:8080/ack/")
    assert THREAT not in str(message)
    assert "comment" not in data
    assert desks[1].kept == []


def test_nothing_is_decided_or_hidden_by_the_machine(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    assert scene.here.rows(Case)[0].state == "open"
    assert not [kind for kind in scene.here.kinds() if kind.startswith(("decision.", "action."))]


def test_the_whole_chain_is_in_the_log(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    make_due(scene)
    scene.round()
    (call,) = scene.calls()
    calls.acknowledge(scene.store, call.id, "ben", "link")
    assert scene.logged("alert.", "call.") == [
        "alert.raised",
        "call.started",
        "call.person",
        "alert.sent",
        "call.person",
        "alert.sent",
        "call.acknowledged",
        "alert.dropped",
        "alert.over",
    ]
    dropped = next(row.seq for row in scene.here.rows(AuditEvent) if row.kind == "alert.dropped")
    with scene.store.read() as connection:
        body = body_of(connection, dropped)
    assert body == {"why": "the call is over", "messages": [f"modbot-{call.alert_id}-1-ana-mail"]}
    checkpoints.verify(scene.store)


def test_it_goes_up_the_chain_and_round_again_until_somebody_answers(
    scene: Scene, desks: tuple[Desk, Desk]
) -> None:
    scene.here.comes_in(THREAT)
    for _ in range(3):
        scene.round()
        make_due(scene)
    scene.round()
    phones = [(step, name) for step, name, state in scene.deliveries() if state == "sent"]
    assert phones == [(1, "ana-phone"), (2, "ben-phone"), (3, "ana-phone"), (4, "ben-phone")]
    assert len({message["key"] for desk in desks for message in desk.kept}) == 4
    (call,) = scene.calls()
    seen = calls.acknowledge(scene.store, call.id, "ana", "link")
    assert (seen.state, seen.acknowledged_by) == ("acknowledged", "ana")
    make_due(scene)
    scene.round()
    assert scene.calls()[0].step == 4
    assert {state for _, _, state in scene.deliveries()} == {"sent", "dropped"}


def test_before_its_time_the_next_person_is_left_alone(scene: Scene, desks: tuple[Desk, Desk]) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    scene.round()
    assert desks[1].arrived == []
    (call,) = scene.here.rows(Call)
    (alert,) = scene.alerts()
    assert call.next_at - alert.raised_at == timedelta(minutes=5)


def test_a_persons_next_channel_follows_a_minute_later(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    first, second = sorted(scene.here.rows(Delivery), key=lambda row: row.place)
    (alert,) = scene.alerts()
    assert (first.state, second.state) == ("sent", "due")
    assert second.due_at - alert.raised_at == timedelta(seconds=60)


def test_a_persons_next_channel_is_used_at_once_when_one_fails(
    scene: Scene, desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    scene.settings = settings(
        tmp_path,
        channel("ana-phone", NOBODY),
        channel("ana-mail", desks[0].url),
        on_call={"person": [person("ana", "ana-phone", "ana-mail")]},
        alerts={"route": [{"to": ["ana-mail"], "about": ["report_ready"]}]},
    )
    scene.here.comes_in(THREAT)
    scene.work(lambda: desks[0].kept)
    assert (1, "ana-mail", "sent") in scene.deliveries()
    failed = next(row for row in scene.here.rows(Delivery) if row.channel == "ana-phone")
    assert failed.state in ("due", "sending"), "the first is tried again"
    assert "no answer" in failed.failure


def chain_of(scene: Scene, folder: Path, anas: str, bens: str) -> None:
    """From now on ana and then ben are called, through one channel each."""
    scene.settings = settings(
        folder,
        channel("ana-phone", anas),
        channel("ben-phone", bens),
        on_call={"person": [person("ana", "ana-phone"), person("ben", "ben-phone")]},
        alerts={"route": [{"to": ["ben-phone"], "about": ["report_ready"]}]},
    )


def test_whose_only_channel_fails_keeps_the_next_person_waiting_no_longer(
    scene: Scene, desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    chain_of(scene, tmp_path, NOBODY, desks[1].url)
    scene.here.comes_in(THREAT)
    scene.round()
    assert scene.calls()[0].step == 1
    scene.round()
    assert scene.deliveries() == [(1, "ana-phone", "due"), (2, "ben-phone", "sent")]
    chain_of(scene, tmp_path, desks[0].url, desks[1].url)
    scene.work(lambda: desks[0].kept, 20)
    assert desks[0].kept[0]["key"].endswith("-1-ana-phone"), "ana's message is tried until it is taken"


def test_where_nothing_works_everybody_has_one_turn_and_then_the_pause_holds(
    scene: Scene, tmp_path: Path
) -> None:
    chain_of(scene, tmp_path, NOBODY, NOBODY)
    scene.here.comes_in(THREAT)
    for _ in range(4):
        scene.round()
    assert scene.calls()[0].step == 2
    make_due(scene)
    scene.round()
    scene.round()
    assert scene.calls()[0].step == 3


def test_who_answered_first_stays(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    (call,) = scene.calls()
    calls.acknowledge(scene.store, call.id, "ana", "link")
    again = calls.acknowledge(scene.store, call.id, "ben", "link")
    assert again.acknowledged_by == "ana"
    assert scene.logged("call.acknowledged") == ["call.acknowledged"]


def test_whoever_decides_the_case_has_answered(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    (case,) = scene.here.rows(Case)
    ruling = Ruling(choice=Choice.REFER, by="lee", referral="threat")
    cases.decide(scene.store, scene.here.rules, case.id, ruling)
    scene.round()
    (call,) = scene.calls()
    assert (call.state, call.acknowledged_by) == ("acknowledged", "lee")


def test_a_message_whose_turn_comes_after_the_answer_is_dropped_in_the_log(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    UrgentWatcher(scene.store, scene.settings).look()
    assert scene.deliveries()[0] == (1, "ana-phone", "due")
    (taken,) = delivering.lease(scene.store, "a process that is killed")
    calls.acknowledge(scene.store, scene.calls()[0].id, "ana", "page")
    delivering.give_back(scene.store, "a process that is killed")
    assert delivering.lease(scene.store, "here") == []
    assert scene.deliveries()[0] == (taken.step, taken.channel, "dropped")
    assert scene.logged("alert.dropped") == ["alert.dropped"] * 2, "ana's second channel, and this"


def test_one_campaign_is_one_call(scene: Scene) -> None:
    scene.here.comes_in(*[THREAT] * 30)
    scene.round()
    assert len(scene.here.rows(Case)) == 1
    assert len(scene.calls()) == 1


def test_another_threat_is_another_call(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    scene.here.comes_in("Somebody said: hurt you all, tomorrow, in the gym of Lincoln High")
    scene.round()
    assert len(scene.calls()) == 2


def test_a_case_that_was_decided_while_nobody_watched_calls_nobody(scene: Scene) -> None:
    scene.here.comes_in(THREAT)
    (case,) = scene.here.rows(Case)
    cases.decide(scene.store, scene.here.rules, case.id, Ruling(choice=Choice.LEAVE_UP, by="ana"))
    scene.round()
    assert scene.calls() == []


def test_without_anybody_on_call_the_call_waits_for_the_settings(scene: Scene) -> None:
    scene.settings = scene.settings.model_copy(
        update={"on_call": scene.settings.on_call.model_copy(update={"person": ()})}
    )
    scene.here.comes_in(THREAT)
    scene.round()
    (call,) = scene.calls()
    assert (call.state, call.step) == ("calling", 0)


def test_two_processes_call_once(scene: Scene, desks: tuple[Desk, Desk]) -> None:
    scene.here.comes_in(THREAT)
    scene.round()
    make_due(scene)
    scene.round()
    scene.round()
    assert len(desks[1].arrived) == 1


def test_a_link_is_for_one_step_of_one_call_and_for_a_while(scene: Scene) -> None:
    answering = links.Answering(7, 2, "ben-phone")
    link = links.answer_link(scene.settings, answering)
    token = link.rpartition("/")[2]
    assert links.opened(scene.settings, token) == answering
    other = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
    assert links.opened(scene.settings, other) is None
    assert links.opened(scene.settings, "nonsense") is None
    short = scene.settings.on_call.model_copy(update={"link_hours": -1.0})
    assert links.opened(scene.settings.model_copy(update={"on_call": short}), token) is None


def test_a_call_that_is_not_there_is_said_to_be_missing(scene: Scene) -> None:
    with pytest.raises(StaleCase, match="no call 99"):
        calls.acknowledge(scene.store, 99, "ana", "link")


def test_one_pass_tells_what_there_is_to_tell_and_ends(scene: Scene, desks: tuple[Desk, Desk]) -> None:
    scene.here.comes_in(THREAT)
    asyncio.run(scene.service().run_once())
    assert [message["data"]["urgent"] for message in desks[0].kept] == [True]
