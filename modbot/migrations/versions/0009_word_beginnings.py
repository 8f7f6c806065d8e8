"""word beginnings: SQLite's word index finds words by their first three letters without reading all of them"""

from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":  # PostgreSQL's index has them in order
        return
    # The index holds no text, but which words stand in which comment.
    op.execute("CREATE VIRTUAL TABLE words_before USING fts5vocab(comment_words, 'instance')")
    op.execute(
        "CREATE VIRTUAL TABLE comment_words_now USING fts5(words, content = '', columnsize = 0, detail = 'none', "
        "prefix = '3', tokenize = \"unicode61 tokenchars '@'\")"
    )
    op.execute(
        "INSERT INTO comment_words_now (rowid, words) SELECT doc, group_concat(term, ' ') FROM words_before "
        "GROUP BY doc"
    )
    op.execute("DROP TABLE words_before")
    op.execute("DROP TABLE comment_words")
    op.execute("ALTER TABLE comment_words_now RENAME TO comment_words")
