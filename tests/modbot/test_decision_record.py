"""What the help promises of a decision's record stands there, on each engine."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any

import pytest

from modbot import (
    accounts,
    appeals,
    cases,
    checkpoints,
    deletions,
    page_openings,
    reconcile,
    resources,
    review,
)
from modbot import second_looks as looks
from modbot.audit import KINDS
from modbot.records.disposition import dispose
from modbot.rulings import RECORD_VERSION, Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store, bodies_of
from modbot.tables import AuditEvent, Case, CaseComment, Comment, Decision, User, Verdict
from platforms.base import Identity
from tests.modbot.scene import District, district

ASKED_FOR = """
decision id; record version; district; page's account; platform; adapter version; comment id; permalink;
parent and thread; author as seen; created, edited, captured; source of the times; text as received;
normalised text; language; media hashes; payload hash; HTTP metadata; policy; clause; clause mode; sign-off;
the machine's opinion; models and their files; thresholds; scores by category; hits of rules and their spans;
shown before the choice; reviewer and role; training expiry; opened and decided; choice; reason; quoted words;
swap test; second reviewer; adjudicator; action; call and response; state before and after; time visible;
notice to the author; appeal; referrals; retention schedule; retention start; holds; release; exemption marks;
number, hashes; Merkle leaf; checkpoint, signature
"""
"""What a record has to answer for: a row of the help's table for each."""
SHOP = Identity(account="@district", can_moderate=True, clock_skew=timedelta(seconds=1.5))
HIDE: dict[str, Any] = {"choice": Choice.HIDE, "clause": "C7", "quote": "Buy now", "reason": "An offer"}


def rows() -> dict[str, str]:
    """The help's table: what → where."""
    section = resources.text("docs/concepts.md").split("\n## The record of a decision\n")[1].split("\n## ")[0]
    found = dict(re.findall(r"^\| (\w[^|]+) \| (.+) \|$", section, re.M))
    del found["what"]
    return found


def cited(where: str) -> Iterator[tuple[str, str]]:
    """Each key that a row of the table names, with the kind of entry named before it."""
    kind = ""
    for name in re.findall(r"`([\w.]+)`", where):
        if name in KINDS:
            kind = name
        elif kind:
            yield kind, name


def bodies(here: District) -> dict[str, list[dict[str, Any]]]:
    """What every entry says, by its kind."""
    entries = here.rows(AuditEvent)
    with here.store.read() as connection:
        said = bodies_of(connection, [row.seq for row in entries])
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in entries:
        found[row.kind].append(said.get(row.seq, {}))
    return found


def decide(here: District, text: str, by: str = "ana", **ruling: Any) -> int:
    """A comment comes in and is decided; its case."""
    here.comes_in(text)
    comment = here.rows(Comment)[-1].id
    case = next(int(row.case_id) for row in here.rows(CaseComment) if row.comment_id == comment)
    cases.claim(here.store, case, by)
    made = Ruling(**(HIDE | {"by": by} | ruling))
    cases.decide(here.store, here.rules, case, made, sampling=Sampling(share=1))
    return case


@pytest.fixture
def here(store: Store) -> District:
    """The page was opened, and ana's training is noted."""
    found = district(store)
    page_openings.note(store, "blog", "memory", SHOP, "Test district")
    with store.write() as tx:
        for name, role in (("rio", "records_officer"), ("ott", "appeals_officer"), ("ada", "administrator")):
            seq = tx.record("user.added", f"user:{name}", {"role": role})
            tx.add(User, name=name, added=seq, full_name=name, role=role, active=True)
    accounts.set_training(store, "ana", date(2026, 9, 1), date(2027, 9, 1), by="ada")
    return found


def test_the_table_has_a_row_for_everything_that_a_record_has_to_answer_for() -> None:
    assert list(rows()) == [each.strip() for each in ASKED_FOR.split(";")]


def test_every_key_that_the_table_names_stands_in_the_log_of_a_decision(here: District) -> None:
    overturned = decide(here, "Buy now, half price for all")
    looks.decide(here.store, here.rules, overturned, Ruling(**HIDE, by="ben"))
    here.confirmed("blog")
    number = appeals.file(here.store, overturned, "ben", "I only asked")
    appeals.decide(here.store, here.rules, number, "ott", "No offer", overturn=True)
    decide(here, "Buy now, the other shop has umbrellas")
    here.confirmed("blog")
    deletions.release(here.store, here.rows(Comment)[-1].id, "rio", "A court ordered it")
    here.member.broken = True
    here.comes_in("Nobody could score this")
    dispose(here.store, [here.rows(Comment)[-1].id], by="rio", authority="GS2010-001")
    found = bodies(here)
    missing = [
        (what, kind, key)
        for what, where in rows().items()
        for kind, key in cited(where)
        if not any(key in said for said in found[kind])
    ]
    assert missing == []
    checkpoints.verify(here.store)
    reconcile.check(here.store)


def test_a_decision_says_where_under_what_and_on_what_it_was_made(here: District) -> None:
    case = decide(here, "Buy now, half price")
    (said,) = bodies(here)["decision.made"]
    verdict = here.rows(Verdict)[-1]
    expected = {
        "record_version": RECORD_VERSION,
        "case": case,
        "district": "Test district",
        "page": "blog",
        "account": "@district",
        "platform": "memory",
        "adapter_version": f"modbot {version('modbot')}",
        "policy_version": "1",
        "policy_adopted": None,
        "clause_mode": "enforce",
        "signed_off_by": "Counsel",
        "signed_off_on": "2026-09-01",
        "verdict": verdict.id,
        "score": verdict.score_id,
        "level": "review",
        "classifier": here.scorer.ensemble.version,
        "role": "moderator",
        "trained_until": "2027-09-01",
    }
    assert {key: said.get(key, "missing") for key in expected} == expected


def test_leaving_up_without_a_score_a_clause_or_any_training_is_recorded_alike(here: District) -> None:
    here.member.broken = True
    decide(here, "Nobody could score this", "ben", choice=Choice.LEAVE_UP, clause="", quote="")
    (said,) = bodies(here)["decision.made"]
    assert (said["score"], said["classifier"], said["trained_until"]) == (None, "", None)
    assert (said["clause_mode"], said["signed_off_on"]) == ("", None)
    assert said["verdict"] == here.rows(Verdict)[-1].id


def test_taking_back_and_granting_an_appeal_are_decisions_with_the_same_record(here: District) -> None:
    cases.undo(here.store, here.rules, decide(here, "Buy now, half price"), "ana")
    here.confirmed("blog")
    number = appeals.file(here.store, decide(here, "Buy now, a blue bicycle"), "ben", "I only asked")
    appeals.decide(here.store, here.rules, number, "ott", "No offer", overturn=True)
    hidden, undone, hidden_too, granted = bodies(here)["decision.made"]
    assert hidden.keys() - undone.keys() == {"opened_at"}
    assert hidden_too.keys() - granted.keys() == {"opened_at"}
    assert (undone["role"], granted["role"], granted["district"]) == (
        "moderator",
        "appeals_officer",
        "Test district",
    )


def test_a_page_is_put_on_record_again_only_when_something_of_it_differs(here: District) -> None:
    def opened(account: str, district: str = "Test district") -> None:
        page_openings.note(
            here.store, "blog", "memory", Identity(account=account, can_moderate=True), district
        )

    before = len(here.kinds())
    opened("@district")
    assert len(here.kinds()) == before
    opened("@schools")
    opened("@schools", "Renamed district")
    assert here.kinds()[before:] == [page_openings.OPENED] * 2
    with here.store.read() as connection:
        assert page_openings.last(connection, "blog")["district"] == "Renamed district"
        assert page_openings.last(connection, "news") == {}


def test_a_record_from_before_there_were_versions_still_reads_and_verifies(here: District) -> None:
    here.comes_in("Buy now, half price")
    (case,), (comment,) = here.rows(Case), here.rows(Comment)
    made = {"choice": "hide", "clause": "C7", "policy": here.rules.sha256}
    old = {"case": case.id, "comment": comment.id, "quote": "Buy now", "reason": "An offer", **made}
    with here.store.write() as tx:
        seq = tx.record("decision.made", "comment:blog/1", old, actor="ana")
        about = {"case_id": case.id, "comment_id": comment.id, "decided_by": "ana"}
        tx.add(Decision, id=seq, at=tx.now, **about, **made)
    checkpoints.verify(here.store)
    reconcile.check(here.store)
    (decided,) = review.case(here.store, case.id).decisions
    assert (decided.quote, decided.reason) == ("Buy now", "An offer")
