"""The people who may decide. Never deleted, so that the log can name them for ever."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from modbot.errors import ConfigError, NotAllowed
from modbot.roles import ROLES
from modbot.store import SYSTEM, Store, Transaction, table
from modbot.tables import User

users = table(User)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    full_name: str
    role: str
    active: bool


def add(store: Store, name: str, full_name: str, role: str, *, by: str = "") -> None:
    """Give a person access; one who was deactivated comes back, with this name and role.

    `by` is the administrator who does it; empty where nobody signed in, on the machine itself.
    """
    _check(name, full_name, role)
    with store.write() as tx:
        actor = _actor(tx, by)
        before = _find(tx, name)
        if before is None:
            body = {"full_name": full_name, "role": role}
            seq = tx.record("user.added", f"user:{name}", body, actor=actor)
            tx.add(User, name=name, added=seq, full_name=full_name, role=role, active=True)
        elif before.active:
            raise ConfigError(
                f"There is already a user {name}.", remedy="See them all with: modbot user list"
            )
        else:
            _change(tx, Person(name, full_name, role, True), actor)


def deactivate(store: Store, name: str, *, by: str = "") -> None:
    """From now on this person decides nothing; what they decided keeps their name."""
    with store.write() as tx:
        actor = _actor(tx, by)
        before = _find(tx, name)
        if before is None or not before.active:
            raise ConfigError(
                f"There is no active user {name}.", remedy="See them all with: modbot user list"
            )
        _change(tx, Person(name, before.full_name, before.role, False), actor)


def everyone(store: Store) -> list[Person]:
    with store.read() as connection:
        rows = connection.execute(sa.select(users).order_by(users.c.name))
        return [Person(row.name, row.full_name, row.role, row.active) for row in rows]


def _check(name: str, full_name: str, role: str) -> None:
    if not _NAME.fullmatch(name) or name == SYSTEM:
        raise ConfigError(
            f"'{name}' cannot be a user's name.",
            remedy="Use small letters, digits, dots or dashes, such as: ana.diaz (modbot itself is taken).",
        )
    if not full_name.strip() or not full_name.isprintable():
        raise ConfigError("A user needs a full name.", remedy="Add: --full-name 'Ana Diaz'")
    if role not in ROLES:
        raise ConfigError(f"There is no role {role}.", remedy=f"Use one of: {', '.join(ROLES)}.")


def _actor(tx: Transaction, by: str) -> str:
    if not by:
        return SYSTEM
    person = _find(tx, by)
    if person is None or not person.active or person.role != "administrator":
        raise NotAllowed(f"{by} is not an active administrator.", remedy="Ask an administrator to do this.")
    return by


def _find(tx: Transaction, name: str) -> Person | None:
    row = tx.execute(sa.select(users).where(users.c.name == name)).first()
    return None if row is None else Person(row.name, row.full_name, row.role, row.active)


def _change(tx: Transaction, person: Person, actor: str) -> None:
    values = asdict(person)
    name = values.pop("name")
    tx.record("user.changed", f"user:{name}", values, actor=actor)
    tx.execute(sa.update(users).where(users.c.name == name).values(**values))
