"""reviewing: second looks, notes, skips, search"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0003"
down_revision: str | None = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    make_authored()
    make_opened()
    make_note()
    make_skip()
    make_second_look()
    make_second_opinion()
    make_proposal()
    make_withdrawal()
    if op.get_bind().dialect.name == "sqlite":
        make_words_sqlite()
        guard_sqlite()
    else:
        make_words_postgresql()
        guard_postgresql()


def make_authored() -> None:
    op.create_table(
        "authored",
        sa.Column("comment_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("page", AutoString(), nullable=False),
        sa.Column("author", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_authored_comment_id"),
        sa.PrimaryKeyConstraint("comment_id", name="pk_authored"),
    )
    op.create_index("ix_authored_author", "authored", ["page", "author", "comment_id"])


def make_opened() -> None:
    op.create_table(
        "opened",
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("person", AutoString(), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("severe", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_opened_case_id"),
        sa.ForeignKeyConstraint(["person"], ["user.name"], name="fk_opened_person"),
        sa.PrimaryKeyConstraint("case_id", "person", name="pk_opened"),
    )
    op.create_index("ix_opened_person", "opened", ["person", "last_at"])


def make_note() -> None:
    op.create_table(
        "note",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("written_by", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_note_id"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_note_case_id"),
        sa.ForeignKeyConstraint(["written_by"], ["user.name"], name="fk_note_written_by"),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
    )
    op.create_index("ix_note_case_id", "note", ["case_id"])


def make_skip() -> None:
    op.create_table(
        "skip",
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("person", AutoString(), nullable=False),
        sa.Column("skipped", NUMBER, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_skip_case_id"),
        sa.ForeignKeyConstraint(["person"], ["user.name"], name="fk_skip_person"),
        sa.ForeignKeyConstraint(["skipped"], ["audit_event.seq"], name="fk_skip_skipped"),
        sa.PrimaryKeyConstraint("case_id", "person", name="pk_skip"),
    )


def make_second_look() -> None:
    op.create_table(
        "second_look",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("why", AutoString(), nullable=False),
        sa.Column("clauses", AutoString(), nullable=False),
        sa.Column("first_by", AutoString(), nullable=False),
        sa.Column("first_choice", AutoString(), nullable=False),
        sa.Column("first_clause", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("claimed_by", AutoString(), nullable=True),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_second_look_id"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_second_look_case_id"),
        sa.ForeignKeyConstraint(["first_by"], ["user.name"], name="fk_second_look_first_by"),
        sa.ForeignKeyConstraint(["claimed_by"], ["user.name"], name="fk_second_look_claimed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_second_look"),
    )
    op.create_index("ix_second_look_state", "second_look", ["state", "id"])
    op.create_index("ix_second_look_case_id", "second_look", ["case_id"])


def make_second_opinion() -> None:
    op.create_table(
        "second_opinion",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("look_id", NUMBER, nullable=False),
        sa.Column("given_by", AutoString(), nullable=False),
        sa.Column("choice", AutoString(), nullable=False),
        sa.Column("clause", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_second_opinion_id"),
        sa.ForeignKeyConstraint(["look_id"], ["second_look.id"], name="fk_second_opinion_look_id"),
        sa.ForeignKeyConstraint(["given_by"], ["user.name"], name="fk_second_opinion_given_by"),
        sa.PrimaryKeyConstraint("id", name="pk_second_opinion"),
        sa.UniqueConstraint("look_id", name="uq_second_opinion_look_id"),
    )
    op.create_index("ix_second_opinion_at", "second_opinion", ["at"])


def make_proposal() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("decision_id", NUMBER, nullable=False),
        sa.Column("comment_id", NUMBER, nullable=False),
        sa.Column("proposed_by", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["content.seq"], name="fk_proposal_id"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name="fk_proposal_case_id"),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name="fk_proposal_decision_id"),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_proposal_comment_id"),
        sa.ForeignKeyConstraint(["proposed_by"], ["user.name"], name="fk_proposal_proposed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    op.create_index("ix_proposal_state", "proposal", ["state", "id"])
    op.create_index("ix_proposal_case_id", "proposal", ["case_id"])
    op.create_index("ix_proposal_comment_id", "proposal", ["comment_id"])


def make_withdrawal() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("decision_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("withdrawn", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name="fk_withdrawal_decision_id"),
        sa.ForeignKeyConstraint(["withdrawn"], ["content.seq"], name="fk_withdrawal_withdrawn"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_withdrawal"),
    )


# The index holds no text: the words of a comment are given to it, and taken out of it, by modbot/search_words.py.
# `@` marks the words of an author's name.
def make_words_sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE comment_words USING fts5("
        "words, content = '', columnsize = 0, detail = 'none', tokenize = \"unicode61 tokenchars '@'\")"
    )


def make_words_postgresql() -> None:
    op.execute(
        "CREATE TABLE comment_words (comment_id BIGINT PRIMARY KEY REFERENCES comment (id), words TSVECTOR NOT NULL)"
    )
    op.execute("CREATE INDEX ix_comment_words ON comment_words USING gin (words)")


IMMUTABLE = ("note", "second_opinion")


def guard_sqlite() -> None:
    for table in IMMUTABLE:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def guard_postgresql() -> None:
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION modbot_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION modbot_append_only()"
        )
