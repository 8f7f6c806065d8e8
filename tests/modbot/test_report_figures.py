"""A week's figures: what belongs to it, and that nothing that happens later changes them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import platforms
from modbot import accounts, appeals, cases, deletions, policy, second_looks, users, wiring
from modbot.records import archive
from modbot.reports import making, outstanding, page, sentences, weekly, weeks
from modbot.reports.training import Due
from modbot.reports.weekly import Report, Version
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store, table
from modbot.tables import Case, Checkpoint, Page, User
from modbot.tables import Comment as CommentRow
from platforms.base import Batch
from tests.modbot import guestbook
from tests.modbot.reporting import PATIENCE, ZONE, Calendar, calendar
from tests.modbot.scene import POLICY, deleted, edited

W46, W47 = weeks.parse("2026-W46"), weeks.parse("2026-W47")


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite alone, for what is the same on both engines."""
    shutil.copy(migrated_file, tmp_path / "modbot.db")
    opened = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    yield opened
    opened.close()


@pytest.fixture
def days(file: Store, monkeypatch: pytest.MonkeyPatch) -> Calendar:
    return two_weeks(file, monkeypatch)


def two_weeks(store: Store, monkeypatch: pytest.MonkeyPatch) -> Calendar:
    """Two weeks on two pages; in the second, an advertisement, a threat, an opinion and an edit."""
    days = calendar(store, monkeypatch, "2026-11-10 08:00")
    days.comes_in("Good morning", "Buy now at my shop")
    days.at("2026-11-10 10:00")
    days.leave_up("2")
    days.at("2026-11-16 09:00")
    days.comes_in("When is the game?", "Buy now, half price", "I will hurt you", "vote yes on it")
    days.at("2026-11-16 09:10")
    cases.claim(store, days.case_of("5"), "ben")
    days.at("2026-11-16 11:00")
    days.hide("4", "Buy now")
    days.carry_out()
    days.leave_up("6", by="ben")
    days.at("2026-11-20 12:00")
    days.watched()
    days.here.arrive(edited("3", "When is the game today?"), deleted("1"))
    days.here.score()
    days.at("2026-11-22 23:59")
    days.watched()
    days.at("2026-11-23 00:01")
    days.comes_in("Monday is another week")
    return days


def totals(report: Report) -> dict[str, Any]:
    return {key.name: value for key, value in report.course[-1].items() if not key.by and value}


def test_a_week_has_what_happened_in_it_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = two_weeks(store, monkeypatch)
    assert "Proposed for deletion" not in page.render(days.report(W47), ())
    assert totals(days.report(W47)) == {
        "seen": 4,
        "edited": 1,
        "gone": 1,
        "flagged": 3,
        "reviewed": 2,
        "left_up": 1,
        "hidden": 1,
        "carried_out": 1,
        "cases_opened": 3,
        "cases_decided": 2,
        "decision_median_hours": 2.0,
        "decision_p90_hours": 2.0,
        "waiting": 1,
        "oldest_hours": 159.0,
        "urgent": 1,
        "view_in_time": 1,
        "view_median_minutes": 10.0,
        "view_longest_minutes": 10.0,
        "captured": 100.0,
    }


def test_the_week_before_stands_beside_it_and_weeks_before_the_log_are_empty(days: Calendar) -> None:
    report = days.report(W47)
    assert report.value("seen", back=1) == 2
    assert report.value("reviewed", back=1) == 1
    assert report.run("seen") == [None] * 10 + [2, 4]


def test_figures_are_broken_down_by_clause_page_platform_and_school(days: Calendar) -> None:
    report = days.report(W47)
    assert report.value("flagged", "clause", "C7") == 1
    assert report.value("hidden", "clause", "C7") == 1
    assert report.value("left_up", "clause", "C6") == 1
    assert report.value("hidden", "clause", "C1") == 0
    assert report.value("seen", "page", "blog") == 4
    assert report.value("seen", "page", "news") == 0
    assert report.value("seen", "platform", "memory") == 4
    assert report.value("seen", "school", "District") == 4


def test_what_can_only_be_deleted_is_counted_apart_from_what_is_hidden(
    file: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(platforms.BUILTIN, guestbook.NAME, guestbook.PATH)
    days = calendar(file, monkeypatch, "2026-11-16 08:00")
    with file.write(logged=False) as tx:
        blog = sa.update(table(Page)).where(table(Page).c.key == "blog")
        tx.execute(blog.values(platform=guestbook.NAME))
    users.add(file, "rio", "Rio", "records_officer")
    days.comes_in("Buy now at my shop", "A couch for sale, buy now or it is gone")
    days.hide("1", "Buy now")
    days.hide("2", "buy now")
    released = days.case_of("2")
    (version,) = (row.version for row in days.here.rows(Case) if row.id == released)
    deletions.release_case(file, released, version, "rio", "Nothing else takes it down")
    days.carry_out()
    report = days.report(W47)
    told = totals(report)
    assert {name: told.get(name, 0) for name in ("reviewed", "left_up", "hidden", "proposed", "deleted")} == {
        "reviewed": 2,
        "left_up": 0,
        "hidden": 0,
        "proposed": 2,
        "deleted": 1,
    }
    assert report.value("proposed", "clause", "C7") == 2
    assert [report.value("proposed", "page", each) for each in ("blog", "news")] == [2, None]
    assert "2 comments were proposed for deletion" in sentences.clauses(report)
    assert "Proposed for deletion" in page.render(report, ())


def test_what_happens_later_does_not_change_an_old_week(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = two_weeks(store, monkeypatch)
    before = weekly.document(days.report(W47))
    days.at("2026-11-24 09:00")
    days.take_back("4", by="lee")
    days.carry_out()
    ruling = Ruling(choice=Choice.LEAVE_UP, by="lee")
    cases.decide(store, days.here.rules, days.case_of("5"), ruling)
    archive.mark_failing(store, "blog", "Unavailable")
    assert weekly.document(days.report(W47)) == before
    days.at("2026-12-02 09:00")
    days.here.arrive(edited("4", "Buy now, cheaper"))
    days.here.score()
    assert weekly.document(days.report(W47)) == before


def test_a_decision_that_another_person_takes_back_is_overturned_and_the_comment_restored(
    days: Calendar,
) -> None:
    days.at("2026-11-24 09:00")
    days.take_back("4", by="lee")
    days.carry_out()
    days.at("2026-12-01 09:00")
    report = days.report(W47.earlier(-1))
    assert report.value("overturned") == 1
    assert report.value("corrected") == 0
    assert report.value("restored") == 1
    assert report.value("restored", "clause", "C7") == 1
    assert "1 decision to hide was taken back by another person" in sentences.taken_back(report)


def test_appeals_are_counted_in_the_week_in_which_they_came_in_and_were_decided(days: Calendar) -> None:
    days.at("2026-11-24 09:00")
    with days.here.store.write() as tx:
        seq = tx.record("user.added", "user:ott", {"role": "appeals_officer"})
        tx.add(User, name="ott", added=seq, full_name="Ott", role="appeals_officer", active=True)
    number = appeals.file(days.here.store, days.case_of("4"), "ana", "It was a question")
    days.at("2026-12-02 10:00")
    appeals.decide(days.here.store, days.here.rules, number, "ott", "It asks", overturn=True)
    days.at("2026-12-08 08:00")
    filed, decided = days.report(W47.earlier(-1)), days.report(W47.earlier(-2))
    assert [filed.value(each) for each in APPEALS] == [1, 0, 0, 1]
    assert [decided.value(each) for each in APPEALS] == [0, 1, 1, 0]
    assert decided.value("overturned") == 1
    assert "1 was decided and 1 granted; no appeal waited" in sentences.taken_back(decided)
    assert "not told" in sentences.taken_back(days.report(W47.earlier(-2), Version.PUBLIC))


def test_referrals_count_by_whom_they_went_to_as_they_stood_when_the_week_ended(days: Calendar) -> None:
    days.at("2026-11-24 09:00")
    days.comes_in("At the gate on Friday I promise to hurt you", "Kit in grade 4 needs pills, buy now")
    for comment, referral in (("5", "privacy"), ("5", "threat"), ("9", "threat"), ("10", "privacy")):
        ruling = Ruling(choice=Choice.REFER, by="ana", referral=referral)
        cases.decide(days.here.store, days.here.rules, days.case_of(comment), ruling)
    days.at("2026-11-30 09:00")
    cases.take_back(days.here.store, days.case_of("10"), "ana")
    report = days.report(W47.earlier(-1))
    assert [report.value(each) for each in REFERRED] == [3, 2, 1, 0]
    assert sentences.threats(report).endswith("2 comments were referred to the safety team.")
    public = days.report(W47.earlier(-1), Version.PUBLIC)
    assert {public.value(each) for each in REFERRED} == {"withheld"}


REFERRED = ("referred", "referred_threat", "referred_privacy", "referred_civil_rights")


def test_a_clause_on_which_two_reviewers_differ_is_named_first(days: Calendar) -> None:
    days.at("2026-11-24 09:00")
    days.comes_in(*(f"Buy now: {letter * 9} {letter * 12} {letter * 15}" for letter in OFFERS))
    number = len(days.here.rows(CommentRow)) - len(OFFERS)
    for place in range(1, len(OFFERS) + 1):
        case, every = days.case_of(str(number + place)), Sampling(share=1)
        cases.decide(days.here.store, days.here.rules, case, LEFT_UP, sampling=every)
        second = Ruling(choice=Choice.LEAVE_UP, by="lee") if place % 2 else HIDDEN
        second_looks.decide(days.here.store, days.here.rules, case, second)
    report = days.report(W47.earlier(-1))
    assert report.value("second_looks", "clause", "C7") == len(OFFERS)
    assert report.value("second_looks", "clause", "C6") == 0
    told = " ".join(outstanding.stands_out(report))
    assert "under C7 Commercial promotion agreed too seldom: alpha" in told
    html = page.render(report, ())
    assert "By clause judged by two reviewers" in html
    assert "By clause judged" not in page.render(days.report(W47.earlier(-1), Version.PUBLIC), ())


OFFERS = "abcdefghijkl"
LEFT_UP = Ruling(choice=Choice.LEAVE_UP, by="ana")
HIDDEN = Ruling(choice=Choice.HIDE, by="lee", clause="C7", quote="Buy now")


APPEALS = ("appeals_filed", "appeals_decided", "appeals_overturned", "appeals_waiting")


def test_a_slip_taken_back_by_the_same_person_is_no_overturned_decision(days: Calendar) -> None:
    days.at("2026-11-24 09:00")
    days.take_back("4", by="ana")
    report = days.report(W47.earlier(-1))
    assert (report.value("overturned"), report.value("corrected")) == (0, 1)


def test_a_case_that_went_back_to_the_queue_since_was_decided_then(days: Calendar) -> None:
    assert days.report(W47).value("waiting") == 1
    days.at("2026-11-24 09:00")
    days.take_back("4", by="lee")
    assert days.report(W47).value("waiting") == 1
    assert days.report(W47.earlier(-1)).value("waiting") == 2


def test_a_case_that_went_back_to_the_queue_waits_from_then_on(days: Calendar) -> None:
    days.at("2026-11-24 09:00")
    days.leave_up("5")
    days.take_back("4", by="lee")
    report = days.report(W47.earlier(-1))
    assert (report.value("waiting"), report.value("oldest_hours")) == (1, 135)
    assert report.measured.waiting.oldest == days.case_of("4")


def test_a_model_that_people_adopt_is_told_and_named_in_the_internal_version(days: Calendar) -> None:
    days.at("2026-11-24 09:00")
    with days.here.store.write() as tx:
        tx.record("model.adopted", "model:4711", {"model": 4711}, actor="lee")
        tx.record("model.dropped", "model:4700", {"model": 4700}, actor="lee")
    report = days.report(W47.earlier(-1))
    assert report.value("changes") == 1
    html, public = (page.render(days.report(W47.earlier(-1), version), ()) for version in Version)
    for told in ("learned from the district&#39;s own decisions took the place", "not in use was dropped"):
        assert told in html
        assert told in public
    assert "(lee, model 4711)" in html
    assert "4711" not in public


def test_a_checkpoint_signed_after_the_week_is_not_that_week_s(days: Calendar) -> None:
    days.at("2026-11-30 07:00")
    before = days.report(W47).basis.proof
    with days.here.store.write(logged=False) as tx:
        tx.add(Checkpoint, seq=before.entry, hash=before.hash, at=tx.now, public_key="k", signature="s")
    assert days.report(W47).basis.proof == before


def test_what_a_platform_said_of_its_filters_is_not_for_everybody(days: Calendar) -> None:
    days.at("2026-11-24 09:00")
    with days.here.store.write() as tx:
        body = {"filters": [], "unreadable": "the token of Kit Moss was refused"}
        tx.record("page.filters", "page:blog", body)
    told, public = (days.report(W47.earlier(-1), version).filters() for version in Version)
    assert told[0] == "blog: its filters could not be read. the token of Kit Moss was refused."
    assert public[0] == "blog: its filters could not be read."


def test_a_campaign_counts_once_in_the_time_to_decision(file: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    days = calendar(file, monkeypatch, "2026-11-16 08:00")
    days.comes_in(*["Buy now, the best shoes in town"] * 12)
    days.at("2026-11-16 09:00")
    days.hide("1", "Buy now")
    report = days.report(W47)
    assert report.value("hidden") == 12
    assert report.value("cases_decided") == 1


def test_a_page_that_could_not_be_read_has_a_gap_in_its_own_days(days: Calendar, file: Store) -> None:
    days.at("2026-11-24 06:00")
    days.watched()
    archive.mark_failing(file, "blog", "Unavailable: 503")
    days.at("2026-11-25 12:00")
    archive.take_in(file, "blog", Batch((), cursor="-"))
    days.at("2026-11-29 23:59")
    days.watched()
    report = days.report(W47.earlier(-1))
    assert report.value("gap_hours", "page", "blog") == 30
    assert report.value("captured", "page and day", "blog Tue") == 25
    assert report.value("captured", "page and day", "blog Wed") == 50
    assert report.value("captured", "page and day", "blog Thu") == 100
    assert "Blog was not watched for 30 hours" in " ".join(outstanding.stands_out(report))


def test_a_gap_counts_the_same_before_and_after_it_ends(days: Calendar, file: Store) -> None:
    days.at("2026-11-29 12:00")
    days.watched()
    archive.mark_failing(file, "blog", "Unavailable: 503")
    days.at("2026-11-30 07:00")
    during = weekly.document(days.report(W47.earlier(-1)))
    archive.mark_failing(file, "blog", "NotAuthorised: the password was refused")
    assert weekly.document(days.report(W47.earlier(-1))) == during
    days.at("2026-11-30 09:00")
    archive.take_in(file, "blog", Batch((), cursor="-"))
    assert weekly.document(days.report(W47.earlier(-1))) == during
    assert days.report(W47.earlier(-1)).value("gap_hours", "page", "blog") == 12


def test_a_page_that_rests_on_purpose_over_the_week_s_end_has_no_gap_whenever_one_looks(
    days: Calendar, file: Store
) -> None:
    days.at("2026-11-29 20:00")
    days.watched()
    archive.take_in(file, "blog", Batch((), cursor="-"), rest=timedelta(hours=20))
    before = weekly.document(days.report(W47.earlier(-1)))
    assert days.report(W47.earlier(-1)).value("gap_hours", "page", "blog") == 0
    days.at("2026-12-01 09:00")
    archive.take_in(file, "blog", Batch((), cursor="-"))
    assert weekly.document(days.report(W47.earlier(-1))) == before
    days.at("2026-12-06 23:59")
    days.watched()
    assert days.report(W47.earlier(-2)).value("gap_hours", "page", "blog") == 17


def test_a_minute_not_read_before_the_week_ended_is_no_gap_whenever_one_looks(
    days: Calendar, file: Store
) -> None:
    days.at("2026-11-29 23:55")
    days.watched()
    before = weekly.document(days.report(W47.earlier(-1)))
    days.at("2026-11-30 08:00")
    archive.take_in(file, "blog", Batch((), cursor="-"))
    assert weekly.document(days.report(W47.earlier(-1))) == before


def test_time_in_which_modbot_did_not_run_counts_though_the_page_fails_when_it_starts(
    days: Calendar, file: Store
) -> None:
    days.at("2026-11-29 12:00")
    days.watched()
    stopped = weekly.document(days.report(W47.earlier(-1)))
    days.at("2026-11-30 08:00")
    archive.mark_failing(file, "blog", "Unavailable: 503")
    assert weekly.document(days.report(W47.earlier(-1))) == stopped
    days.at("2026-11-30 09:00")
    archive.take_in(file, "blog", Batch((), cursor="-"))
    assert weekly.document(days.report(W47.earlier(-1))) == stopped
    assert days.report(W47.earlier(-1)).value("gap_hours", "page", "blog") == 12


def test_time_in_which_modbot_did_not_run_is_a_gap(days: Calendar, file: Store) -> None:
    days.at("2026-11-24 00:00")
    days.watched()
    days.at("2026-11-24 06:00")
    archive.take_in(file, "blog", Batch((), cursor="-"))
    days.at("2026-11-29 23:59")
    days.watched()
    report = days.report(W47.earlier(-1))
    assert report.value("gap_hours", "page", "blog") == 6
    assert [gap.why for gap in report.measured.gaps if gap.page == "blog"] == ["modbot was not running"]


def test_a_part_of_a_page_that_was_closed_is_told_and_is_no_gap(days: Calendar, file: Store) -> None:
    days.at("2026-11-24 06:00")
    days.watched()
    for day, closed in (("24 06:10", "#parents: 403"), ("25 12:00", ""), ("29 12:00", "#staff: 403")):
        days.at(f"2026-11-{day}")
        archive.take_in(file, "blog", Batch((), cursor="-", unreadable=closed), rest=timedelta(days=5))
    days.at("2026-11-29 23:59")
    days.watched()
    report = days.report(W47.earlier(-1))
    first, second = report.measured.closed_parts
    assert (first.length.total_seconds() / 3600, first.why, second.why) == (30, "#parents: 403", "")
    assert report.value("partly_hours", "page", "blog") == 30 + 4.5 * 24
    assert report.value("gap_hours", "page", "blog") == 0
    assert "A part of blog was closed to modbot" in " ".join(outstanding.stands_out(report))
    before = weekly.document(report)
    days.at("2026-11-30 08:00")
    archive.take_in(file, "blog", Batch((), cursor="-", unreadable="#staff, #news: 403"))
    assert weekly.document(days.report(W47.earlier(-1))) == before


def test_whose_training_is_due_is_told_as_it_was_then_and_not_to_everybody(
    days: Calendar, file: Store
) -> None:
    days.at("2026-11-23 08:00")
    before = weekly.document(days.report(W46))
    for name, until in (("ana", date(2026, 12, 20)), ("ben", date(2027, 6, 1))):
        accounts.set_training(file, name, date(2026, 1, 1), until, by="")
    days.at("2026-11-29 23:59")
    days.watched()
    report = days.report(W47.earlier(-1))
    assert report.basis.due == (Due("ana", date(2026, 12, 20)), Due("lee", None))
    assert (
        "training has ended, or none is on record, of lee" in " ".join(outstanding.stands_out(report)).lower()
    )
    shown = page.render(report, ())
    assert "ana: ends December 20, 2026" in shown
    assert "lee: none on record" in shown
    for_all = days.report(W47.earlier(-1), Version.PUBLIC)
    assert weekly.document(for_all)["training_due"] == []
    assert "raining" not in " ".join(outstanding.stands_out(for_all))
    assert weekly.document(days.report(W46)) == before
    assert [each["person"] for each in before["training_due"]] == ["ana", "ben", "lee"]


def test_a_page_on_which_nobody_writes_for_four_weeks_is_told(days: Calendar) -> None:
    assert days.report(W47).silent() == []
    days.at("2026-12-27 23:59")
    days.watched()
    report = days.report(W47.earlier(-5))
    assert [each.key for each in report.silent()] == ["blog", "news"]
    assert "Nobody has written for four weeks and more on blog and news." in outstanding.stands_out(report)
    assert days.report(W47.earlier(-5), Version.PUBLIC).silent() == []


def test_a_threat_that_nobody_looked_at_comes_first(file: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    days = calendar(file, monkeypatch, "2026-11-16 08:00")
    days.comes_in("I will hurt you")
    report = days.report(W47)
    assert report.value("urgent_unseen") == 1
    assert outstanding.stands_out(report)[0].startswith(
        "1 comment that may be a threat had not been looked at"
    )


def test_threats_looked_at_late_are_said_though_most_were_looked_at_in_time(
    file: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = calendar(file, monkeypatch, "2026-11-16 08:00")
    days.comes_in("I will hurt you", "I am going to hurt you and your dog", "One day I hurt you at the gate")
    for at, comment in (("08:02", "1"), ("08:03", "2"), ("23:00", "3")):
        days.at(f"2026-11-16 {at}")
        cases.claim(file, days.case_of(comment), "ben")
    days.at("2026-11-22 23:59")
    days.watched()
    report = days.report(W47)
    assert [report.value(each) for each in ("urgent", "view_in_time", "view_late")] == [3, 2, 1]
    assert outstanding.stands_out(report)[0] == (
        "1 comment that may be a threat waited more than 15 minutes for a person to look; the longest wait "
        "was 15 hours."
    )
    assert "no threat left waiting" not in outstanding.calm(report)
    public = days.report(W47, Version.PUBLIC)
    assert "15 hours" not in str(weekly.document(public)) + page.render(public, ())


def test_a_calm_week_claims_nothing_that_is_withheld(file: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    days = calendar(file, monkeypatch, "2026-11-02 08:00")
    days.comes_in("Good morning")
    for monday in ("2026-11-09", "2026-11-16"):
        days.at(f"{monday} 08:00")
        days.comes_in("Good morning again")
    days.at("2026-11-22 23:59")
    days.watched()
    assert outstanding.calm(days.report(W47)) == (
        "Nothing: no long gap, no threat left waiting, no old case, no change of the rules and about as many "
        "comments as usual."
    )
    assert outstanding.calm(days.report(W47, Version.PUBLIC)) == (
        "Nothing: no long gap and no change of the rules. Of threats or cases that wait this version tells "
        "nothing, because the numbers are small."
    )


def test_a_week_in_which_nobody_wrote_is_told(file: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    days = calendar(file, monkeypatch, "2026-11-10 08:00")
    days.comes_in("Good morning")
    days.at("2026-11-22 23:59")
    days.watched()
    assert "Nobody wrote a comment on any page." in outstanding.stands_out(days.report(W47))


def test_a_change_of_the_policy_is_told_clause_by_clause(
    file: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = calendar(file, monkeypatch, "2026-11-10 08:00")
    days.at("2026-11-17 08:00")
    changed = POLICY.replace('version = "1"', 'version = "2"').replace('mode = "advise"', 'mode = "off"')
    wiring.put_in_force(file, policy.parse(changed.encode(), "policy.toml"))
    told = [each.what for each in days.report(W47).measured.changes]
    assert told[0] == "Policy “Test policy”, version 2, came into force."
    assert "Clause C6 (Political advocacy) went from mode advise to off." in told
    assert days.report(W46).value("changes") == 1


def test_the_public_version_names_nobody_and_tells_no_small_number(days: Calendar) -> None:
    report = days.report(W47, Version.PUBLIC)
    public = f"{weekly.document(report)}{page.render(report, ())}{making.table(report)}"
    for name in ("ana", "ben", "Pat", "vic", "lee"):
        assert re.search(rf"\b{name}\b", public, re.IGNORECASE) is None, name
    assert {value for key, value in report.course[-1].items() if key.name == "seen"} == {"withheld"}
    assert report.value("decision_median_hours") == "withheld"


def test_an_empty_log_makes_an_empty_report(file: Store) -> None:
    with file.read() as connection:
        basis = weekly.read(connection, "Test district", ZONE, W47, PATIENCE)
    for version in Version:
        report = weekly.version_of(basis, version)
        assert weekly.document(report)["figures"] == []
        assert outstanding.stands_out(report) == []
