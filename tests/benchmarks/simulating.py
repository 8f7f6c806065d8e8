"""Weeks of a district's comments in simulated time: rows and entries as the bot leaves them, written in bulk.

Only what the reports read is made: texts are short, and nobody computes scores or looks for near copies.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot import policy, resources
from modbot.store import Store, Transaction, table
from modbot.tables import (
    Action,
    Appeal,
    Case,
    CaseComment,
    Comment,
    Decision,
    Page,
    PolicyVersion,
    Score,
    SecondLook,
    SecondOpinion,
    User,
    Verdict,
)
from tests.benchmarks.plan import SEED

AT_ONCE = 1_000
PAGES = (
    ("district", "facebook", "District page", ""),
    ("board", "youtube", "Board meetings", ""),
    ("north-high", "instagram", "North High", "North High"),
    ("north-blog", "wordpress", "North High blog", "North High"),
    ("lakeview", "facebook", "Lakeview Elementary", "Lakeview Elementary"),
    ("sports", "x", "Athletics", ""),
)
SHARES = (50, 8, 20, 4, 12, 6)
CLAUSES = (("C1", 10), ("C2", 30), ("C5", 3), ("C6", 20), ("C7", 25), ("C8", 12))
CLASSIFIER = "patterns:3+linear:5"
KINDS_OF_PAIR = ("opposite opinions, all", "opposite opinions in English", "opposite opinions in Spanish")
REFERRALS = ("threat", "privacy", "civil_rights")
SECOND, REFERRED, APPEALED = 0.1, 0.04, 0.1
"""Shares: of the decided that get a second look, that are referred, and of the hidden that are appealed."""
cases, pages = table(Case), table(Page)


@dataclass
class Simulated:
    """A district on an empty store at the newest schema, watched from `start` on."""

    store: Store
    start: datetime
    flagged: float = 0.06
    hidden: float = 0.25
    threshold: float = 0.5
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    archived: int = 0
    left: list[tuple[int, int, int, str]] = field(default_factory=list)
    """Flagged comments that nobody has decided yet: case, comment, page, id."""

    def __post_init__(self) -> None:
        self.rules = policy.parse(resources.policy("yelm-4007p.toml"), "yelm-4007p.toml")
        with self.store.write(now=self.start) as tx:
            for key, platform, title, school in PAGES:
                about = {"platform": platform, "title": title, "school": school, "url": ""}
                seq = tx.record("page.registered", f"page:{key}", about)
                tx.add(Page, key=key, registered=seq, polled_at=self.start, failure="", checked_to=0, **about)
            for name in ("ana", "ben"):
                seq = tx.record(
                    "user.added", f"user:{name}", {"full_name": name.title(), "role": "moderator"}
                )
                tx.add(User, name=name, added=seq, full_name=name.title(), role="moderator", active=True)
            body = {"sha256": self.rules.sha256, "text": self.rules.source}
            seq = tx.record("policy.loaded", "policy:in_force", body)
            policy_of = self.rules.policy
            named = {"name": policy_of.name, "version": policy_of.version}
            tx.add(PolicyVersion, sha256=self.rules.sha256, loaded=seq, at=self.start, **named)

    def span(self, start: datetime, end: datetime, comments: int) -> None:
        """That many comments at even distances, each flagged one decided some hours later."""
        self._measure(start)
        rounds = max(14, -(-comments // AT_ONCE))
        step = (end - start) / (rounds + 1)
        for number in range(rounds):
            now = start + step * (number + 1)
            size = comments // rounds + (number < comments % rounds)
            with self.store.write(now=now) as tx:
                fresh = [self._comment(tx) for _ in range(size)]
            with self.store.write(now=now + timedelta(seconds=2)) as tx:
                opened = [case for each in fresh if (case := self._score(tx, *each)) is not None]
            with self.store.write(now=now + step * self.chance.uniform(0.1, 0.9)) as tx:
                self._decide(tx, self.left)
            self.left = opened
        self.read_until(end)

    def read_until(self, moment: datetime) -> None:
        """Every page answered at this moment."""
        with self.store.write(logged=False) as tx:
            tx.execute(sa.update(pages).values(polled_at=moment))

    def gap(self, page: str, start: datetime, end: datetime) -> None:
        with self.store.write(now=end) as tx:
            body = {"from": start.isoformat(), "to": end.isoformat(), "failure": "Unavailable: 503"}
            tx.record("capture.gap", f"page:{page}", body)

    def _comment(self, tx: Transaction) -> tuple[int, str, str]:
        self.archived += 1
        page = self.chance.choices(PAGES, SHARES)[0][0]
        native = str(self.archived)
        seq = tx.record("comment.seen", f"comment:{page}/{native}", {"text": f"Comment {native}"})
        about: dict[str, Any] = {"kind": "comment", "post": "p1", "parent": None, "visible": True}
        about |= {"created_at": tx.now, "edited_at": None, "archived_at": tx.now}
        tx.add(Comment, id=seq, page=page, native_id=native, revision="1", number=1, **about)
        return seq, page, native

    def _score(
        self, tx: Transaction, comment: int, page: str, native: str
    ) -> tuple[int, int, int, str] | None:
        flagged = self.chance.random() < self.flagged
        clause = self.chance.choices(*zip(*CLAUSES, strict=True))[0] if flagged else ""
        finding = {"clause": clause, "category": "commercial", "threshold": self.threshold}
        body = {"comment": comment, "findings": [finding] if flagged else []}
        seq = tx.record("comment.scored", f"comment:{page}/{native}", body)
        tx.add(Score, id=seq, comment_id=comment, classifier=CLASSIFIER, absent="")
        level = "clear" if not flagged else "urgent" if clause == "C1" else "review"
        about = {"policy": self.rules.sha256, "level": level, "clauses": clause}
        tx.add(Verdict, id=seq, comment_id=comment, score_id=seq, **about)
        if not flagged:
            return None
        case = tx.record("case.opened", "case:{seq}", {"comment": comment})
        row: dict[str, Any] = {
            "state": "open",
            "reason": "flagged",
            "priority": 2,
            "clauses": clause,
            "pages": page,
        }
        tx.add(Case, id=case, escalated=False, opened_at=tx.now, version=1, **row)
        tx.add(CaseComment, case_id=case, comment_id=comment, joined=case)
        return case, comment, PAGES.index(next(each for each in PAGES if each[0] == page)), native

    def _decide(self, tx: Transaction, left: Sequence[tuple[int, int, int, str]]) -> None:
        decided: list[int] = []
        for case, comment, page, native in left:
            if self.chance.random() < 0.02:
                continue
            hide = self.chance.random() < self.hidden
            clause = "C7" if hide else ""
            subject = f"comment:{PAGES[page][0]}/{native}"
            by = self.chance.choice(("ana", "ben"))
            choice = "hide" if hide else "leave_up"
            seq = tx.record("decision.made", subject, {"choice": choice}, actor=by)
            about = {"choice": choice, "clause": clause, "decided_by": by, "policy": self.rules.sha256}
            tx.add(Decision, id=seq, case_id=case, comment_id=comment, at=tx.now, **about)
            if hide:
                self._act(tx, seq, comment, PAGES[page][0], native, "hide")
            self._look_again(tx, about, case, comment, seq, subject)
            decided.append(case)
        done = {"state": "decided", "decided_at": tx.now}
        tx.execute(sa.update(cases).where(cases.c.id.in_(decided)).values(**done))

    def _look_again(
        self, tx: Transaction, first: dict[str, Any], case: int, comment: int, decision: int, subject: str
    ) -> None:
        """Some of the decided are referred, judged by a second person or appealed."""
        hidden, by = first["choice"] == "hide", first["decided_by"]
        if self.chance.random() < REFERRED:
            body = {"choice": "refer", "referral": self.chance.choice(REFERRALS)}
            seq = tx.record("decision.made", subject, body, actor=by)
            tx.add(
                Decision,
                id=seq,
                case_id=case,
                comment_id=comment,
                **first | {"choice": "refer", "clause": "", "at": tx.now},
            )
        if self.chance.random() < SECOND:
            look = tx.record("second.asked", f"case:{case}", {"case": case})
            asked = {"why": "sample", "clauses": first["clause"] or "C2", "first_by": by, "state": "given"}
            asked |= {"first_choice": first["choice"], "first_clause": first["clause"]}
            tx.add(SecondLook, id=look, case_id=case, **asked)
            other, differs = "ben" if by == "ana" else "ana", self.chance.random() < 0.15
            choice = first["choice"] if not differs else "leave_up" if hidden else "hide"
            given = tx.record("second.given", f"case:{case}", {"look": look}, actor=other)
            tx.add(SecondOpinion, id=given, look_id=look, given_by=other, choice=choice, clause="", at=tx.now)
        if hidden and self.chance.random() < APPEALED:
            filed = tx.record("appeal.filed", "appeal:{seq}", {"case": case}, actor=by)
            state = self.chance.choice(("waiting", "upheld", "upheld", "overturned"))
            waits = state == "waiting"
            decided = None if waits else tx.record("appeal.decided", f"appeal:{filed}", {"state": state})
            about = {"decision_id": decision, "entered_by": by, "received_at": tx.now, "decided": decided}
            tx.add(Appeal, id=filed, case_id=case, state=state, **about)

    def _measure(self, start: datetime) -> None:
        """The matched pairs, on Monday."""
        parity = {"low_90": -0.01, "high_90": 0.012, "margin": 0.05, "outcome": "equivalent"}
        strata = [
            {"name": name, "pairs": 400 // place, "first_only": self.chance.randint(0, 4), "second_only": 1}
            for place, name in enumerate(KINDS_OF_PAIR, 1)
        ]
        pooled, *others = [each | parity for each in strata]
        with self.store.write(now=start) as tx:
            body = {"version": CLASSIFIER, "passed": True, "failures": [], "pooled": pooled, "strata": others}
            tx.record("neutrality.measured", f"classifiers:{CLASSIFIER}", body)

    def _act(self, tx: Transaction, decision: int, comment: int, page: str, native: str, kind: str) -> None:
        subject = f"comment:{page}/{native}"
        asked = tx.record("action.requested", subject, {"decision": decision, "kind": kind})
        done = tx.record("action.done", subject, {"action": asked, "kind": kind})
        row: dict[str, Any] = {
            "page": page,
            "native_id": native,
            "kind": kind,
            "state": "done",
            "receipt": done,
        }
        tx.add(
            Action,
            id=asked,
            decision_id=decision,
            comment_id=comment,
            attempts=1,
            due_at=tx.now,
            failure="",
            **row,
        )
