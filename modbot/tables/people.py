"""How people sign in. What is secret stands here hashed, or sealed with a key outside the database."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from modbot.tables.spine import Number, on_record


class Account(SQLModel, table=True):
    """One person's means of signing in, and what only this person sets."""

    __tablename__ = "account"
    name: str = Field(primary_key=True, foreign_key="user.name")
    password: str | None = None
    """argon2id, with its own salt and costs; null until the person has chosen one."""
    password_at: datetime | None = None
    code: str | None = None
    """SHA-256 of the one-time code with which a password may be chosen."""
    code_until: datetime | None = None
    totp: str | None = Field(default=None, sa_type=Text)
    """The authenticator app's secret, sealed."""
    totp_step: int = Field(default=0, sa_type=Number)
    """The last time step whose code was accepted, so that each code works once."""
    totp_confirmed: bool = False
    """False while the person has seen the secret but not yet entered a code."""
    language: str = "en"
    email: str | None = Field(default=None, unique=True)
    """As the identity provider verified it; small letters."""
    sso_subject: str | None = Field(default=None, unique=True)
    """The identity provider's own name for this person, kept from the first sign-in on."""
    trained_on: date | None = None
    trained_until: date | None = None
    seen_at: datetime | None = None


class RecoveryCode(SQLModel, table=True):
    """Signs a person in once who lost the authenticator app; gone once used."""

    __tablename__ = "recovery_code"
    code: str = Field(primary_key=True)
    """SHA-256 of the person's name and the code."""
    name: str = Field(foreign_key="account.name", index=True)


class Session(SQLModel, table=True):
    """One browser that is signed in. Its row is gone once it has ended; the log keeps both moments."""

    __tablename__ = "session"
    id: int = Field(sa_column=on_record("audit_event.seq"))
    token: str = Field(unique=True)
    """SHA-256 of the random token in the browser's cookie."""
    name: str = Field(foreign_key="user.name", index=True)
    started_at: datetime
    seen_at: datetime
    proven_at: datetime
    """When this person last proved by password, code or identity provider to be there."""
    address: str
    agent: str


class Attempts(SQLModel, table=True):
    """Failed sign-ins of late for one account or from one address."""

    __tablename__ = "attempts"
    key: str = Field(primary_key=True)
    """SHA-256, because people type passwords into the field for names."""
    failures: int
    last_at: datetime
    blocked_until: datetime | None = None
