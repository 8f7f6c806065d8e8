"""Whom a moderator refers a case to is told, once it can no longer be undone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from modbot import cases
from modbot.alerts import calls, referring, watching
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Case, Delivery
from tests.alerts.scenery import NOBODY, Scene, channel, settings


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Scene:
    routes = [
        {"to": ["safety"], "about": ["referred_threat"]},
        {"to": ["office"], "about": ["referred_privacy"]},
    ]
    made = settings(
        tmp_path,
        channel("safety", NOBODY),
        channel("office", NOBODY),
        alerts={"route": routes},
        review={"undo_seconds": 0.0},
    )
    return Scene(store, made)


def refer(scene: Scene, referral: str) -> int:
    scene.here.comes_in("Buy now, half price")
    number = int(scene.here.rows(Case)[-1].id)
    ruling = Ruling(choice=Choice.REFER, by="ana", referral=referral)
    cases.decide(scene.store, scene.here.rules, number, ruling)
    return number


@pytest.mark.parametrize(("referral", "to"), [("threat", "safety"), ("privacy", "office")])
def test_a_referral_goes_where_its_route_leads_and_once(scene: Scene, referral: str, to: str) -> None:
    number = refer(scene, referral)
    assert [referring.referrals(scene.store, scene.settings) for _ in range(2)] == [1, 0]
    assert [(row.about, row.case_id) for row in scene.alerts()] == [(f"referred_{referral}", number)]
    assert [row.channel for row in scene.here.rows(Delivery)] == [to]


def test_what_can_still_be_undone_or_was_withdrawn_tells_nobody(scene: Scene) -> None:
    refer(scene, "threat")
    patient = scene.settings.model_copy(
        update={"review": scene.settings.review.model_copy(update={"undo_seconds": 600.0})}
    )
    assert referring.referrals(scene.store, patient) == 0
    cases.undo(scene.store, scene.here.rules, scene.here.rows(Case)[0].id, "ana")
    assert (referring.referrals(scene.store, scene.settings), scene.alerts()) == (0, [])


def test_what_was_referred_long_ago_is_not_told_when_alerts_are_set_up(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    refer(scene, "threat")
    monkeypatch.setattr(referring, "OLDEST", timedelta(0))
    assert (referring.referrals(scene.store, scene.settings), scene.alerts()) == (0, [])


def test_a_case_rings_until_somebody_answers_its_call(scene: Scene) -> None:
    refer(scene, "threat")
    assert calls.ringing(scene.store) == {}
    scene.here.comes_in("I will hurt you after the game")
    watching.UrgentWatcher(scene.store, scene.settings).look()
    (call,) = scene.calls()
    assert calls.ringing(scene.store) == {scene.here.rows(Case)[-1].id: call.id}
    calls.acknowledge(scene.store, call.id, "ana", "page")
    assert calls.ringing(scene.store) == {}
