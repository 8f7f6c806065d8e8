"""The spine: from the archived comment to the action. A row's id is the number of its log entry.

So nothing can be stored that the log does not know (foreign keys), and nothing is scored, queued, decided
or acted on that was not archived: score → comment → content → audit_event. Words live in `content` alone;
the other tables hold structure. Rows of audit_event, content, comment, score, verdict, decision and release
are never changed or deleted: triggers in the first migration see to that.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

# One naming rule, so that migrations can name what they change on every engine.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# On SQLite only INTEGER makes the key the row's own place; BIGINT would cost a second tree per table.
Number = BigInteger().with_variant(Integer(), "sqlite")


def on_record(target: str = "audit_event.seq") -> Column[int]:
    """A primary key that is the number of a log entry."""
    return Column(Number, ForeignKey(target), primary_key=True, autoincrement=False)


def refers_to(target: str, *, nullable: bool = False) -> Column[int]:
    return Column(Number, ForeignKey(target), nullable=nullable)


class AuditEvent(SQLModel, table=True):
    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_kind", "kind", "seq"),)
    seq: int = Field(sa_column=Column(Number, primary_key=True, autoincrement=False))
    at: datetime
    actor: str
    kind: str
    subject: str = Field(index=True)
    payload_hash: str
    prev_hash: str
    hash: str


class AuditHead(SQLModel, table=True):
    """The last entry, kept apart: locked by whoever appends, and compared when the log is verified."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)
    id: int = Field(primary_key=True)
    seq: int = Field(sa_type=Number)
    hash: str


class Checkpoint(SQLModel, table=True):
    """A signed statement that the log had this hash at this entry; copies leave the machine."""

    __tablename__ = "checkpoint"
    seq: int = Field(sa_column=on_record())
    hash: str
    at: datetime
    public_key: str
    signature: str


class Content(SQLModel, table=True):
    """What a log entry speaks of, as canonical JSON; null once lawfully disposed of."""

    __tablename__ = "content"
    seq: int = Field(sa_column=on_record())
    body: str | None = Field(default=None, sa_type=Text)


class Page(SQLModel, table=True):
    """A page that the district registered, and how far it has been read."""

    __tablename__ = "page"
    key: str = Field(primary_key=True)
    platform: str
    title: str = ""
    school: str = ""
    url: str = ""
    registered: int = Field(sa_column=refers_to("audit_event.seq"))
    cursor: str | None = Field(default=None, sa_type=Text)
    polled_at: datetime | None = None
    """The last poll that the platform answered."""
    next_poll_at: datetime | None = None
    """Until when it is left alone on purpose: the poll interval, or what a quota leaves."""
    failing_since: datetime | None = None
    failure: str = ""
    checked_to: int = Field(default=0, sa_type=Number)
    """How far the sweep for edits and deletions has come."""
    unreadable_since: datetime | None = None
    unreadable: str = ""
    """What part of the page is closed to us, where the rest is read."""
    unchecked_since: datetime | None = None
    """Since when no sweep for edits and deletions has succeeded; None: the last one did."""
    unchecked: str = ""
    """Why it did not."""


class Comment(SQLModel, table=True):
    """One archived revision. Its text, author, link and native payload are in `content` under its number."""

    __tablename__ = "comment"
    __table_args__ = (
        UniqueConstraint("page", "native_id", "revision"),
        Index("ix_comment_page_id", "page", "id"),
        Index("ix_comment_post", "page", "post", "id"),
        Index("ix_comment_created", "created_at", "id"),
    )
    id: int = Field(sa_column=on_record("content.seq"))
    page: str = Field(foreign_key="page.key")
    native_id: str
    revision: str
    number: int
    """1 for the first revision that was archived, 2 for the next, and so on; 0 and below for one that arrived
    after a later one, because the platform's deliveries came out of order."""
    kind: str
    post: str
    parent: str | None = None
    created_at: datetime
    edited_at: datetime | None = None
    archived_at: datetime
    visible: bool


class Presence(SQLModel, table=True):
    """An item vanished from its platform, or came back; the newest row of its last revision counts."""

    __tablename__ = "presence"
    id: int = Field(sa_column=on_record("content.seq"))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), nullable=False, index=True))
    present: bool
    at: datetime


class Unscored(SQLModel, table=True):
    """A comment that still waits for its score; leased to one worker at a time."""

    __tablename__ = "unscored"
    comment_id: int = Field(sa_column=on_record("comment.id"))
    attempts: int = 0
    available_at: datetime
    """Not before this time: the end of a lease, or of the pause after a failure."""
    leased_by: str = ""


class Score(SQLModel, table=True):
    """What the ensemble said of one comment; the numbers and spans are its content."""

    __tablename__ = "score"
    id: int = Field(sa_column=on_record("content.seq"))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), nullable=False, index=True))
    classifier: str
    """The ensemble's version: names every member and its version."""
    absent: str = ""


class PolicyVersion(SQLModel, table=True):
    """A policy file as it was in force; the text is the content of entry `loaded`."""

    __tablename__ = "policy_version"
    sha256: str = Field(primary_key=True)
    loaded: int = Field(sa_column=refers_to("content.seq"))
    name: str
    version: str
    at: datetime


class Verdict(SQLModel, table=True):
    """What the policy made of a score. `clauses` are ids, joined by a space, most likely first."""

    __tablename__ = "verdict"
    id: int = Field(sa_column=on_record("content.seq"))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), nullable=False, index=True))
    score_id: int | None = Field(default=None, sa_column=refers_to("score.id", nullable=True))
    policy: str = Field(foreign_key="policy_version.sha256")
    level: str
    clauses: str


class User(SQLModel, table=True):
    """A named person. Never deleted, only deactivated: the log must be able to name them for ever."""

    __tablename__ = "user"
    name: str = Field(primary_key=True)
    added: int = Field(sa_column=refers_to("audit_event.seq"))
    full_name: str
    role: str
    active: bool = True


class Case(SQLModel, table=True):
    """A queue item. `version` grows with every change, so that nobody decides on a stale view."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_queue", "state", "priority", "id"),
        # All that the queue counts by, so that counting reads the index alone, in its order.
        Index("ix_case_counts", "state", "priority", "reason", "escalated", "clauses", "pages"),
        Index("ix_case_decided", "decided_at", "id"),
    )
    id: int = Field(sa_column=on_record("content.seq"))
    state: str
    reason: str
    """flagged, not_scored, or edited after it was hidden"""
    priority: int
    """0 urgent, 1 escalated to a lead, 2 ordinary."""
    clauses: str
    pages: str
    """The keys of the pages that its comments stand on, joined by a space."""
    escalated: bool = False
    """A lead has to decide it."""
    opened_at: datetime
    version: int = 1
    claimed_by: str | None = Field(default=None, foreign_key="user.name")
    claimed_until: datetime | None = None
    decided_at: datetime | None = None
    closed_at: datetime | None = None


class CaseComment(SQLModel, table=True):
    """The comments of a case: the one that opened it, its later revisions, near-identical ones."""

    __tablename__ = "case_comment"
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), primary_key=True))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), primary_key=True, index=True))
    joined: int = Field(sa_column=refers_to("audit_event.seq"))


class CaseBand(SQLModel, table=True):
    """Locality-sensitive hash bands of an undecided case, to find it again by a near-identical text."""

    __tablename__ = "case_band"
    band: int = Field(sa_column=Column(Number, primary_key=True, autoincrement=False))
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), primary_key=True, index=True))


class Decision(SQLModel, table=True):
    """One person's choice about one comment; quoted words and reason are its content."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_by", "decided_by", "id"),)
    id: int = Field(sa_column=on_record("content.seq"))
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), nullable=False, index=True))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), nullable=False, index=True))
    choice: str
    clause: str
    decided_by: str = Field(foreign_key="user.name")
    at: datetime
    policy: str = Field(foreign_key="policy_version.sha256")


class Release(SQLModel, table=True):
    """The records officer's leave to delete for good what a decision hides; the reason is its content."""

    __tablename__ = "release"
    id: int = Field(sa_column=on_record("content.seq"))
    decision_id: int = Field(sa_column=Column(Number, ForeignKey("decision.id"), nullable=False, unique=True))
    released_by: str = Field(foreign_key="user.name")
    at: datetime


class Action(SQLModel, table=True):
    """One change to make on a platform: the outbox. It cannot exist without a person's decision."""

    __tablename__ = "action"
    __table_args__ = (
        UniqueConstraint("decision_id", "kind"),
        # What cannot be taken back needs a second person's leave; everything else may not claim one.
        CheckConstraint("(kind = 'delete') = (release_id IS NOT NULL)", name="released"),
        CheckConstraint("kind IN ('hide', 'unhide', 'delete')", name="known"),
        Index("ix_action_due", "state", "due_at"),
        Index("ix_action_item", "page", "native_id"),
    )
    id: int = Field(sa_column=on_record())
    decision_id: int = Field(sa_column=refers_to("decision.id"))
    release_id: int | None = Field(default=None, sa_column=refers_to("release.id", nullable=True))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), nullable=False, index=True))
    page: str = Field(foreign_key="page.key")
    native_id: str
    kind: str
    state: str
    """pending, done, gone, failed or cancelled"""
    attempts: int = 0
    due_at: datetime
    failure: str = ""
    receipt: int | None = Field(default=None, sa_column=refers_to("content.seq", nullable=True))
