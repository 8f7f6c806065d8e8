"""Lawful disposition: the words go, the hash stays, and the log says who released them under what authority.

Nothing is ever disposed of by itself; the records officer names the entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from modbot import search_words
from modbot.errors import NotAllowed
from modbot.store import Store, Transaction, bodies_of, table
from modbot.tables import AuditEvent, Authored, Comment, Content, ShadowScore, Unscored, User

contents, users, comments = table(Content), table(User), table(Comment)
events, unscored, authored = table(AuditEvent), table(Unscored), table(Authored)
shadow_scores = table(ShadowScore)


def dispose(store: Store, seqs: Sequence[int], *, by: str, authority: str) -> None:
    """Remove the words of these entries. `authority` is the schedule's item (DAN) that allows it."""
    with store.write() as tx:
        role = tx.execute(sa.select(users.c.role).where(users.c.name == by, users.c.active)).scalar()
        if role != "records_officer" or not authority.strip():
            raise NotAllowed(
                "Only an active records officer may release records, naming the schedule's item.",
                remedy="Ask the public-records officer.",
            )
        _refuse_others(tx, seqs)
        for seq in seqs:
            tx.record("record.disposed", f"entry:{seq}", {"authority": authority}, actor=by)
        _forget(tx, seqs)
        tx.execute(sa.update(contents).where(contents.c.seq.in_(seqs)).values(body=None))
        # What has no words left cannot be scored.
        tx.execute(sa.delete(unscored).where(unscored.c.comment_id.in_(seqs)))


def _forget(tx: Transaction, seqs: Sequence[int]) -> None:
    """Neither a search nor a look at an author's other comments finds what was released."""
    released = tx.execute(sa.select(comments.c.id).where(comments.c.id.in_(seqs))).scalars().all()
    bodies = bodies_of(tx.connection, released)
    search_words.remove(tx, [search_words.entry(each, body) for each, body in bodies.items()])
    tx.execute(sa.delete(authored).where(authored.c.comment_id.in_(released)))
    # A score's entry may be released without its comment's.
    either = shadow_scores.c.comment_id.in_(seqs) | shadow_scores.c.score_id.in_(seqs)
    tx.execute(sa.delete(shadow_scores).where(either))


def _refuse_others(tx: Transaction, seqs: Sequence[int]) -> None:
    """Only comments and what was said about them; the rest of the log keeps its words."""
    found = sa.select(events.c.seq).where(events.c.seq.in_(seqs), events.c.kind.startswith("comment."))
    others = sorted(set(seqs) - set(tx.execute(found).scalars()))
    if others:
        raise NotAllowed(
            f"Not the entry of a comment: {', '.join(map(str, others[:5]))}.",
            remedy="Release only entries whose kind begins with comment.",
        )
