"""Who is signed in: a random token in the browser, only its hash here, and an end to every session.

A session ends when the person signs out, after idle minutes or absolute hours, with a new password, when
somebody ends it, and with the person's access. Beginning and end are in the log.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot.config import Web
from modbot.store import SYSTEM, Store, Transaction, storable, table, utcnow
from modbot.tables import Account, Session, User

sessions, users, accounts = table(Session), table(User), table(Account)

SEEN_EVERY = timedelta(seconds=60)
"""How exactly it is kept when somebody was last here: a write for every request would be too many."""
KEPT = timedelta(days=30)
"""When the row of a session that ran out by itself is cleared away."""
PROOF_HOLDS = timedelta(minutes=5)
"""How long a person counts as having just proved who they are."""


@dataclass(frozen=True, slots=True)
class Limits:
    idle: timedelta
    absolute: timedelta


def limits(web: Web) -> Limits:
    return Limits(timedelta(minutes=web.idle_minutes), timedelta(hours=web.session_hours))


@dataclass(frozen=True, slots=True)
class Here:
    """A live session and its person."""

    id: int
    name: str
    full_name: str
    role: str
    language: str
    started_at: datetime
    seen_at: datetime
    proven_at: datetime
    address: str
    agent: str

    def proven(self, now: datetime) -> bool:
        return now - self.proven_at < PROOF_HOLDS


@dataclass(frozen=True, slots=True)
class Ending:
    """When a session ends by itself."""

    at: datetime
    after: timedelta
    """The limit that ends it: of doing nothing, or of being signed in."""
    final: bool
    """Whether it ends whatever the person does."""


def ending(here: Here, limits: Limits) -> Ending:
    idle, last = here.seen_at + limits.idle, here.started_at + limits.absolute
    return (
        Ending(last, limits.absolute, final=True) if last <= idle else Ending(idle, limits.idle, final=False)
    )


def start(
    tx: Transaction, name: str, *, address: str, agent: str, how: str, proven_at: datetime | None = None
) -> str:
    """The token of a new session, for the cookie alone; `how` the person proved it goes on record."""
    token = secrets.token_urlsafe(32)
    old = sessions.c.started_at < tx.now - KEPT
    tx.execute(sa.delete(sessions).where(old))
    body = {"how": how, "address": address, "fingerprint": _hashed(token)}
    seq = tx.record("session.started", f"user:{name}", body, actor=name)
    tx.add(
        Session,
        id=seq,
        token=_hashed(token),
        name=name,
        started_at=tx.now,
        seen_at=tx.now,
        proven_at=proven_at or tx.now,
        address=address,
        agent=storable(agent)[:200],
    )
    tx.execute(sa.update(accounts).where(accounts.c.name == name).values(seen_at=tx.now))
    return token


def find(store: Store, token: str, limits: Limits, now: datetime | None = None) -> Here | None:
    """The live session of this token; None if there is none, it has run out, or the person has no access."""
    values = _since(limits, now or utcnow()) | {"token": _hashed(token)}
    with store.read() as connection:
        row = connection.execute(_OF_TOKEN, values).one_or_none()
    return None if row is None else Here(*row)


def everyone(store: Store, limits: Limits, name: str = "") -> list[Here]:
    """The live sessions, of one person or of all, the newest first."""
    statement = _ALIVE.order_by(sessions.c.id.desc())
    if name:
        statement = statement.where(sessions.c.name == name)
    with store.read() as connection:
        return [Here(*row) for row in connection.execute(statement, _since(limits, utcnow()))]


def is_due(here: Here, now: datetime) -> bool:
    """Whether it is time to note again that the person is here."""
    return now - here.seen_at >= SEEN_EVERY


def touch(store: Store, here: Here, now: datetime | None = None) -> None:
    """Note that the person did something just now."""
    moment = now or utcnow()
    if not is_due(here, moment):
        return
    with store.write(moment, logged=False) as tx:
        tx.execute(sa.update(sessions).where(sessions.c.id == here.id).values(seen_at=moment))
        tx.execute(sa.update(accounts).where(accounts.c.name == here.name).values(seen_at=moment))


def prove(tx: Transaction, id: int) -> None:  # noqa: A002
    """Note that the person has just shown again who they are."""
    tx.execute(sa.update(sessions).where(sessions.c.id == id).values(proven_at=tx.now))


def end(tx: Transaction, name: str, *, why: str, by: str, only: int | None = None, but: int = 0) -> int:
    """End a person's sessions, all, `only` one, or all `but` one; how many that were.

    Those that had run out by themselves are cleared away with them.
    """
    chosen = sa.select(sessions.c.id).where(sessions.c.name == name, sessions.c.id != but)
    if only is not None:
        chosen = chosen.where(sessions.c.id == only)
    ended: Sequence[int] = tx.execute(chosen).scalars().all()
    for id in ended:  # noqa: A001
        body = {"session": id, "why": why}
        tx.record("session.ended", f"user:{name}", body, actor=by or SYSTEM)
    tx.execute(sa.delete(sessions).where(sessions.c.id.in_(ended)))
    return len(ended)


def _since(limits: Limits, now: datetime) -> dict[str, Any]:
    return {"seen_since": now - limits.idle, "started_since": now - limits.absolute}


_ALIVE = (
    sa.select(
        sessions.c.id,
        sessions.c.name,
        users.c.full_name,
        users.c.role,
        sa.func.coalesce(accounts.c.language, "en"),
        *(sessions.c[name] for name in ("started_at", "seen_at", "proven_at", "address", "agent")),
    )
    .select_from(
        sessions.join(users, users.c.name == sessions.c.name).outerjoin(
            accounts, accounts.c.name == sessions.c.name
        )
    )
    .where(
        users.c.active,
        sessions.c.seen_at > sa.bindparam("seen_since"),
        sessions.c.started_at > sa.bindparam("started_since"),
    )
)
_OF_TOKEN = _ALIVE.where(sessions.c.token == sa.bindparam("token"))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
