"""The search index over archived comments: words in, words out, and what a question looks like to it.

SQLite's FTS5 and PostgreSQL's tsvector, fed with the same folded words, so that both find the same comments.
The index holds no text that could be read back in order; words that are lawfully disposed of leave it too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from modbot.store import Transaction

AUTHOR = "@"
"""Marks the words of an author's name."""
_LONGEST = 60
"""Characters of a word that count; PostgreSQL takes no lexeme above 2 KB."""
_BEGINNING = 3
"""Letters from which the last word may be the beginning of one."""
_WORD = re.compile(r"[^\W_]+")
_MANY = 5_000
"""Different words of one comment that count: far more than any platform lets through."""


@dataclass(frozen=True, slots=True)
class Entry:
    comment_id: int
    text: str
    author: str

    @property
    def words(self) -> list[str]:
        marked = (AUTHOR + word for word in folded(self.author))
        return list(dict.fromkeys((*marked, *folded(self.text))))[:_MANY]


def entry(comment_id: int, body: Mapping[str, Any]) -> Entry:
    """From a comment's record copy."""
    return Entry(comment_id, body["text"], body["author"])


def folded(text: str) -> list[str]:
    """The words without case, accents and punctuation."""
    return [word[:_LONGEST] for word in _WORD.findall(text.lower() if text.isascii() else _bare(text))]


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in decomposed if unicodedata.category(each) != "Mn")


def add(tx: Transaction, entries: Iterable[Entry]) -> None:
    rows = [(each.comment_id, each.words) for each in entries]
    if not rows:
        return
    tx.flush()
    if tx.connection.dialect.name == "sqlite":
        _fts(tx, "INSERT INTO comment_words (rowid, words) VALUES (?, ?)", rows)
    else:
        tx.connection.execute(
            sa.text(
                "INSERT INTO comment_words (comment_id, words) "
                "VALUES (:comment, array_to_tsvector(CAST(:words AS text[])))"
            ),
            [{"comment": comment, "words": words} for comment, words in rows],
        )


def remove(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Take the words out; FTS5 has to be told which they were, and rewrites itself so that none remains."""
    rows = [(each.comment_id, each.words) for each in entries]
    if not rows:
        return
    tx.flush()
    if tx.connection.dialect.name == "sqlite":
        delete = "INSERT INTO comment_words (comment_words, rowid, words) VALUES ('delete', ?, ?)"
        _fts(tx, delete, rows)
        tx.connection.exec_driver_sql("INSERT INTO comment_words (comment_words) VALUES ('optimize')")
    else:
        tx.connection.execute(
            sa.text("DELETE FROM comment_words WHERE comment_id = ANY(:comments)"),
            {"comments": [comment for comment, _ in rows]},
        )


def _fts(tx: Transaction, statement: str, rows: list[tuple[int, list[str]]]) -> None:
    tx.connection.exec_driver_sql(statement, [(comment, " ".join(words)) for comment, words in rows])


def matching(dialect: str, text: str, author: str) -> sa.Select[Any] | None:
    """The comments whose text holds all these words, by an author of this name; None if none is asked for.

    The last word may be the beginning of one, and so may each part of the name.
    """
    words = [(word, False) for word in folded(text)]
    if words and len(words[-1][0]) >= _BEGINNING:
        words[-1] = (words[-1][0], True)
    words += [(AUTHOR + word, True) for word in folded(author)]
    if not words:
        return None
    return _fts_match(words) if dialect == "sqlite" else _tsquery(words)


def _fts_match(words: list[tuple[str, bool]]) -> sa.Select[Any]:
    found = sa.table("comment_words", sa.column("rowid", sa.Integer))
    question = " AND ".join(f'"{word}"{"*" if beginning else ""}' for word, beginning in words)
    matches: sa.ColumnElement[bool] = sa.literal_column("comment_words").op("MATCH")(question)
    return sa.select(found.c.rowid.label("id")).where(matches)


def _tsquery(words: list[tuple[str, bool]]) -> sa.Select[Any]:
    found = sa.table("comment_words", sa.column("comment_id", sa.BigInteger), sa.column("words"))
    question = " & ".join(f"'{word}'{':*' if beginning else ''}" for word, beginning in words)
    matches: sa.ColumnElement[bool] = found.c.words.op("@@")(
        sa.text("CAST(:question AS tsquery)").bindparams(question=question)
    )
    return sa.select(found.c.comment_id.label("id")).where(matches)
