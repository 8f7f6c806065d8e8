"""The people who have access, and in which role. Never deleted, so that the log can name them for ever."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace

import sqlalchemy as sa

from modbot import sessions
from modbot.errors import ConfigError, NotAllowed
from modbot.roles import ROLES, Permission, allows
from modbot.store import SYSTEM, Readable, Store, Transaction, table
from modbot.tables import Account, RecoveryCode, User

users, accounts, recovery = table(User), table(Account), table(RecoveryCode)
_EVERYONE = sa.select(users).order_by(users.c.name)
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
        actor = acting(tx, by)
        before = find(tx, name)
        if before is None:
            body = {"full_name": full_name, "role": role}
            seq = tx.record("user.added", f"user:{name}", body, actor=actor)
            tx.add(User, name=name, added=seq, full_name=full_name, role=role, active=True)
        elif before.active:
            raise ConfigError(
                "There is already a user %(name)s.",
                remedy="Choose another name to sign in with.",
                name=name,
            )
        else:
            _change(tx, Person(name, full_name, role, True), actor)


def change_role(store: Store, name: str, role: str, *, by: str = "") -> None:
    """From now on this person has another role. Nobody changes their own; one administrator stays."""
    with store.write() as tx:
        actor = acting(tx, by)
        before = active(tx, name)
        _check(name, before.full_name, role)
        if name == by:
            raise NotAllowed("Nobody changes their own role.", remedy="Ask another administrator.")
        if before.role == role:
            return
        _keep_one_administrator(tx, before)
        _change(tx, replace(before, role=role), actor)


def deactivate(store: Store, name: str, *, by: str = "") -> None:
    """From now on this person can do nothing; what they decided keeps their name."""
    with store.write() as tx:
        actor = acting(tx, by)
        before = active(tx, name)
        _keep_one_administrator(tx, before)
        sessions.end(tx, name, why="access ended", by=actor)
        nothing = {"password": None, "code": None, "totp": None, "totp_confirmed": False}
        tx.execute(sa.update(accounts).where(accounts.c.name == name).values(**nothing))
        tx.execute(sa.delete(recovery).where(recovery.c.name == name))
        _change(tx, replace(before, active=False), actor)


def end_sessions(store: Store, name: str, *, by: str = "", only: int | None = None) -> int:
    """Sign this person out, everywhere or of one session; of how many."""
    with store.write() as tx:
        actor = acting(tx, by)
        active(tx, name)
        return sessions.end(tx, name, why="ended by an administrator", by=actor, only=only)


def everyone(store: Readable) -> list[Person]:
    with store.read() as connection:
        rows = connection.execute(_EVERYONE)
        return [Person(row.name, row.full_name, row.role, row.active) for row in rows]


def acting(tx: Transaction, by: str) -> str:
    """Who goes on record for a change to people: `by`, who must be an administrator, or the machine."""
    if not by:
        return SYSTEM
    person = find(tx, by)
    if person is None or not person.active or not allows(person.role, Permission.MANAGE):
        raise NotAllowed(
            "%(by)s is not an active administrator.", remedy="Ask an administrator to do this.", by=by
        )
    return by


def find(tx: Transaction, name: str) -> Person | None:
    row = tx.execute(sa.select(users).where(users.c.name == name)).first()
    return None if row is None else Person(row.name, row.full_name, row.role, row.active)


def active(tx: Transaction, name: str) -> Person:
    person = find(tx, name)
    if person is None or not person.active:
        raise ConfigError(
            "There is no active user %(name)s.", remedy="Look at the list of people.", name=name
        )
    return person


def _check(name: str, full_name: str, role: str) -> None:
    if not _NAME.fullmatch(name) or name == SYSTEM:
        raise ConfigError(
            "'%(name)s' cannot be a user's name.",
            remedy="Use small letters, digits, dots or dashes, such as: ana.diaz ('%(taken)s' is taken).",
            name=name,
            taken=SYSTEM,
        )
    if not full_name.strip() or not full_name.isprintable():
        raise ConfigError("A user needs a full name.", remedy="Give it as it stands in the records: Ana Diaz")
    if role not in ROLES:
        raise ConfigError(
            "There is no role %(role)s.", remedy="Use one of: %(known)s.", role=role, known=", ".join(ROLES)
        )


def _keep_one_administrator(tx: Transaction, person: Person) -> None:
    others = sa.select(sa.func.count()).where(
        users.c.active, users.c.role == "administrator", users.c.name != person.name
    )
    if person.role == "administrator" and not tx.execute(others).scalar():
        raise NotAllowed(
            "%(name)s is the only administrator.",
            remedy="Make somebody else an administrator first.",
            name=person.name,
        )


def _change(tx: Transaction, person: Person, actor: str) -> None:
    values = asdict(person)
    name = values.pop("name")
    tx.record("user.changed", f"user:{name}", values, actor=actor)
    tx.execute(sa.update(users).where(users.c.name == name).values(**values))
