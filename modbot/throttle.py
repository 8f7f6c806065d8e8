"""Failed sign-ins slow the next ones down, for each account and each address, also across restarts.

An account waits at most five minutes. And a browser in which a person has signed in before is counted by
itself: whoever guesses elsewhere, or from the same school's address, cannot keep the moderator on call out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from modbot.store import Transaction, table
from modbot.tables import Attempts

attempts = table(Attempts)

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Key:
    """What failures are counted for. `free`: failures that cost no wait; a school shares one address."""

    text: str
    free: int

    @property
    def hashed(self) -> str:
        return hashlib.sha256(self.text.encode(errors="replace")).hexdigest()


def of_account(name: str) -> Key:
    return Key(f"account {name}", 5)


def of_address(address: str) -> Key:
    return Key(f"address {address}", 30)


def of_browser(device: str) -> Key:
    return Key(f"browser {device}", 5)


def blocked_until(connection: sa.Connection, keys: Sequence[Key], now: datetime) -> datetime | None:
    """Until when nobody may try again; None if now."""
    latest = sa.select(sa.func.max(attempts.c.blocked_until)).where(
        attempts.c.key.in_([key.hashed for key in keys]), attempts.c.blocked_until > now
    )
    until: datetime | None = connection.execute(latest).scalar()
    return until


def failed(tx: Transaction, key: Key) -> bool:
    """Count one failure; whether it is one to put on record: the first that costs a wait, and every tenth."""
    row = tx.execute(sa.select(attempts).where(attempts.c.key == key.hashed)).first()
    stale = row is None or tx.now - row.last_at > FORGOTTEN_AFTER
    count = 1 if row is None or stale else row.failures + 1
    beyond = count - key.free
    wait = min(FIRST_WAIT * 2 ** min(beyond, 10), LONGEST_WAIT) if beyond >= 0 else None
    values = {"failures": count, "last_at": tx.now, "blocked_until": wait and tx.now + wait}
    if row is None:
        tx.add(Attempts, key=key.hashed, **values)
    else:
        tx.execute(sa.update(attempts).where(attempts.c.key == key.hashed).values(**values))
    return beyond >= 0 and beyond % 10 == 0


def succeeded(tx: Transaction, key: Key) -> None:
    """The person is there: forget their failures, and everybody's that are long past."""
    old = attempts.c.last_at < tx.now - FORGOTTEN_AFTER
    tx.execute(sa.delete(attempts).where(sa.or_(attempts.c.key == key.hashed, old)))
