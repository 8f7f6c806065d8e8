"""alerts, the on-call chain, reports"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0004"
down_revision: str | None = "0003"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    make_alert()
    make_call()
    make_delivery()
    op.create_table(
        "watched",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_watched"),
    )


def make_alert() -> None:
    op.create_table(
        "alert",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("about", AutoString(), nullable=False),
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("case_id", NUMBER, nullable=True),
        sa.Column("page", AutoString(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("raised_at", UTCDateTime(), nullable=False),
        sa.Column("over_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_alert_case_id"),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    op.create_index("ix_alert_key", "alert", ["key", "over_at"])


def make_call() -> None:
    op.create_table(
        "call",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("alert_id", NUMBER, nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=False),
        sa.Column("acknowledged_by", AutoString(), nullable=False),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_call_alert_id"),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_call_id"),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
        sa.UniqueConstraint("alert_id", name="uq_call_alert_id"),
    )
    op.create_index("ix_call_due", "call", ["state", "next_at"])


def make_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("alert_id", NUMBER, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("person", AutoString(), nullable=False),
        sa.Column("ladder", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("leased_by", AutoString(), nullable=False),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.Column("failure", AutoString(), nullable=False),
        sa.Column("receipt", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_delivery_alert_id"),
        sa.ForeignKeyConstraint(["receipt"], ["content.seq"], name="fk_delivery_receipt"),
        sa.PrimaryKeyConstraint("alert_id", "step", "channel", name="pk_delivery"),
    )
    op.create_index("ix_delivery_due", "delivery", ["state", "due_at"])
    op.create_index("ix_delivery_channel", "delivery", ["channel", "due_at"])
