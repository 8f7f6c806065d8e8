"""Lawful disposition: the words go, the hash stays, and the log says who released them under what authority.

Nothing is ever disposed of by itself; the records officer names the entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from modbot.errors import NotAllowed
from modbot.store import Store, Transaction, table
from modbot.tables import AuditEvent, Content, Unscored, User

contents, users = table(Content), table(User)
events, unscored = table(AuditEvent), table(Unscored)


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
        tx.execute(sa.update(contents).where(contents.c.seq.in_(seqs)).values(body=None))
        # What has no words left cannot be scored.
        tx.execute(sa.delete(unscored).where(unscored.c.comment_id.in_(seqs)))


def _refuse_others(tx: Transaction, seqs: Sequence[int]) -> None:
    """Only comments and what was said about them; the rest of the log keeps its words."""
    found = sa.select(events.c.seq).where(events.c.seq.in_(seqs), events.c.kind.startswith("comment."))
    others = sorted(set(seqs) - set(tx.execute(found).scalars()))
    if others:
        raise NotAllowed(
            f"Not the entry of a comment: {', '.join(map(str, others[:5]))}.",
            remedy="Release only entries whose kind begins with comment.",
        )
