"""the spine"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("payload_hash", AutoString(), nullable=False),
        sa.Column("prev_hash", AutoString(), nullable=False),
        sa.Column("hash", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_kind", ["kind", "seq"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_event_subject"), ["subject"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", AutoString(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "checkpoint",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("hash", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("public_key", AutoString(), nullable=False),
        sa.Column("signature", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["audit_event.seq"], name=op.f("fk_checkpoint_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "content",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("body", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["audit_event.seq"], name=op.f("fk_content_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_content")),
    )
    op.create_table(
        "page",
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("platform", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("school", AutoString(), nullable=False),
        sa.Column("url", AutoString(), nullable=False),
        sa.Column("registered", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("polled_at", UTCDateTime(), nullable=True),
        sa.Column("failing_since", UTCDateTime(), nullable=True),
        sa.Column("failure", AutoString(), nullable=False),
        sa.Column("checked_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["registered"], ["audit_event.seq"], name=op.f("fk_page_registered")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_page")),
    )
    op.create_table(
        "user",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("full_name", AutoString(), nullable=False),
        sa.Column("role", AutoString(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["added"], ["audit_event.seq"], name=op.f("fk_user_added")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_user")),
    )
    op.create_table(
        "case",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("reason", AutoString(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("clauses", AutoString(), nullable=False),
        sa.Column("pages", AutoString(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("claimed_by", AutoString(), nullable=True),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["claimed_by"], ["user.name"], name=op.f("fk_case_claimed_by")),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name=op.f("fk_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
    )
    with op.batch_alter_table("case", schema=None) as batch_op:
        batch_op.create_index("ix_case_decided", ["decided_at", "id"], unique=False)
        batch_op.create_index("ix_case_queue", ["state", "priority", "id"], unique=False)
        counted = ["state", "priority", "reason", "escalated", "clauses", "pages"]
        batch_op.create_index("ix_case_counts", counted, unique=False)

    op.create_table(
        "comment",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("page", AutoString(), nullable=False),
        sa.Column("native_id", AutoString(), nullable=False),
        sa.Column("revision", AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("post", AutoString(), nullable=False),
        sa.Column("parent", AutoString(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("edited_at", UTCDateTime(), nullable=True),
        sa.Column("archived_at", UTCDateTime(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name=op.f("fk_comment_id")),
        sa.ForeignKeyConstraint(["page"], ["page.key"], name=op.f("fk_comment_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
        sa.UniqueConstraint("page", "native_id", "revision", name=op.f("uq_comment_page_native_id_revision")),
    )
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.create_index("ix_comment_created", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_comment_page_id", ["page", "id"], unique=False)
        batch_op.create_index("ix_comment_post", ["page", "post", "id"], unique=False)

    op.create_table(
        "policy_version",
        sa.Column("sha256", AutoString(), nullable=False),
        sa.Column("loaded", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("version", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["loaded"], ["content.seq"], name=op.f("fk_policy_version_loaded")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_policy_version")),
    )
    op.create_table(
        "case_band",
        sa.Column(
            "band", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_band_case_id")),
        sa.PrimaryKeyConstraint("band", "case_id", name=op.f("pk_case_band")),
    )
    with op.batch_alter_table("case_band", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_band_case_id"), ["case_id"], unique=False)

    op.create_table(
        "case_comment",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("joined", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_comment_case_id")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_case_comment_comment_id")),
        sa.ForeignKeyConstraint(["joined"], ["audit_event.seq"], name=op.f("fk_case_comment_joined")),
        sa.PrimaryKeyConstraint("case_id", "comment_id", name=op.f("pk_case_comment")),
    )
    with op.batch_alter_table("case_comment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_comment_comment_id"), ["comment_id"], unique=False)

    op.create_table(
        "decision",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("choice", AutoString(), nullable=False),
        sa.Column("clause", AutoString(), nullable=False),
        sa.Column("decided_by", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("policy", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_decision_case_id")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_decision_comment_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["user.name"], name=op.f("fk_decision_decided_by")),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name=op.f("fk_decision_id")),
        sa.ForeignKeyConstraint(["policy"], ["policy_version.sha256"], name=op.f("fk_decision_policy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index("ix_decision_by", ["decided_by", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_comment_id"), ["comment_id"], unique=False)

    op.create_table(
        "presence",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_presence_comment_id")),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name=op.f("fk_presence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence")),
    )
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_presence_comment_id"), ["comment_id"], unique=False)

    op.create_table(
        "score",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("classifier", AutoString(), nullable=False),
        sa.Column("absent", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_score_comment_id")),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name=op.f("fk_score_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score")),
    )
    with op.batch_alter_table("score", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_score_comment_id"), ["comment_id"], unique=False)

    op.create_table(
        "unscored",
        sa.Column(
            "comment_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("available_at", UTCDateTime(), nullable=False),
        sa.Column("leased_by", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_unscored_comment_id")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_unscored")),
    )
    op.create_table(
        "release",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("released_by", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_release_decision_id")),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name=op.f("fk_release_id")),
        sa.ForeignKeyConstraint(["released_by"], ["user.name"], name=op.f("fk_release_released_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_release_decision_id")),
    )
    op.create_table(
        "action",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page", AutoString(), nullable=False),
        sa.Column("native_id", AutoString(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("failure", AutoString(), nullable=False),
        sa.Column("receipt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(kind = 'delete') = (release_id IS NOT NULL)", name=op.f("ck_action_released")),
        sa.CheckConstraint("kind IN ('hide', 'unhide', 'delete')", name=op.f("ck_action_known")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_action_comment_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_action_decision_id")),
        sa.ForeignKeyConstraint(["id"], ["audit_event.seq"], name=op.f("fk_action_id")),
        sa.ForeignKeyConstraint(["page"], ["page.key"], name=op.f("fk_action_page")),
        sa.ForeignKeyConstraint(["receipt"], ["content.seq"], name=op.f("fk_action_receipt")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_action_release_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action")),
        sa.UniqueConstraint("decision_id", "kind", name=op.f("uq_action_decision_id_kind")),
    )
    with op.batch_alter_table("action", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_comment_id"), ["comment_id"], unique=False)
        batch_op.create_index("ix_action_due", ["state", "due_at"], unique=False)
        batch_op.create_index("ix_action_item", ["page", "native_id"], unique=False)

    op.create_table(
        "verdict",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("score_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("policy", AutoString(), nullable=False),
        sa.Column("level", AutoString(), nullable=False),
        sa.Column("clauses", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_verdict_comment_id")),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name=op.f("fk_verdict_id")),
        sa.ForeignKeyConstraint(["policy"], ["policy_version.sha256"], name=op.f("fk_verdict_policy")),
        sa.ForeignKeyConstraint(["score_id"], ["score.id"], name=op.f("fk_verdict_score_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
    )
    with op.batch_alter_table("verdict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verdict_comment_id"), ["comment_id"], unique=False)

    start_the_chain()
    if op.get_bind().dialect.name == "sqlite":
        guard_sqlite()
    else:
        guard_postgresql()


IMMUTABLE = (
    "audit_event",
    "checkpoint",
    "comment",
    "decision",
    "presence",
    "policy_version",
    "release",
    "score",
    "verdict",
)


def start_the_chain() -> None:
    op.execute(f"INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '{'0' * 64}')")


# Words may be disposed of under the retention schedule; they may never be rewritten.
def guard_sqlite() -> None:
    for table in IMMUTABLE:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        "CREATE TRIGGER content_no_update BEFORE UPDATE ON content "
        "WHEN NEW.body IS NOT NULL OR NEW.seq <> OLD.seq "
        "BEGIN SELECT RAISE(ABORT, 'content is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER content_no_delete BEFORE DELETE ON content "
        "BEGIN SELECT RAISE(ABORT, 'content is append-only'); END"
    )


def guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION modbot_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION modbot_append_only()"
        )
    op.execute(
        "CREATE TRIGGER content_no_update BEFORE UPDATE ON content FOR EACH ROW "
        "WHEN (NEW.body IS NOT NULL OR NEW.seq <> OLD.seq) EXECUTE FUNCTION modbot_append_only()"
    )
    op.execute(
        "CREATE TRIGGER content_no_delete BEFORE DELETE ON content "
        "FOR EACH ROW EXECUTE FUNCTION modbot_append_only()"
    )
    for table in (*IMMUTABLE, "content"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION modbot_append_only()"
        )
