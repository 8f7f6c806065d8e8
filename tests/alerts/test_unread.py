"""Where no classifier works, no threat is found: then people are called, and soon told what waits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from modbot import cases, health
from modbot import store as storing
from modbot.alerts import calls, delivering, lasting, overdue, wording
from modbot.rulings import Choice, Ruling
from modbot.store import Store, table
from modbot.tables import Case, Unscored
from tests.alerts.scenery import NOBODY, Scene, channel, person, settings

UNREAD = "scorer_down:unread"


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Scene:
    """Nothing can be scored, and one comment came in that nobody has decided."""
    quiet = {"quiet": "mon-sun 00:00-24:00", "route": [{"to": ["office"], "about": ["report_ready"]}]}
    on_call = {"person": [person("ana", "phone")]}
    made = settings(
        tmp_path, channel("phone", NOBODY), channel("office", NOBODY), alerts=quiet, on_call=on_call
    )
    found = Scene(store, made)
    found.here.member.broken = True
    found.here.comes_in("I will hurt you")
    return found


@pytest.fixture
def pass_on(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> PassOn:
    return PassOn(monkeypatch, scene)


class PassOn:
    """Moves the clock on, and looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
        self._monkeypatch = monkeypatch
        self._scene = scene
        self._now = storing.utcnow()

    def minutes(self, minutes: float) -> list[str]:
        """The alerts that stand then; that nobody polls the pages here is none of our matter."""
        self._now += timedelta(minutes=minutes)
        for module in (storing, health, lasting, overdue, calls, delivering):
            self._monkeypatch.setattr(module, "utcnow", lambda: self._now)
        lasting.conditions(self._scene.store, self._scene.settings)
        standing = (row.key for row in self._scene.alerts() if row.over_at is None)
        return sorted(key for key in standing if not key.startswith("capture_gap"))


def score(scene: Scene) -> None:
    """The classifiers work again, and the pause after the failure is over."""
    scene.here.member.broken = False
    with scene.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Unscored)).values(available_at=tx.now))
    scene.here.score()


def test_after_ten_minutes_the_people_on_call_are_called_at_any_hour(scene: Scene, pass_on: PassOn) -> None:
    assert pass_on.minutes(0) == ["scorer_down"]
    assert pass_on.minutes(9) == ["scorer_down"]
    assert pass_on.minutes(2) == ["scorer_down", UNREAD]
    assert [row.state for row in scene.calls()] == ["calling"]
    (due,) = delivering.lease(scene.store, "here")
    message = wording.compose(scene.store, scene.settings, [due])
    assert (due.person, due.channel, message.urgent) == ("ana", "phone", True)
    assert message.subject.startswith("URGENT: comments wait unread")
    assert "/ack/" in message.answer
    assert "hurt" not in str(message)


def test_who_has_answered_is_not_called_again_for_the_same_trouble(scene: Scene, pass_on: PassOn) -> None:
    for minutes in (0, 11):
        pass_on.minutes(minutes)
    calls.acknowledge(scene.store, scene.calls()[0].id, "ana", "command")
    assert pass_on.minutes(30) == ["scorer_down", UNREAD]
    assert [row.state for row in scene.calls()] == ["acknowledged"]


def test_a_call_that_nobody_answered_ends_when_comments_are_scored_again(
    scene: Scene, pass_on: PassOn
) -> None:
    for minutes in (0, 11):
        pass_on.minutes(minutes)
    score(scene)
    assert pass_on.minutes(1) == []
    assert [row.state for row in scene.calls()] == ["ended"]
    assert scene.logged("call.") == ["call.started", "call.person", "call.ended"]
    assert {state for step, _, state in scene.deliveries() if step} == {"dropped"}


def test_later_trouble_is_another_call(scene: Scene, pass_on: PassOn) -> None:
    for minutes in (0, 11):
        pass_on.minutes(minutes)
    score(scene)
    pass_on.minutes(1)
    scene.here.member.broken = True
    scene.here.comes_in("Nice concert")
    for minutes in (1, 11):
        pass_on.minutes(minutes)
    assert [row.state for row in scene.calls()] == ["ended", "calling"]


def test_what_a_person_has_decided_is_not_unread(scene: Scene, pass_on: PassOn) -> None:
    pass_on.minutes(0)
    (case,) = scene.here.rows(Case)
    cases.decide(scene.store, scene.here.rules, case.id, Ruling(choice=Choice.LEAVE_UP, by="ana"))
    assert pass_on.minutes(11) == []
    assert len(scene.here.rows(Unscored)) == 1


def test_old_comments_after_a_start_call_nobody_at_once(scene: Scene, pass_on: PassOn) -> None:
    assert pass_on.minutes(600) == ["queue_late:not_scored", "scorer_down"]


def test_a_case_that_nobody_could_score_is_late_sooner_than_others(scene: Scene, pass_on: PassOn) -> None:
    scene.here.member.broken = False
    scene.here.comes_in("Buy now, half price")
    pass_on.minutes(0)
    assert "queue_late:not_scored" not in pass_on.minutes(119)
    late = pass_on.minutes(2)
    assert "queue_late:not_scored" in late
    assert "queue_late" not in late
