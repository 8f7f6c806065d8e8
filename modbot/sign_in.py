"""Signing in, step by step: the password or a one-time code, then the app's code, then a new password if due.

Between two steps the browser holds a sealed ticket. An answer never tells whether a name exists.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from modbot import accounts, passwords, sessions, throttle, totp
from modbot.errors import SignInBlocked, SignInRefused
from modbot.sealing import Seal
from modbot.store import SYSTEM, Store, Transaction, storable, table, utcnow
from modbot.tables import Account, RecoveryCode, User

rows, people, recovery = table(Account), table(User), table(RecoveryCode)

TICKET_SECONDS = 600
"""How long a person may take between two steps."""


class Step(StrEnum):
    CODE = "code"
    PASSWORD = "password"  # noqa: S105
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the person has shown so far. `stamp` makes it worthless once the account has changed."""

    name: str
    by: str
    """password or one-time code"""
    stamp: str
    app: bool = False
    """Whether the authenticator app's code was right."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Where somebody signs in from."""

    address: str
    agent: str
    known_as: str = ""
    """Who has signed in with this very browser before, by the sealed note that it holds."""
    device: str = ""
    language: str = "en"
    """What it asks for, of those that modbot speaks."""


def begin(store: Store, name: str, secret: str, browser: Browser) -> tuple[Ticket, Step]:
    """The first step, by password or one-time code. Raises SignInRefused or SignInBlocked."""
    name = storable(name.strip().lower())
    with store.read() as connection:
        _refuse_blocked(connection, name, browser, utcnow())
        row = connection.execute(_row(name)).first()
    # Outside of any transaction, because it takes as long as it is meant to.
    by_password = passwords.matches(row.password if row else None, secret)
    by_code = row is not None and not by_password and _code_holds(row, name, secret)
    with store.write() as tx:
        # Again, for those who try many at the same moment.
        _refuse_blocked(tx.connection, name, browser, tx.now)
        if not by_password and not by_code:
            _count_failure(tx, name, browser, known=row is not None)
    if row is None or not (by_password or by_code):
        raise SignInRefused("This name and password do not fit together.")
    return _next(Ticket(name, "password" if by_password else "one-time code", _stamp(row)), row)


def check_code(store: Store, seal: Seal, ticket: Ticket, code: str, browser: Browser) -> tuple[Ticket, Step]:
    """The second step: the app's code, or a recovery code. Raises SignInRefused or SignInBlocked."""
    with store.write() as tx:
        row = _current(tx, ticket)
        _refuse_blocked(tx.connection, ticket.name, browser, tx.now)
        right = _use_code(tx, seal, row, code)
        if not right:
            _count_failure(tx, ticket.name, browser, known=True)
    if not right:
        raise SignInRefused("This code is not right, or was used before.", remedy="Enter the next one.")
    return _next(replace(ticket, app=True), row)


def choose_password(store: Store, ticket: Ticket, password: str, browser: Browser) -> str:
    """The last step after a one-time code: the token of the new session. Raises SignInRefused."""
    if accounts.weakness(store, ticket.name, password) is not None:
        raise SignInRefused("This password is too weak.")
    hashed = passwords.hashed(password)
    with store.write() as tx:
        row = _current(tx, ticket)
        if _next(ticket, row)[1] is not Step.PASSWORD:
            raise SignInRefused("This step is not due.")
        accounts.set_password(tx, ticket.name, hashed)
        return _start(tx, ticket, browser)


def finish(store: Store, ticket: Ticket, browser: Browser) -> str:
    """The token of the new session, once nothing is left to show. Raises SignInRefused."""
    with store.write() as tx:
        row = _current(tx, ticket)
        if _next(ticket, row)[1] is not Step.DONE:
            raise SignInRefused("This step is not due.")
        return _start(tx, ticket, browser)


def prove(store: Store, seal: Seal, here: tuple[str, int], secret: str, browser: Browser) -> None:
    """Somebody who is signed in shows again that it is they, by password or by the app's code.

    `here` is the person's name and their session. Raises SignInRefused or SignInBlocked.
    """
    name, session = here
    row, right = _password_fits(store, name, secret, browser)
    with store.write() as tx:
        _refuse_blocked(tx.connection, name, browser, tx.now)
        right = right or (_looks_like_code(secret) and _use_code(tx, seal, row, secret))
        if right:
            throttle.succeeded(tx, _keys(name, browser)[0])
            sessions.prove(tx, session)
        else:
            _count_failure(tx, name, browser, known=True)
    if not right:
        raise SignInRefused("This is not your password, nor the code that your app shows now.")


def change_password(store: Store, here: tuple[str, int], secrets: tuple[str, str], browser: Browser) -> None:
    """Somebody who is signed in changes their password, `secrets` being the old and the new one.

    Their other sessions end. Raises SignInRefused or SignInBlocked.
    """
    name, session = here
    old, new = secrets
    if accounts.weakness(store, name, new) is not None:
        raise SignInRefused("The new password is too weak.")
    _, right = _password_fits(store, name, old, browser)
    hashed = passwords.hashed(new) if right else ""
    with store.write() as tx:
        _refuse_blocked(tx.connection, name, browser, tx.now)
        if right:
            throttle.succeeded(tx, _keys(name, browser)[0])
            accounts.set_password(tx, name, hashed, but=session)
            sessions.prove(tx, session)
        else:
            _count_failure(tx, name, browser, known=True)
    if not right:
        raise SignInRefused("This is not your password.")


def pack(seal: Seal, ticket: Ticket) -> str:
    return seal.close(json.dumps(asdict(ticket)))


def unpack(seal: Seal, packed: str) -> Ticket | None:
    """None for a ticket that is not ours, or too old."""
    text = seal.open(packed, seconds=TICKET_SECONDS)
    return None if text is None else Ticket(**json.loads(text))


def _next(ticket: Ticket, row: sa.Row[Any]) -> tuple[Ticket, Step]:
    if row.totp_confirmed and not ticket.app:
        return ticket, Step.CODE
    return ticket, Step.DONE if ticket.by == "password" else Step.PASSWORD


def _start(tx: Transaction, ticket: Ticket, browser: Browser) -> str:
    throttle.succeeded(tx, _keys(ticket.name, browser)[0])
    accounts.greet(tx, ticket.name, browser.language)
    how = f"{ticket.by} and authenticator app" if ticket.app else ticket.by
    return sessions.start(tx, ticket.name, address=browser.address, agent=browser.agent, how=how)


def _use_code(tx: Transaction, seal: Seal, row: sa.Row[Any], code: str) -> bool:
    """Whether the code is right; it is used up then."""
    secret = seal.open(row.totp) if row.totp and row.totp_confirmed else None
    used = tx.execute(sa.select(rows.c.totp_step).where(rows.c.name == row.name).with_for_update()).scalar()
    step = secret and totp.accepted_step(secret, code, used or 0, tx.now)
    if step:
        tx.execute(sa.update(rows).where(rows.c.name == row.name).values(totp_step=step))
        return True
    hashed = totp.code_hash(row.name, code)
    gone = sa.delete(recovery).where(recovery.c.code == hashed, recovery.c.name == row.name)
    return tx.execute(gone).rowcount > 0


def _looks_like_code(secret: str) -> bool:
    digits = "".join(secret.split())
    return len(digits) == 6 and digits.isascii() and digits.isdigit()


def _code_holds(row: sa.Row[Any], name: str, code: str) -> bool:
    """Whether this is the one-time code that was given to the person, in time."""
    fits = row.code is not None and row.code == totp.code_hash(name, code)
    return fits and row.code_until is not None and row.code_until > utcnow()


def _password_fits(store: Store, name: str, secret: str, browser: Browser) -> tuple[sa.Row[Any], bool]:
    with store.read() as connection:
        _refuse_blocked(connection, name, browser, utcnow())
        row = connection.execute(_row(name)).first()
    if row is None:
        raise SignInRefused("You have no password here.", remedy="Ask an administrator for a one-time code.")
    return row, passwords.matches(row.password, secret)


def _refuse_blocked(connection: sa.Connection, name: str, browser: Browser, now: datetime) -> None:
    if throttle.blocked_until(connection, _keys(name, browser), now) is not None:
        raise SignInBlocked()


def _keys(name: str, browser: Browser) -> tuple[throttle.Key, ...]:
    """What failures are counted for: the browser that this person is known by, or account and address."""
    if browser.device and browser.known_as == name:
        return (throttle.of_browser(browser.device),)
    return throttle.of_account(name), throttle.of_address(browser.address)


def _count_failure(tx: Transaction, name: str, browser: Browser, *, known: bool) -> None:
    """What was typed as a name goes on record only if it is one: it may be a password."""
    noted = [throttle.failed(tx, key) for key in _keys(name, browser)]
    if noted[0] and known:
        body = {"address": browser.address, "for": "account"}
        tx.record("session.refused", f"user:{name}", body, actor=SYSTEM)
    if any(noted[1:]):
        tx.record("session.refused", f"address:{browser.address}", {"for": "address"}, actor=SYSTEM)


def _current(tx: Transaction, ticket: Ticket) -> sa.Row[Any]:
    """The account, if nothing of it changed since the ticket was given."""
    row = tx.execute(_row(ticket.name)).first()
    if row is None or _stamp(row) != ticket.stamp:
        raise SignInRefused("Signing in took too long, or your account changed.", remedy="Begin again.")
    return row


def _stamp(row: sa.Row[Any]) -> str:
    return totp.code_hash(row.name, f"{row.password} {row.code} {row.totp_confirmed}")


def _row(name: str) -> sa.Select[Any]:
    """The account of an active person."""
    joined = rows.join(people, people.c.name == rows.c.name)
    return sa.select(rows).select_from(joined).where(rows.c.name == name, people.c.active)
