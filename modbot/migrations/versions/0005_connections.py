"""connections: credentials, what platforms push, quotas"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0005"
down_revision: str | None = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    make_credential()
    make_push_delivery()
    make_quota_use()
    op.add_column("page", sa.Column("next_poll_at", UTCDateTime(), nullable=True))


def make_credential() -> None:
    op.create_table(
        "credential",
        sa.Column("page", AutoString(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.Column("scopes", AutoString(), nullable=False),
        sa.Column("connected", NUMBER, nullable=False),
        sa.Column("renewed_at", UTCDateTime(), nullable=False),
        sa.Column("renewing_until", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["connected"], ["audit_event.seq"], name="fk_credential_connected"),
        sa.ForeignKeyConstraint(["page"], ["page.key"], name="fk_credential_page"),
        sa.PrimaryKeyConstraint("page", name="pk_credential"),
    )


def make_push_delivery() -> None:
    op.create_table(
        "push_delivery",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("page", AutoString(), nullable=False),
        sa.Column("delivery", AutoString(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("failure", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["page"], ["page.key"], name="fk_push_delivery_page"),
        sa.PrimaryKeyConstraint("id", name="pk_push_delivery"),
        sa.UniqueConstraint("page", "delivery", name="uq_push_delivery_page_delivery"),
    )
    op.create_index("ix_push_delivery_due", "push_delivery", ["page", "state", "due_at"])


def make_quota_use() -> None:
    op.create_table(
        "quota_use",
        sa.Column("page", AutoString(), nullable=False),
        sa.Column("unit", AutoString(), nullable=False),
        sa.Column("period", AutoString(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("resets_at", UTCDateTime(), nullable=False),
        sa.Column("used", sa.Float(), nullable=False),
        sa.Column("allowed", sa.Float(), nullable=False),
        sa.Column("forecast", sa.Float(), nullable=False),
        sa.Column("hard", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["page"], ["page.key"], name="fk_quota_use_page"),
        sa.PrimaryKeyConstraint("page", "unit", "period", name="pk_quota_use"),
    )
