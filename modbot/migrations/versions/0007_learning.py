"""learning: models learned from decisions, and what one in shadow says"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0007"
down_revision: str | None = "0006"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "learned_model",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("folder", AutoString(), nullable=False),
        sa.Column("manifest", AutoString(), nullable=False),
        sa.Column("learned_by", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("before", NUMBER, nullable=True),
        sa.Column("compared_to", NUMBER, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failure", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_learned_model_id"),
        sa.ForeignKeyConstraint(["learned_by"], ["user.name"], name="fk_learned_model_learned_by"),
        sa.ForeignKeyConstraint(["before"], ["learned_model.id"], name="fk_learned_model_before"),
        sa.PrimaryKeyConstraint("id", name="pk_learned_model"),
    )
    op.create_table(
        "shadow_score",
        sa.Column("model_id", NUMBER, nullable=False),
        sa.Column("score_id", NUMBER, nullable=False),
        sa.Column("comment_id", NUMBER, nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("gained", AutoString(), nullable=False),
        sa.Column("lost", AutoString(), nullable=False),
        sa.Column("differs", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["learned_model.id"], name="fk_shadow_score_model_id"),
        sa.ForeignKeyConstraint(["score_id"], ["score.id"], name="fk_shadow_score_score_id"),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_shadow_score_comment_id"),
        sa.PrimaryKeyConstraint("model_id", "score_id", name="pk_shadow_score"),
    )
    op.create_index("ix_shadow_score_differs", "shadow_score", ["model_id", "differs", "score_id"])
    op.create_index("ix_shadow_score_score_id", "shadow_score", ["score_id"])
    op.create_index("ix_shadow_score_comment_id", "shadow_score", ["comment_id"])
