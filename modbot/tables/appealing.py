"""Appeals: the author of a hidden comment asks that somebody else look at it again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from modbot.tables.spine import Number, on_record, refers_to


class Appeal(SQLModel, table=True):
    """Against what a case hides; the author's words and how to reach them are its content."""

    __tablename__ = "appeal"
    __table_args__ = (Index("ix_appeal_state", "state", "id"),)
    id: int = Field(sa_column=on_record("content.seq"))
    case_id: int = Field(sa_column=Column(Number, ForeignKey("case.id"), nullable=False, index=True))
    decision_id: int = Field(sa_column=refers_to("decision.id"))
    """The decision to hide."""
    entered_by: str = Field(foreign_key="user.name")
    received_at: datetime
    """When it reached the district, from when its time runs."""
    state: str
    """waiting, upheld (it stays hidden) or overturned (it is shown again)"""
    decided: int | None = Field(
        default=None, sa_column=Column(Number, ForeignKey("content.seq"), nullable=True, index=True)
    )
    """The log entry that says so, with the reason."""
    decided_by: str | None = Field(default=None, foreign_key="user.name")
