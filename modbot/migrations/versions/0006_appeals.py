"""appeals: authors ask that a hidden comment be looked at again"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0006"
down_revision: str | None = "0005"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "appeal",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("decision_id", NUMBER, nullable=False),
        sa.Column("entered_by", AutoString(), nullable=False),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("decided", NUMBER, nullable=True),
        sa.Column("decided_by", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_appeal_id"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_appeal_case_id"),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name="fk_appeal_decision_id"),
        sa.ForeignKeyConstraint(["entered_by"], ["user.name"], name="fk_appeal_entered_by"),
        sa.ForeignKeyConstraint(["decided"], ["content.seq"], name="fk_appeal_decided"),
        sa.ForeignKeyConstraint(["decided_by"], ["user.name"], name="fk_appeal_decided_by"),
        sa.PrimaryKeyConstraint("id", name="pk_appeal"),
    )
    op.create_index("ix_appeal_state", "appeal", ["state", "id"])
    op.create_index("ix_appeal_case_id", "appeal", ["case_id"])
    op.create_index("ix_appeal_decided", "appeal", ["decided"])
