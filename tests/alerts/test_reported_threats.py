"""A report of somebody else's threat calls the people on call, and says what to do with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modbot.alerts import preview, wording
from modbot.alerts.delivering import lease
from modbot.alerts.watching import UrgentWatcher
from modbot.store import Store
from tests.alerts.scenery import NOBODY, Scene, channel, person, settings

TOLD = "Mi hija dice que un niño trae una pistola en la mochila"


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Scene:
    on_call = {"person": [person("ana", "phone")]}
    return Scene(store, settings(tmp_path, channel("phone", NOBODY), on_call=on_call))


def message(scene: Scene) -> wording.Message:
    UrgentWatcher(scene.store, scene.settings).look()
    return wording.compose(scene.store, scene.settings, lease(scene.store, "here"))


def test_the_person_on_call_is_told_to_tell_the_school_and_that_it_stays_up(scene: Scene) -> None:
    scene.here.comes_in(TOLD)
    told = message(scene)
    assert told.urgent
    assert told.subject.startswith("URGENT: a comment may report a threat")
    assert "may report somebody else's threat" in told.lines[0]
    assert wording.TELL_THE_SCHOOL in told.lines
    assert "REPORT" not in " ".join(told.lines)


def test_a_threat_of_the_writers_own_is_told_as_before(scene: Scene) -> None:
    scene.here.comes_in("I will hurt you")
    told = message(scene)
    assert told.subject.startswith("URGENT: a comment may be a threat")
    assert wording.NOTHING_DONE in told.lines


def test_what_may_be_either_is_told_as_both(scene: Scene) -> None:
    scene.here.comes_in("My son says a kid wrote: I will hurt you all, I bring a gun tomorrow")
    told = message(scene)
    assert "may be a threat, or report somebody else's" in told.lines[0]
    assert {wording.NOTHING_DONE, wording.IF_REPORTED} <= set(told.lines)
    assert "Clauses that may apply: C1." in told.lines


def test_the_practice_shows_what_the_people_on_call_would_get(scene: Scene) -> None:
    scene.here.comes_in(TOLD)
    told = message(scene)
    shown = preview.urgent(scene.settings, "blog", ["REPORT"], told.at)
    assert shown.subject == told.subject
    assert shown.lines == tuple(each for each in told.lines if "on call" not in each)
