"""Public-records requests are put on record, answered by the records officer, and counted in the report."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from modbot.errors import DecisionRefused, ModbotError, NotAllowed, StaleCase
from modbot.records import requests
from modbot.reports import sentences, weeks
from modbot.store import Store, utcnow
from modbot.tables import User
from tests.modbot.installation import install
from tests.modbot.reporting import Calendar, calendar
from tests.modbot.scene import District, district

WORDS = "Every comment about the levy that was hidden in October"


def officer(here: District) -> None:
    with here.store.write() as tx:
        seq = tx.record("user.added", "user:rio", {"role": "records_officer"})
        tx.add(User, name="rio", added=seq, full_name="Rio", role="records_officer", active=True)


def refused(error: type[ModbotError], call: object, *args: object) -> str:
    assert callable(call)
    with pytest.raises(error) as caught:
        call(*args)
    assert caught.value.remedy
    return str(caught.value)


def test_a_request_waits_until_the_records_officer_has_answered_it(store: Store) -> None:
    here = district(store)
    officer(here)
    day = utcnow() - timedelta(days=3)
    first = requests.receive(store, "ana", WORDS, day)
    second = requests.receive(store, "ben", "The log of last week")
    requests.answer(store, first, "rio", "Sent 12 records")
    waiting, answered = requests.listed(store)
    assert (waiting.id, waiting.entered_by, waiting.answered_at) == (second, "ben", None)
    assert (answered.id, answered.words, answered.received_at) == (first, WORDS, day)
    assert (answered.answered_by, answered.answer) == ("rio", "Sent 12 records")


def test_what_nobody_may_do_or_makes_no_sense_is_refused_in_words(store: Store) -> None:
    here = district(store)
    officer(here)
    number = requests.receive(store, "ana", WORDS)
    refused(NotAllowed, requests.receive, store, "vic", WORDS)
    refused(NotAllowed, requests.answer, store, number, "ana", "Sent")
    refused(DecisionRefused, requests.receive, store, "ana", " ")
    refused(DecisionRefused, requests.receive, store, "ana", WORDS, utcnow() + timedelta(days=1))
    refused(DecisionRefused, requests.answer, store, number, "rio", " ")
    assert "no request 99999" in refused(StaleCase, requests.answer, store, 99_999, "rio", "Sent")
    requests.answer(store, number, "rio", "Sent")
    assert "answered already" in refused(StaleCase, requests.answer, store, number, "rio", "Sent")


def test_the_report_counts_what_came_in_was_answered_and_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: Calendar = calendar(store, monkeypatch, "2026-11-10 08:00")
    officer(days.here)
    days.comes_in("Good morning")
    first = requests.receive(store, "ana", WORDS)
    requests.receive(store, "ana", "Another")
    days.at("2026-11-16 09:00")
    requests.answer(store, first, "rio", "Sent")
    days.at("2026-11-23 09:00")
    days.comes_in("Good morning again")
    before, after = (days.report(weeks.parse(week)) for week in ("2026-W46", "2026-W47"))
    assert [before.value(name) for name in sentences.REQUESTS] == [2, 0, 2]
    assert [after.value(name) for name in sentences.REQUESTS] == [0, 1, 1]
    assert sentences.requests(before).startswith("2 requests for records about moderation came in")
    assert "1 request waited" in sentences.requests(after)


def test_requests_on_the_command_line(tmp_path: Path, store: Store) -> None:
    ready = install(tmp_path / "office", store)
    added = ready.modbot("request", "add", "--words", WORDS, "--received", "2026-01-05", "--as", "ana")
    assert added.status == 0, added.err
    (entry,) = ready.modbot("request", "list", "--json").data
    assert entry["words"] == WORDS
    assert "waiting" in ready.modbot("request", "list").out
    number = str(entry["id"])
    denied = ready.modbot("request", "answer", number, "--words", "Sent", "--as", "ana")
    assert denied.status == 1
    assert "records officer" in denied.err
