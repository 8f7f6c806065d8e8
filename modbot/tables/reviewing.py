"""What the review screens need beside the spine: who looked, noted, skipped, proposed, looked again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from modbot.tables.spine import Number, on_record, refers_to


class Authored(SQLModel, table=True):
    """Whose a comment is, to find the author's others on the page. Goes with the words when they go."""

    __tablename__ = "authored"
    __table_args__ = (Index("ix_authored_author", "page", "author", "comment_id"),)
    comment_id: int = Field(sa_column=on_record("comment.id"))
    page: str
    author: str
    """A hash of the platform's id of the author, or of the name where there is none."""


class Opened(SQLModel, table=True):
    """A person opened a case: when first, when last, and whether it was hard to read."""

    __tablename__ = "opened"
    __table_args__ = (Index("ix_opened_person", "person", "last_at"),)
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), primary_key=True))
    person: str = Field(primary_key=True, foreign_key="user.name")
    first_at: datetime
    last_at: datetime
    version: int
    """Of the case as they saw it last."""
    severe: bool


class Note(SQLModel, table=True):
    """What a person wrote down about a case, for colleagues; the words are its content."""

    __tablename__ = "note"
    id: int = Field(sa_column=on_record("content.seq"))
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), nullable=False, index=True))
    written_by: str = Field(foreign_key="user.name")
    at: datetime


class Skip(SQLModel, table=True):
    """A person who passed a case over is not offered it again, unless it changes; others are."""

    __tablename__ = "skip"
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), primary_key=True))
    person: str = Field(primary_key=True, foreign_key="user.name")
    skipped: int = Field(sa_column=refers_to("audit_event.seq"))
    version: int
    """The case's version at that moment."""


class SecondLook(SQLModel, table=True):
    """A decided case that a second person judges without knowing the first one's choice."""

    __tablename__ = "second_look"
    __table_args__ = (Index("ix_second_look_state", "state", "id"),)
    id: int = Field(sa_column=on_record("content.seq"))
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), nullable=False, index=True))
    why: str
    """random, or clause: one of its clauses is in doubt"""
    clauses: str
    """The case's when it was decided, joined by a space."""
    first_by: str = Field(foreign_key="user.name")
    first_choice: str
    first_clause: str
    state: str
    """waiting, agreed, differs or dropped (the first decision was taken back)"""
    claimed_by: str | None = Field(default=None, foreign_key="user.name")
    claimed_until: datetime | None = None


class Proposal(SQLModel, table=True):
    """What only a final deletion can carry out; waits for the records officer. Why is its content."""

    __tablename__ = "proposal"
    __table_args__ = (Index("ix_proposal_state", "state", "id"),)
    id: int = Field(sa_column=on_record("content.seq"))
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), nullable=False, index=True))
    decision_id: int = Field(sa_column=refers_to("decision.id"))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), nullable=False, index=True))
    proposed_by: str = Field(foreign_key="user.name")
    at: datetime
    state: str
    """waiting, released, refused or withdrawn (the decision was taken back)"""


class Withdrawal(SQLModel, table=True):
    """An escalation or referral that was taken back before anybody acted on it."""

    __tablename__ = "withdrawal"
    decision_id: int = Field(sa_column=Column(Number, ForeignKey("decision.id"), primary_key=True))
    withdrawn: int = Field(sa_column=refers_to("content.seq"))


class SecondOpinion(SQLModel, table=True):
    """What the second person chose; the quoted words and the reason are its content."""

    __tablename__ = "second_opinion"
    __table_args__ = (Index("ix_second_opinion_at", "at"),)
    id: int = Field(sa_column=on_record("content.seq"))
    look_id: int = Field(sa_column=Column(Number, ForeignKey("second_look.id"), nullable=False, unique=True))
    given_by: str = Field(foreign_key="user.name")
    choice: str
    clause: str
    at: datetime
