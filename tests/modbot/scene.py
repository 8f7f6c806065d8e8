"""A small district to test on: a policy in force, a page, people, and comments as platforms deliver them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from classifiers.base import Category, Classifier, ClassifierFailed, Score, Scores, Span
from classifiers.ensemble import Ensemble
from modbot import outbox, policy, wiring
from modbot import store as storing
from modbot.pipeline import Scorer
from modbot.records import archive
from modbot.store import Store, table
from modbot.tables import AuditEvent, Page, User
from modbot.tables import Comment as CommentRow
from platforms.base import (
    ActionKind,
    Batch,
    Comment,
    Event,
    EventKind,
    Receipt,
    Visibility,
    text_revision,
)

NOON = datetime(2026, 11, 21, 20, tzinfo=UTC)
LIMITS = dict.fromkeys(Category, 0.5)
POLICY = """
[policy]
name = "Test policy"
version = "1"
[[clause]]
id = "C1"
title = "Threats"
text = "Threatening or intimidating"
mode = "enforce"
categories = ["threats"]
urgent = ["threats"]
signed_off_by = "Counsel"
signed_off_on = 2026-09-01
[[clause]]
id = "C7"
title = "Commercial promotion"
text = "Promotes commercial services or products"
mode = "enforce"
categories = ["commercial"]
signed_off_by = "Counsel"
signed_off_on = 2026-09-01
[[clause]]
id = "C6"
title = "Political advocacy"
text = "Supports or opposes political candidates or ballot propositions"
mode = "advise"
categories = ["political"]
"""
SHOWN = {
    ActionKind.HIDE: Visibility.HIDDEN,
    ActionKind.UNHIDE: Visibility.VISIBLE,
    ActionKind.DELETE: Visibility.GONE,
}
"""What reading back shows after an action."""
WORDS = {"hurt you": Category.THREATS, "buy now": Category.COMMERCIAL, "vote yes": Category.POLITICAL}


class Keywords(Classifier):
    """A real, tiny classifier: three phrases, three categories. `broken` makes it fail as a model can."""

    name = "keywords"
    categories = frozenset(WORDS.values())
    version = "1"

    def __init__(self, models: Path = Path()) -> None:
        super().__init__(models)
        self.broken = False

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        if self.broken:
            raise ClassifierFailed("the model is out of order")
        return [self._scores(text) for text in texts]

    def _scores(self, text: str) -> Scores:
        found: dict[Category, Score] = {}
        for words, category in WORDS.items():
            at = text.lower().find(words)
            spans = (Span(at, at + len(words), "says so"),) if at >= 0 else ()
            found[category] = Score(0.95 if spans else 0.02, spans)
        return found


@dataclass(frozen=True)
class District:
    store: Store
    rules: policy.Policy
    member: Keywords
    scorer: Scorer

    def rows(self, model: type[SQLModel]) -> list[Any]:
        """Every row of a table, by its first column."""
        found = table(model)
        with self.store.read() as connection:
            return list(connection.execute(sa.select(found).order_by(*found.primary_key.columns)).all())

    def kinds(self) -> list[str]:
        """The kinds of all log entries, in order."""
        return [row.kind for row in self.rows(AuditEvent)]

    def arrive(self, *events: Event, page: str = "blog", native: bool = False) -> archive.Taken:
        batch = Batch(events, cursor=events[-1].id if events else "-")
        return archive.take_in(self.store, page, batch, native_revisions=native)

    def score(self) -> None:
        while self.scorer.run_once().scored:
            pass

    def confirmed(self, page: str, at: datetime | None = None) -> None:
        """The platform confirms everything that is due on a page."""
        for action in outbox.due(self.store, page):
            moment, shown = at or storing.utcnow(), SHOWN[action.kind]
            receipt = Receipt(action=action.kind, id=action.native_id, visibility=shown, at=moment)
            outbox.done(self.store, action, receipt)

    def comes_in(self, *texts: str) -> None:
        """New comments, archived and scored; ids count up from the ones before."""
        first = len(self.rows(CommentRow)) + 1
        self.arrive(*(said(str(first + n), text) for n, text in enumerate(texts)))
        self.score()


def district(store: Store, platform: str = "memory") -> District:
    rules = wiring.put_in_force(store, policy.parse(POLICY.encode(), "policy.toml"))
    with store.write() as tx:
        for key in ("blog", "news"):
            seq = tx.record("page.registered", f"page:{key}")
            add_page(tx, key, platform, seq)
        for name, role in (("ana", "moderator"), ("ben", "moderator"), ("lee", "lead"), ("vic", "viewer")):
            seq = tx.record("user.added", f"user:{name}", {"role": role})
            tx.add(User, name=name, added=seq, full_name=name.title(), role=role, active=True)
    member = Keywords()
    ensemble = Ensemble([member])
    ensemble.load()
    return District(store, rules, member, Scorer(store, ensemble, rules, LIMITS, worker="here"))


@contextmanager
def on_file(folder: Path, migrated: Path) -> Iterator[District]:
    """One on a SQLite file `modbot.db` in the folder, a copy of `migrated`."""
    (folder / "modbot.db").write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    yield district(store)
    store.close()


def add_page(tx: Any, key: str, platform: str, seq: int) -> None:
    tx.add(
        Page,
        key=key,
        platform=platform,
        title="",
        school="",
        url="",
        registered=seq,
        failure="",
        checked_to=0,
    )


def comment(id: str, text: str, **changes: Any) -> Comment:  # noqa: A002
    values: dict[str, Any] = {
        "id": id,
        "revision": text_revision(text),
        "post": "post-1",
        "author": "Pat",
        "text": text,
        "payload": {"id": id, "content": text},
        "created_at": NOON,
    }
    return Comment(**(values | changes))


def said(id: str, text: str, **changes: Any) -> Event:  # noqa: A002
    return Event(kind=EventKind.CREATED, id=id, comment=comment(id, text, **changes), at=NOON)


def edited(id: str, text: str, **changes: Any) -> Event:  # noqa: A002
    later = NOON + timedelta(minutes=5)
    return Event(kind=EventKind.EDITED, id=id, comment=comment(id, text, **changes), at=later)


def deleted(id: str, detail: str = "404") -> Event:  # noqa: A002
    return Event(kind=EventKind.DELETED, id=id, at=NOON, detail=detail)
