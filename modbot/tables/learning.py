"""Models learned from the district's own decisions, and what one in shadow says beside the running one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Text
from sqlmodel import Field, SQLModel

from modbot.tables.spine import Number, on_record, refers_to


class LearnedModel(SQLModel, table=True):
    """One that passed every check; what it was learned from and its figures are its content."""

    __tablename__ = "learned_model"
    id: int = Field(sa_column=on_record("content.seq"))
    folder: str
    """Its name among the learned models in the district's folder."""
    manifest: str
    """The SHA-256 of its manifest.json, which holds those of its other files."""
    learned_by: str = Field(foreign_key="user.name")
    at: datetime
    state: str
    """shadow, adopted, replaced or dropped"""
    before: int | None = Field(default=None, sa_column=refers_to("learned_model.id", nullable=True))
    """Whose place it took when it was adopted; none: the shipped models'."""
    compared_to: int = Field(default=0, sa_type=Number)
    """The last entry of the running model that it was compared with."""
    failures: int = 0
    """How often it could not be compared."""
    failure: str = ""
    """Why not, the last time; empty once it could be again."""


class ShadowScore(SQLModel, table=True):
    """What a model in shadow says of a scored comment. Not in the log; goes when the words go."""

    __tablename__ = "shadow_score"
    __table_args__ = (Index("ix_shadow_score_differs", "model_id", "differs", "score_id"),)
    model_id: int = Field(sa_column=Column(Number, ForeignKey("learned_model.id"), primary_key=True))
    score_id: int = Field(sa_column=Column(Number, ForeignKey("score.id"), primary_key=True, index=True))
    comment_id: int = Field(sa_column=Column(Number, ForeignKey("comment.id"), nullable=False, index=True))
    scores: str = Field(sa_type=Text)
    """Its probability for each category, as JSON."""
    gained: str
    """Categories that it flags and the running model does not, joined by a space."""
    lost: str
    """Categories that only the running model flags."""
    differs: bool
