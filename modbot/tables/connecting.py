"""Connected pages: the right to act on them, what they sent us, and what they let us use."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from modbot.tables.spine import Number, refers_to


class Credential(SQLModel, table=True):
    """What a platform gave when somebody connected a page. Gone once the page is disconnected."""

    __tablename__ = "credential"
    page: str = Field(primary_key=True, foreign_key="page.key")
    sealed: str = Field(sa_type=Text)
    """The token with all that belongs to it, sealed with a key outside the database."""
    ends_at: datetime | None = None
    """When somebody has to connect the page again; null: not by the calendar."""
    scopes: str = ""
    connected: int = Field(sa_column=refers_to("audit_event.seq"))
    renewed_at: datetime
    renewing_until: datetime | None = None
    """Somebody renews it now, and nobody else may until then."""


class PushDelivery(SQLModel, table=True):
    """Something that a platform sent. The body goes once it is read: its words are in the archive then."""

    __tablename__ = "push_delivery"
    __table_args__ = (
        UniqueConstraint("page", "delivery"),
        Index("ix_push_delivery_due", "page", "state", "due_at"),
    )
    id: int | None = Field(default=None, sa_column=Column(Number, primary_key=True, autoincrement=True))
    page: str = Field(foreign_key="page.key")
    delivery: str
    """The same when the platform sends it again."""
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    received_at: datetime
    state: str
    """waiting, read, set aside (modbot cannot make sense of it), elsewhere (read, and told of strangers)"""
    attempts: int = 0
    due_at: datetime
    """When to read it; while it is being read, when somebody else may try."""
    failure: str = ""
    """Where it told of strangers: their accounts."""


class QuotaUse(SQLModel, table=True):
    """How much of a platform's quota a page has used in the present period."""

    __tablename__ = "quota_use"
    page: str = Field(primary_key=True, foreign_key="page.key")
    unit: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    starts_at: datetime
    resets_at: datetime
    used: float
    """Also what was set apart for calls still to be made: up to a fiftieth of the quota more."""
    allowed: float
    forecast: float = 0.0
    """What will be used when it resets, at the last measured pace."""
    hard: bool = False
