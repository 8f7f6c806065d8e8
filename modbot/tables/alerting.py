"""Alerts, the calls of people, and every message on its way. No words of a comment stand here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from modbot.tables.spine import Number, on_record, refers_to


class Alert(SQLModel, table=True):
    """Something that people must know; what exactly is its content."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_key", "key", "over_at"),)
    id: int = Field(sa_column=on_record("content.seq"))
    about: str
    key: str
    """What it is about, so that the same thing is told once while it lasts."""
    case_id: int | None = Field(default=None, sa_column=refers_to("case.id", nullable=True))
    page: str = ""
    drill: bool = False
    raised_at: datetime
    over_at: datetime | None = None
    """When it passed; what never passes by itself stays empty."""


class Call(SQLModel, table=True):
    """An urgent alert's way up the chain of people on call."""

    __tablename__ = "call"
    __table_args__ = (Index("ix_call_due", "state", "next_at"),)
    id: int = Field(sa_column=on_record("content.seq"))
    alert_id: int = Field(sa_column=Column(Number, ForeignKey("alert.id"), nullable=False, unique=True))
    state: str
    """calling, acknowledged or ended"""
    step: int = 0
    """How many people were alerted so far, each time round the chain counted anew."""
    next_at: datetime
    """When the next person is alerted."""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None


class Delivery(SQLModel, table=True):
    """One alert on its way through one channel: step 0 by the routes, step n to the n-th person called."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "state", "due_at"),
        Index("ix_delivery_channel", "channel", "due_at"),
    )
    alert_id: int = Field(sa_column=Column(Number, ForeignKey("alert.id"), primary_key=True))
    step: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    person: str = ""
    ladder: int
    """Channels of one ladder stand in for each other, in the order of `place`."""
    place: int
    state: str
    """waiting (for the one before it to fail), due, sending, sent or dropped"""
    attempts: int = 0
    due_at: datetime
    """When to send it; while it is being sent, when somebody else may try."""
    digest: bool = False
    """May share a message with others."""
    leased_by: str = ""
    in_doubt: bool = False
    """The last attempt ended without an answer: the message may have arrived."""
    failure: str = ""
    receipt: int | None = Field(default=None, sa_column=refers_to("content.seq", nullable=True))


class Watched(SQLModel, table=True):
    """How far a watcher has read the log."""

    __tablename__ = "watched"
    name: str = Field(primary_key=True)
    seq: int = Field(sa_type=Number)
