"""An appeal that nobody decided in time is told, once for each."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from modbot import appeals, cases
from modbot.alerts import lasting
from modbot.rulings import Choice, Ruling
from modbot.store import Store, body_of, utcnow
from modbot.tables import Case, User
from tests.alerts.scenery import NOBODY, Scene, channel, settings


def hidden(scene: Scene) -> int:
    """A case that hides a comment."""
    scene.here.comes_in("Buy now, half price")
    case = scene.here.rows(Case)[0]
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", version=case.version)
    cases.decide(scene.store, scene.here.rules, case.id, ruling)
    return int(case.id)


def test_an_overdue_appeal_is_told_with_its_day_and_over_when_it_is_decided(
    store: Store, tmp_path: Path
) -> None:
    scene = Scene(store, settings(tmp_path, channel("phone", NOBODY)))
    with store.write() as tx:
        seq = tx.record("user.added", "user:ott", {"role": "appeals_officer"})
        tx.add(User, name="ott", added=seq, full_name="Ott", role="appeals_officer", active=True)
    case = hidden(scene)
    came_in = utcnow() - timedelta(days=scene.settings.review.appeal_days + 1)
    number = appeals.file(store, case, "ben", "It was a joke", received_at=came_in)
    for _ in range(2):
        lasting.conditions(store, scene.settings)
    (told,) = scene.alerts()
    assert (told.about, told.key, told.case_id) == ("appeal_late", f"appeal_late:{number}", case)
    with store.read() as connection:
        said = (body_of(connection, told.id) or {})["says"]
    assert f"Appeal {number} was due on" in said
    appeals.decide(store, scene.here.rules, number, "ott", "It was one", overturn=True)
    lasting.conditions(store, scene.settings)
    assert scene.alerts()[0].over_at is not None


def test_an_appeal_that_has_time_left_troubles_nobody(store: Store, tmp_path: Path) -> None:
    scene = Scene(store, settings(tmp_path, channel("phone", NOBODY)))
    case = hidden(scene)
    appeals.file(store, case, "ben", "It was a joke")
    lasting.conditions(store, scene.settings)
    assert scene.alerts() == []
