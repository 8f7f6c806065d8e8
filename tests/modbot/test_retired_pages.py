"""A page that is taken out of the settings: on record, told, and no gap; and the same when it is put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import cases, checkpoints, config, health, page_openings, wiring
from modbot.checkups import pages as checkup
from modbot.config import Settings
from modbot.records import archive
from modbot.records.page_state import GAP, PARTIAL, REGISTERED, RETIRED
from modbot.reports import outstanding, page, sentences, weekly, weeks
from modbot.reports.weekly import Report, Version
from modbot.rulings import Choice, Ruling
from modbot.store import SYSTEM, Store, bodies_of, table
from modbot.tables import AuditEvent, Case, Page
from modbot.web.app import create_app
from modbot.web.desk import Desk
from platforms.base import Batch, Identity
from tests.modbot.installation import settings_file
from tests.modbot.reporting import Calendar, calendar
from tests.modbot.scene import District, add_page, on_file
from tests.web.member import member
from tests.web.visitor import words

W47, W48, W49, W50 = (weeks.parse(f"2026-W{number}") for number in (47, 48, 49, 50))
SHOP = Identity(account="@district", can_moderate=True)


@pytest.fixture
def days(store: Store, monkeypatch: pytest.MonkeyPatch) -> Calendar:
    """Two pages, both watched from the Monday of W47 on."""
    made = calendar(store, monkeypatch, "2026-11-16 08:00")
    made.comes_in("Good morning")
    return made


def naming(folder: Path, *keys: str) -> Settings:
    """Settings with these pages."""
    return config.build(
        {"page": [{"key": key, "platform": "memory"} for key in keys]}, folder / "modbot.toml"
    )


def start(store: Store, settings: Settings) -> None:
    """What a start of modbot does to the register."""
    wiring.register_pages(store, settings.page)
    wiring.retire_pages(store, settings)


def answers(days: Calendar, key: str) -> None:
    """The page answered now, without a gap before."""
    pages = table(Page)
    with days.here.store.write(logged=False) as tx:
        tx.execute(sa.update(pages).where(pages.c.key == key).values(polled_at=tx.now))


def entries(here: District, *kinds: str) -> list[tuple[str, str]]:
    """Kind and page of the log's entries of these kinds."""
    rows = [row for row in here.rows(AuditEvent) if row.kind in kinds]
    return [(row.kind, row.subject.removeprefix("page:")) for row in rows]


def said(report: Report) -> str:
    return " ".join(outstanding.stands_out(report))


def retire_news(days: Calendar, folder: Path) -> None:
    """It failed on Tuesday at six in the morning, and was missing in the settings twelve hours later."""
    days.at("2026-11-24 06:00")
    days.watched()
    archive.mark_failing(days.here.store, "news", "Unavailable: 503")
    days.at("2026-11-24 18:00")
    start(days.here.store, naming(folder, "blog"))
    days.at("2026-11-29 23:59")
    answers(days, "blog")


def test_it_is_on_record_once_with_what_the_settings_named(days: Calendar, tmp_path: Path) -> None:
    here = days.here
    start(here.store, naming(tmp_path, "blog", "news"))
    assert entries(here, RETIRED) == []
    for _ in range(2):
        start(here.store, naming(tmp_path, "blog"))
    (entry,) = [row for row in here.rows(AuditEvent) if row.kind == RETIRED]
    assert (entry.subject, entry.actor) == ("page:news", SYSTEM)
    with here.store.read() as connection:
        assert bodies_of(connection, [entry.seq]) == {
            entry.seq: {"pages": ["blog"], "settings": str(tmp_path.absolute())}
        }
        assert list(page_openings.retired(connection)) == ["news"]


def test_it_is_registered_and_opened_again_when_it_is_back(days: Calendar, tmp_path: Path) -> None:
    here = days.here
    page_openings.note(here.store, "news", "memory", SHOP, "Test district")
    start(here.store, naming(tmp_path, "blog"))
    for _ in range(2):
        start(here.store, naming(tmp_path, "blog", "news"))
        page_openings.note(here.store, "news", "memory", SHOP, "Test district")
    about_news = [
        kind for kind, key in entries(here, REGISTERED, RETIRED, page_openings.OPENED) if key == "news"
    ]
    assert about_news == [REGISTERED, page_openings.OPENED, RETIRED, REGISTERED, page_openings.OPENED]


def test_the_report_of_its_week_says_it_first_and_counts_no_gap_from_then_on(
    days: Calendar, tmp_path: Path
) -> None:
    retire_news(days, tmp_path)
    report = days.report(W48)
    assert "News was taken out of the settings (Tue, Nov 24, 6:00 PM): modbot does not read there" in said(
        report
    )
    assert "News was not watched for 12 hours before that. What people wrote" in said(report)
    assert report.value("gap_hours", "page", "news") == 12
    assert report.value("captured", "page", "news") == round(100 * 30 / 42, 2)
    assert [report.value("captured", "page and day", f"news {day}") for day in ("Mon", "Wed")] == [100, None]
    assert [gap.why for gap in report.measured.gaps if gap.page == "news"] == ["Unavailable: 503"]
    assert "Page news was no longer in the settings" in " ".join(each.what for each in report.basis.others)
    for version in Version:
        drawn = page.render(days.report(W48, version), ())
        assert "news has not been watched since November 24, 2026" in drawn
        assert "News was taken out of the settings" in drawn


def test_later_reports_show_it_as_not_watched_and_neither_as_a_gap_nor_as_silent(
    days: Calendar, tmp_path: Path
) -> None:
    retire_news(days, tmp_path)
    days.at("2026-12-31 12:00")
    answers(days, "blog")
    report = days.report(weeks.parse("2026-W52"))
    assert "settings" not in said(report)
    assert [each.key for each in report.retired()] == ["news"]
    assert [each.key for each in report.silent()] == ["blog"]
    assert report.value("gap_hours", "page", "news") is None
    assert report.value("captured", "page", "news") is None
    assert sentences.capture(report) == "The page was watched through the whole week."
    assert sentences.retired(report) == [
        "news has not been watched since November 24, 2026: it was taken out of the settings. "
        "What was archived before stays."
    ]
    shown = page.render(report, ())
    assert "memory, not watched" in shown


def test_the_report_is_the_same_whatever_becomes_of_the_page(days: Calendar, tmp_path: Path) -> None:
    store = days.here.store
    days.at("2026-11-24 06:00")
    days.watched()
    archive.mark_failing(store, "news", "Unavailable: 503")
    days.at("2026-11-30 07:00")
    answers(days, "blog")
    before = weekly.document(days.report(W48))
    days.at("2026-12-01 12:00")
    start(store, naming(tmp_path, "blog"))
    answers(days, "blog")
    assert weekly.document(days.report(W48)) == before
    days.at("2026-12-07 08:00")
    answers(days, "blog")
    out = weekly.document(days.report(W49))
    assert {"from": "2026-12-01T12:00:00-08:00", "until": None} in out["pages"][1]["not_watched"]
    days.at("2026-12-08 06:00")
    start(store, naming(tmp_path, "blog", "news"))
    archive.mark_failing(store, "news", "NotAuthorised: the password was refused")
    assert [weekly.document(days.report(each)) for each in (W48, W49)] == [before, out]
    days.at("2026-12-08 12:00")
    archive.take_in(store, "news", Batch((), "-"))
    assert [weekly.document(days.report(each)) for each in (W48, W49)] == [before, out]


def test_a_page_that_is_put_back_is_missed_from_then_on_alone(days: Calendar, tmp_path: Path) -> None:
    retire_news(days, tmp_path)
    days.at("2026-12-08 06:00")
    start(days.here.store, naming(tmp_path, "blog", "news"))
    days.at("2026-12-08 12:00")
    archive.take_in(days.here.store, "news", Batch((), "-"))
    days.at("2026-12-13 23:59")
    days.watched()
    report = days.report(W50)
    assert report.value("gap_hours", "page", "news") == 6
    assert "put back (Tue, Dec 8, 6:00 AM): in between modbot did not read there" in said(report)
    assert "Page news is in the settings again" in " ".join(each.what for each in report.basis.others)
    assert report.retired() == []
    days.at("2026-12-20 23:59")
    days.watched()
    assert "settings" not in said(days.report(weeks.parse("2026-W51")))


def test_a_start_with_the_wrong_settings_for_an_hour_is_told_though_it_leaves_no_gap(
    days: Calendar, tmp_path: Path
) -> None:
    days.at("2026-11-25 09:00")
    days.watched()
    start(days.here.store, naming(tmp_path, "news"))
    days.at("2026-11-25 10:00")
    start(days.here.store, naming(tmp_path, "blog", "news"))
    days.at("2026-11-29 23:59")
    days.watched()
    for version in Version:
        report = days.report(W48, version)
        assert "Blog was taken out of the settings (Wed, Nov 25, 9:00 AM) and put back (Wed" in said(report)
        assert sentences.capture(report).endswith("the whole week, except while out of the settings.")


def test_a_part_that_was_closed_is_on_record_when_the_page_is_taken_out(
    days: Calendar, tmp_path: Path
) -> None:
    store = days.here.store
    for time in ("09:00", "09:05"):
        days.at(f"2026-11-24 {time}")
        days.watched()
        archive.take_in(store, "news", Batch((), "-", unreadable="#parents: 403"))
    days.at("2026-11-24 11:05")
    days.watched()
    start(store, naming(tmp_path, "blog"))
    assert entries(days.here, PARTIAL, GAP) == [(PARTIAL, "news")]
    days.at("2026-11-29 23:59")
    answers(days, "blog")
    assert days.report(W48).value("partly_hours", "page", "news") == pytest.approx(2, abs=0.1)


def test_a_page_read_for_the_first_time_long_after_it_was_registered_has_that_gap_for_good(
    days: Calendar,
) -> None:
    days.at("2026-11-24 06:00")
    days.watched()
    with days.here.store.write() as tx:
        add_page(tx, "forum", "memory", tx.record(REGISTERED, "page:forum"))
    days.at("2026-11-30 08:00")
    with days.here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Page)).where(table(Page).c.key != "forum").values(polled_at=tx.now))
    before = weekly.document(days.report(W48))
    assert days.report(W48).value("captured", "page", "forum") == 0
    days.at("2026-12-01 08:00")
    archive.take_in(days.here.store, "forum", Batch((), "-"))
    assert weekly.document(days.report(W48)) == before


@pytest.fixture
def here(tmp_path: Path, migrated_file: Path) -> Iterator[District]:
    with on_file(tmp_path, migrated_file) as made:
        yield made


def found(settings: Settings) -> dict[str, tuple[str, str]]:
    """What doctor finds of pages that the settings do not name."""
    return {
        each.what: (each.state.name, each.says) for each in checkup.pages(settings) if "news" in each.what
    }


def test_doctor_and_health_agree(here: District, tmp_path: Path) -> None:
    checkpoints.make_key(tmp_path / "checkpoint.key")
    body: dict[str, Any] = {"database": {"url": here.store.engine.url.render_as_string(hide_password=False)}}
    body |= {"page": [{"key": "blog", "platform": "memory"}]}
    settings = config.build(body, tmp_path / "modbot.toml")
    state, says = found(settings)["page news"]
    assert (state, "the next start retires it" in says) == ("LOOK", True)
    assert [each.key for each in health.measure(here.store).pages] == ["blog", "news"]
    start(here.store, settings)
    state, says = found(settings)["page news"]
    assert (state, says.startswith("not watched since")) == ("FINE", True)
    assert [each.key for each in health.measure(here.store).pages] == ["blog"]
    visitor = member(create_app(Desk(settings, here.store)), here.store, "vic")
    assert "No longer watched" in words(visitor.get("/health").text)
    assert health.complaints(health.measure(here.store), settings) == []


def test_what_was_decided_and_cannot_be_carried_out_there_any_more_is_told(
    here: District, tmp_path: Path
) -> None:
    checkpoints.make_key(tmp_path / "checkpoint.key")
    here.comes_in("Buy now, half price")
    (case,) = here.rows(Case)
    cases.decide(
        here.store, here.rules, case.id, Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
    )
    url = here.store.engine.url.render_as_string(hide_password=False)
    body = {"database": {"url": url}, "page": [{"key": "news", "platform": "memory"}]}
    settings = config.build(body, tmp_path / "modbot.toml")
    assert health.measure(here.store).stranded == {}
    start(here.store, settings)
    assert health.complaints(health.measure(here.store), settings) == [
        "1 decided actions wait on page blog, which is no longer in the settings"
    ]
    (finding,) = [each for each in checkup.pages(settings) if each.what == "page blog"]
    assert (finding.state.name, "1 decided actions wait there" in finding.says) == ("LOOK", True)
    shown = words(member(create_app(Desk(settings, here.store)), here.store, "vic").get("/health").text)
    assert "1 decided change waits here and is not carried out." in shown
    assert "Something needs a person." in shown


def test_a_start_of_the_bot_retires_what_its_settings_do_not_name(here: District, tmp_path: Path) -> None:
    url = here.store.engine.url.render_as_string(hide_password=False)
    file = settings_file(
        tmp_path,
        url,
        '[classifiers]\nmembers = ["patterns"]\n[[page]]\nkey = "blog"\nplatform = "memory"',
    )
    for _ in range(2):
        with closing(wiring.build(config.load(file))):
            pass
    assert entries(here, RETIRED) == [(RETIRED, "news")]
