"""What is told, through which channels, when, and what happens when a channel does not take it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from modbot import case_rows, cases
from modbot.actions import STUCK_AFTER
from modbot.alerts import delivering, lasting, listing, overdue, raising, routing
from modbot.alerts.channels import ChannelFailed, ChannelRefused
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.records import archive
from modbot.rulings import Choice, Ruling
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import Action, AuditEvent, Case, Delivery, Page
from tests.alerts.receiver import Desk, desk, post_office
from tests.alerts.scenery import ADDRESS, NOBODY, Scene, channel, letters, mail, settings
from tests.modbot.scene import said

ZONE = ZoneInfo("America/Los_Angeles")
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=ZONE)
"""A Wednesday."""


@pytest.fixture(scope="module")
def phone() -> Iterator[Desk]:
    with desk() as opened:
        yield opened


@pytest.fixture
def scene(store: Store, tmp_path: Path, phone: Desk) -> Scene:
    phone.kept.clear()
    phone.arrived.clear()
    phone.status = 200
    return Scene(store, settings(tmp_path, channel("phone", phone.url)))


def news(about: About = About.CAPTURE_GAP, key: str = "k", **more: Any) -> News:
    return News(about=about, key=key, says=f"{about} says {key}", **more)


def tell(scene: Scene, *given: News, now: datetime | None = None) -> list[int | None]:
    with scene.store.write(now=now) as tx:
        return [raising.raise_alert(tx, scene.settings, each) for each in given]


def lasting_keys(scene: Scene) -> list[str]:
    lasting.conditions(scene.store, scene.settings)
    return [row.key for row in scene.alerts() if row.over_at is None]


def routed(folder: Path, given: News, *routes: dict[str, Any], at: datetime = NOON) -> list[tuple[str, ...]]:
    made = settings(
        folder, *(channel(name, NOBODY) for name in ("a", "b", "c")), alerts={"route": list(routes)}
    )
    return routing.ladders(made.alerts, made.on_call, given, at)


def test_a_page_that_cannot_be_read_is_told_once_and_again_when_it_comes_back(scene: Scene) -> None:
    long_ago = utcnow() - timedelta(minutes=10)
    for number in range(2):
        archive.mark_failing(scene.store, "blog", "Unavailable: no answer")
        _since(scene, long_ago)
        assert lasting_keys(scene) == ["capture_gap:blog"]
        assert lasting_keys(scene) == ["capture_gap:blog"]
        scene.here.arrive(page="blog")
        assert lasting_keys(scene) == []
        assert len(scene.alerts()) == number + 1
    assert scene.logged("alert.") == ["alert.raised", "alert.over"] * 2


def _since(scene: Scene, moment: datetime) -> None:
    with scene.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Page)).where(table(Page).c.key == "blog").values(failing_since=moment))


def test_a_page_that_failed_a_moment_ago_troubles_nobody(scene: Scene) -> None:
    archive.mark_failing(scene.store, "blog", "Unavailable: no answer")
    assert lasting_keys(scene) == []


def test_comments_that_cannot_be_scored_are_told(scene: Scene) -> None:
    scene.here.member.broken = True
    scene.here.comes_in("Nice concert")
    assert lasting_keys(scene) == ["scorer_down"]


def test_a_case_that_waits_too_long_is_told_until_it_is_decided(scene: Scene) -> None:
    scene.here.comes_in("Buy now, half price")
    assert lasting_keys(scene) == []
    with scene.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Case)).values(opened_at=tx.now - timedelta(hours=25)))
    assert lasting_keys(scene) == ["queue_late"]
    (case,) = scene.here.rows(Case)
    assert [row.case_id for row in scene.alerts()] == [case.id]
    cases.decide(scene.store, scene.here.rules, case.id, Ruling(choice=Choice.LEAVE_UP, by="ana"))
    assert lasting_keys(scene) == []


def test_a_case_that_was_opened_again_waits_from_then_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.here.comes_in("Buy now, half price")
    (case,) = scene.here.rows(Case)
    cases.decide(scene.store, scene.here.rules, case.id, Ruling(choice=Choice.LEAVE_UP, by="ana"))
    with scene.store.write() as tx:
        case_rows.reopen(tx, case.id, "an appeal", "ana")
        tx.execute(sa.update(table(Case)).values(opened_at=tx.now - timedelta(days=30)))
    assert lasting_keys(scene) == []
    monkeypatch.setattr(overdue, "utcnow", lambda: utcnow() + timedelta(hours=25))
    assert lasting_keys(scene) == ["queue_late"]


def test_a_school_whose_route_is_its_own_hears_of_its_own_late_cases(scene: Scene, tmp_path: Path) -> None:
    pages = [
        {"key": key, "platform": "memory", "title": f"The {key}", "school": f"{key} school"}
        for key in ("blog", "news")
    ]
    scene.settings = settings(
        tmp_path,
        *(channel(name, NOBODY) for name in ("office", "blogs", "newsroom")),
        alerts={
            "route": [
                {"to": ["blogs"], "schools": ["blog school"]},
                {"to": ["newsroom"], "schools": ["news school"]},
            ]
        },
        page=pages,
    )
    scene.here.comes_in("Buy now, half price")
    scene.here.arrive(said("9", "Buy now, all of it, half price today"), page="news")
    scene.here.score()
    with scene.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Case)).values(opened_at=tx.now - timedelta(hours=25)))
    assert sorted(lasting_keys(scene)) == ["queue_late:blog", "queue_late:news"]
    to = {row.alert_id: row.channel for row in scene.here.rows(Delivery)}
    assert {row.page: to[row.id] for row in scene.alerts()} == {"blog": "blogs", "news": "newsroom"}


def test_an_action_that_does_not_come_through_is_told(scene: Scene) -> None:
    scene.here.comes_in("Buy now, half price")
    (case,) = scene.here.rows(Case)
    hide = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
    cases.decide(scene.store, scene.here.rules, case.id, hide)
    with scene.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Action)).values(attempts=STUCK_AFTER))
    assert lasting_keys(scene) == ["action_stuck"]
    assert [(row.case_id, row.page) for row in scene.alerts()] == [(case.id, "blog")]


def test_an_alert_goes_out_with_its_words_and_without_anybodys(scene: Scene, phone: Desk) -> None:
    tell(scene, news())
    scene.round()
    (kept,) = phone.kept
    assert kept["data"]["subject"] == "A page cannot be read · Our school district"
    assert "capture_gap says k" in kept["data"]["lines"][0]
    assert kept["data"]["answer"] == ""
    assert scene.logged("alert.") == ["alert.raised", "alert.sent"]


def test_without_routes_the_channels_stand_in_for_each_other(tmp_path: Path) -> None:
    assert routed(tmp_path, news()) == [("a", "b", "c")]


def test_every_route_that_fits_is_used(tmp_path: Path) -> None:
    urgent = news(About.URGENT, clauses=("C1",), page="blog", school="Lincoln High")
    routes = [
        {"to": ["a"], "about": ["urgent"]},
        {"to": ["b"], "about": ["report_ready"]},
        {"to": ["c", "a"], "clauses": ["C1", "C2"]},
        {"to": ["b", "a"], "pages": ["news"]},
        {"to": ["b", "c"], "schools": ["Lincoln High"]},
        {"to": ["c"], "hours": "mon-fri 13:00-17:00"},
        {"to": ["c", "b"], "hours": "mon-fri 07:00-12:30"},
    ]
    assert routed(tmp_path, urgent, *routes) == [("a",), ("c", "a"), ("b", "c"), ("c", "b")]


def test_what_no_route_fits_goes_where_all_goes_without_routes(tmp_path: Path) -> None:
    elsewhere = {"to": ["b"], "schools": ["Lincoln High"]}
    assert routed(tmp_path, news(), elsewhere) == [("a", "b", "c")]
    assert routed(tmp_path, news(About.URGENT, school="Lincoln High"), elsewhere) == [("b",)]


def test_what_no_route_fits_is_said_in_the_programs_log(scene: Scene, tmp_path: Path) -> None:
    routes = [{"to": ["phone"], "pages": ["news"]}]
    scene.settings = settings(tmp_path, channel("phone", NOBODY), alerts={"route": routes})
    with capture_logs() as logged:
        tell(scene, news(key="here", page="blog"), news(key="there", page="news"))
    assert [(each["event"], each["page"]) for each in logged] == [("alert.no_route", "blog")]
    assert [name for _, name, _ in scene.deliveries()] == ["phone", "phone"]


def test_an_alert_through_two_routes_is_one_message_in_a_channel(scene: Scene, tmp_path: Path) -> None:
    scene.settings = settings(
        tmp_path,
        *(channel(name, NOBODY) for name in ("a", "b")),
        alerts={"route": [{"to": ["a", "b"]}, {"to": ["b"]}]},
    )
    tell(scene, news())
    assert scene.deliveries() == [(0, "a", "due"), (0, "b", "waiting")]


def test_what_is_not_urgent_comes_together(scene: Scene, tmp_path: Path, phone: Desk) -> None:
    scene.settings = settings(tmp_path, channel("phone", phone.url), alerts={"digest_minutes": 60})
    tell(scene, news(key="first"))
    scene.round()
    tell(scene, news(key="second"))
    tell(scene, news(About.SCORER_DOWN, key="third"))
    scene.round()
    assert len(phone.kept) == 1
    _make_due(scene)
    scene.round()
    first, rest = phone.kept
    assert rest["data"]["subject"].startswith("2 things to look at")
    assert [line.partition(": ")[2] for line in rest["data"]["lines"]] == [
        "capture_gap says second",
        "scorer_down says third",
    ]
    assert rest["data"]["links"] == ["", ""]
    assert rest["data"]["link"] == ADDRESS
    assert first["key"] != rest["key"]
    assert {state for _, _, state in scene.deliveries()} == {"sent"}


def two_cases(scene: Scene) -> list[int]:
    scene.here.comes_in("Buy now, half price")
    scene.here.comes_in("Everything must go this weekend, so buy now at our new store")
    return sorted(row.id for row in scene.here.rows(Case))


@pytest.mark.parametrize("kind", ["webhook", "discord"])
def test_each_alert_in_a_message_links_to_its_own_case(
    scene: Scene, tmp_path: Path, phone: Desk, kind: str
) -> None:
    url = phone.discord if kind == "discord" else phone.url
    scene.settings = settings(tmp_path, channel("phone", url, kind))
    first, second = two_cases(scene)
    tell(
        scene,
        news(About.APPEAL_LATE, key="a", case_id=first, clauses=("C1",)),
        news(About.APPEAL_LATE, key="b", case_id=second, clauses=("C7",)),
    )
    scene.round()
    (kept,) = phone.kept
    if kind == "webhook":
        assert kept["data"]["links"] == [f"{ADDRESS}/case/{number}" for number in (first, second)]
        told = kept["data"]["lines"]
    else:
        told = kept["embeds"][0]["description"].split("\n\n")
        assert f"[Open the case]({ADDRESS}/case/{first})" in told[0]
        assert f"[Open the case]({ADDRESS}/case/{second})" in told[1]
    assert ["C1" in told[0], "C7" in told[1]] == [True, True]


def test_what_does_not_fit_into_one_message_of_discords_comes_in_several(
    scene: Scene, tmp_path: Path, phone: Desk
) -> None:
    scene.settings = settings(tmp_path, channel("phone", phone.discord, "discord"))
    tell(scene, *(news(key=f"{number} {'*' * 400}") for number in range(9)))
    scene.round()
    told = "".join(kept["embeds"][0]["description"] for kept in phone.kept)
    assert len(phone.kept) > 1
    assert all(f"says {number} " in told for number in range(9))
    assert "too long" not in told
    assert {state for _, _, state in scene.deliveries()} == {"sent"}


def _make_due(scene: Scene) -> None:
    with scene.store.write(logged=False) as tx:
        waiting = sa.update(table(Delivery)).where(table(Delivery).c.state == "due")
        tx.execute(waiting.values(due_at=tx.now - timedelta(seconds=1)))


def test_quiet_hours_hold_back_what_is_not_urgent_and_nothing_else(scene: Scene, tmp_path: Path) -> None:
    scene.settings = settings(tmp_path, channel("phone", NOBODY), alerts={"quiet": "20:00-06:30"})
    night = datetime(2026, 11, 18, 22, 0, tzinfo=ZONE)
    tell(scene, news(), news(About.URGENT, key="threat"), now=night.astimezone(UTC))
    due = {row.alert_id: row.due_at for row in scene.here.rows(Delivery)}
    gap, urgent = scene.alerts()
    assert due[gap.id] == datetime(2026, 11, 19, 6, 30, tzinfo=ZONE)
    assert due[urgent.id] == night


@pytest.mark.parametrize("failing", ["mail refused", "no name", "Discord 503", "hangs"])
def test_when_a_channel_fails_the_next_is_used_and_the_first_tried_until_it_takes_it(
    scene: Scene, tmp_path: Path, phone: Desk, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of provider's trouble, and its end: the same channel, mended."""
    with desk() as first, post_office(tmp_path) as office:
        url = first.discord if failing == "Discord 503" else first.url
        kind = "discord" if failing == "Discord 503" else "webhook"
        mended = broken = channel("first", url, kind)
        own = mail(office)
        closed = own
        if failing == "mail refused":
            mended = broken = letters("first", "ana@example.org")
            closed = own | {"port": 9}
        elif failing == "no name":
            broken = channel("first", "https://nowhere.invalid")
        elif failing == "Discord 503":
            first.status = 503
        else:
            first.hang()
            monkeypatch.setattr("modbot.alerts.service.SECONDS", 1)
        scene.settings = settings(tmp_path, broken, channel("phone", phone.url), mail=closed)
        tell(scene, news(About.URGENT, key="threat"))
        scene.work(lambda: phone.kept and _row(scene, "first").failure, 20)
        assert _state(scene, "phone") == "sent"
        assert _state(scene, "first") in ("due", "sending"), "it is tried again"
        assert _row(scene, "first").in_doubt is (failing == "hangs")
        first.go_on()
        scene.settings = settings(tmp_path, mended, channel("phone", phone.url), mail=own)
        _make_due(scene)
        scene.work(lambda: _state(scene, "first") == "sent", 20)
        taken = [*first.kept, *office.letters]
    assert len(taken) == 1
    assert len(phone.kept) == 1
    assert scene.logged("alert.")[:2] == ["alert.raised", "alert.failed"]
    assert scene.logged("alert.").count("alert.sent") == 2


def _row(scene: Scene, name: str) -> Any:
    return next(row for row in scene.here.rows(Delivery) if row.channel == name)


def _state(scene: Scene, name: str) -> str:
    return str(_row(scene, name).state)


def test_a_channel_that_is_no_longer_in_the_settings_has_failed(
    scene: Scene, tmp_path: Path, phone: Desk
) -> None:
    old = settings(tmp_path, channel("gone", NOBODY), channel("phone", phone.url))
    scene.settings = old
    tell(scene, news(About.URGENT, key="threat"))
    scene.settings = settings(tmp_path, channel("phone", phone.url))
    scene.work(lambda: phone.kept)
    assert "no longer in the settings" in str(scene.here.rows(Delivery))


@pytest.mark.parametrize(
    ("attempts", "asked", "lasting", "seconds"),
    [
        (1, None, False, 2),
        (4, None, False, 16),
        (30, None, False, 300),
        (1, None, True, 300),
        (1, 7, False, 7),
    ],
)
def test_the_pause_grows_and_ends_at_five_minutes(
    attempts: int, asked: float | None, lasting: bool, seconds: int
) -> None:
    assert delivering.pause(attempts, asked, lasting=lasting) == timedelta(seconds=seconds)


def test_a_message_that_may_have_left_says_that_it_may_come_twice(scene: Scene, phone: Desk) -> None:
    tell(scene, news(About.URGENT, key="threat"))
    (taken,) = delivering.lease(scene.store, "here")
    assert not taken.again
    assert delivering.lease(scene.store, "there") == [], "somebody is at it"
    scene.round()  # a process of the same name starts anew
    (kept,) = phone.kept
    assert any("You may have had it before" in line for line in kept["data"]["lines"])
    assert kept["key"] == taken.key


def test_an_alert_that_is_no_call_is_given_up_after_a_day(scene: Scene, tmp_path: Path) -> None:
    scene.settings = settings(tmp_path, channel("phone", NOBODY))
    tell(scene, news(), now=utcnow() - timedelta(hours=25))
    scene.round()
    assert scene.deliveries() == [(0, "phone", "dropped")]
    assert scene.logged("alert.") == ["alert.raised", "alert.failed", "alert.dropped"]


def test_health_knows_of_alerts_that_do_not_leave_and_calls_that_nobody_answers(scene: Scene) -> None:
    with scene.store.read() as connection:
        assert listing.trouble(connection) == listing.Trouble(0, 0)
    tell(scene, news(About.URGENT, key="threat"), now=utcnow() - timedelta(minutes=5))
    scene.here.comes_in("I will hurt you")
    scene.round()  # calls nobody, as nobody is on call, and sends the older alert too
    with scene.store.write(logged=False) as tx:
        tx.execute(sa.text("UPDATE alert SET raised_at = '2026-01-01 00:00:00'"))
        tx.execute(sa.update(table(Delivery)).values(state="due", attempts=listing.STUCK_AFTER))
    with scene.store.read() as connection:
        found = listing.trouble(connection)
    assert found.unanswered == 1
    assert found.stuck == len(scene.deliveries())


def test_a_report_that_was_made_is_told_once(scene: Scene) -> None:
    with scene.store.write() as tx:
        tx.record("report.made", "report:2026-W47", {"week": "2026-W47"})
    for _ in range(2):
        lasting.reports(scene.store, scene.settings)
    (alert,) = scene.alerts()
    assert alert.about == "report_ready"
    assert listing.newest(scene.store)[0].says == "The weekly report 2026-W47 is ready."


def test_without_routes_what_is_urgent_goes_to_the_people_on_call_alone(tmp_path: Path) -> None:
    made = settings(tmp_path, channel("a", NOBODY), on_call={"person": [{"name": "ana", "channels": ["a"]}]})
    assert routing.ladders(made.alerts, made.on_call, news(About.URGENT), NOON) == []
    assert routing.ladders(made.alerts, made.on_call, news(), NOON) == [("a",)]


@pytest.mark.parametrize(("days", "told"), [(-1, True), (13, True), (20, False)])
def test_a_pages_access_that_ends_soon_is_told(scene: Scene, tmp_path: Path, days: int, told: bool) -> None:
    ends = (datetime.now(ZONE) + timedelta(days=days)).date()
    page = {"key": "blog", "platform": "memory", "title": "District blog", "access_ends": ends}
    scene.settings = settings(tmp_path, channel("phone", NOBODY), page=[page])
    assert lasting_keys(scene) == ([f"credential_expiring:blog:{ends}"] if told else [])
    assert [row.about for row in scene.alerts()] == ["credential_expiring"] * told


def test_in_a_flood_what_waits_for_a_channel_that_hangs_uses_the_next_with_the_first_that_fails(
    scene: Scene, tmp_path: Path
) -> None:
    scene.settings = settings(tmp_path, channel("first", NOBODY), channel("second", NOBODY))
    tell(scene, *(news(About.DRILL_OVER, key=str(number)) for number in range(20)))
    leased = delivering.lease(scene.store, "here")
    assert len(leased) == delivering.OF_EACH
    slow = ChannelFailed("no answer in 10 seconds", in_doubt=True)
    delivering.failed(scene.store, leased[:1], slow, timedelta(seconds=2))
    states = [(name, state) for _, name, state in scene.deliveries()]
    assert states.count(("second", "due")) == 20 - (delivering.OF_EACH - 1), "but those on their way"
    assert states.count(("first", "due")) == 20 - (delivering.OF_EACH - 1), "all keep their turn there"
    assert scene.logged("alert.failed") == ["alert.failed"] * 16


def test_a_message_that_a_channel_refuses_says_nothing_of_the_others(scene: Scene, tmp_path: Path) -> None:
    scene.settings = settings(tmp_path, channel("first", NOBODY), channel("second", NOBODY))
    tell(scene, *(news(About.DRILL_OVER, key=str(number)) for number in range(20)))
    leased = delivering.lease(scene.store, "here")
    delivering.failed(scene.store, leased[:1], ChannelRefused("too long"), timedelta(seconds=2))
    assert [state for _, name, state in scene.deliveries() if name == "second"].count("due") == 1


def test_every_failed_attempt_is_in_the_log_and_an_endless_row_of_them_one_an_hour(scene: Scene) -> None:
    tell(scene, news(About.URGENT, key="threat"))
    for _ in range(25):
        (due,) = delivering.lease(scene.store, "here")
        delivering.failed(scene.store, [due], ChannelFailed("no answer"), timedelta(seconds=-1))
    with scene.store.read() as connection:
        failed = [row.seq for row in scene.here.rows(AuditEvent) if row.kind == "alert.failed"]
        attempts = [body["attempts"] for body in bodies_of(connection, failed).values()]
    assert sorted(attempts) == [*range(1, 13), 24]


def test_a_flood_of_alerts_goes_out_bit_by_bit_and_each_once(
    scene: Scene, phone: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "OF_EACH", 3)
    tell(scene, *(news(About.DRILL_OVER, key=str(number)) for number in range(7)))
    phone.hang()

    async def flood() -> None:
        alerts = scene.service()
        await alerts.look()
        await alerts.look()
        assert [row.state for row in scene.here.rows(Delivery)].count("sending") == 3
        phone.go_on()
        while any(row.state != "sent" for row in scene.here.rows(Delivery)):
            await alerts.look()
            await alerts.settle()
        await alerts.close()

    asyncio.run(flood())
    assert len(phone.arrived) == len(set(phone.arrived)) == 7
