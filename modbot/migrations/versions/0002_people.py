"""accounts: how people sign in"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0002"
down_revision: str | None = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("password", AutoString(), nullable=True),
        sa.Column("password_at", UTCDateTime(), nullable=True),
        sa.Column("code", AutoString(), nullable=True),
        sa.Column("code_until", UTCDateTime(), nullable=True),
        sa.Column("totp", sa.Text(), nullable=True),
        sa.Column("totp_step", NUMBER, nullable=False),
        sa.Column("totp_confirmed", sa.Boolean(), nullable=False),
        sa.Column("language", AutoString(), nullable=False),
        sa.Column("email", AutoString(), nullable=True),
        sa.Column("sso_subject", AutoString(), nullable=True),
        sa.Column("trained_on", sa.Date(), nullable=True),
        sa.Column("trained_until", sa.Date(), nullable=True),
        sa.Column("seen_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["name"], ["user.name"], name=op.f("fk_account_name")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("sso_subject", name=op.f("uq_account_sso_subject")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["account.name"], name=op.f("fk_recovery_code_name")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_name"), "recovery_code", ["name"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("token", AutoString(), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.Column("proven_at", UTCDateTime(), nullable=False),
        sa.Column("address", AutoString(), nullable=False),
        sa.Column("agent", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["audit_event.seq"], name=op.f("fk_session_id")),
        sa.ForeignKeyConstraint(["name"], ["user.name"], name=op.f("fk_session_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token", name=op.f("uq_session_token")),
    )
    op.create_index(op.f("ix_session_name"), "session", ["name"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("blocked_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempts")),
    )
