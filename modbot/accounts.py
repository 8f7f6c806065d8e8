"""How each person signs in, and what is theirs to set: password, authenticator app, language, training.

Secrets stand in no log entry; the entry says only what was changed, and by whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot import audit, passwords, sessions, totp, users
from modbot.errors import ConfigError, NotAllowed
from modbot.passwords import Weakness
from modbot.sealing import Seal
from modbot.store import Store, Transaction, table, utcnow
from modbot.tables import Account, RecoveryCode, User

accounts, people, recovery = table(Account), table(User), table(RecoveryCode)

CODE_HOLDS = timedelta(days=7)
"""How long a one-time code can be used."""
LANGUAGES = ("en", "es")
DUE_SOON = timedelta(days=30)
"""So long before it runs out, a training is shown as due."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person with what may be shown of their account."""

    name: str
    full_name: str
    role: str
    active: bool
    has_password: bool
    code_until: datetime | None
    """Until when a one-time code waits to be used."""
    has_totp: bool
    recovery_left: int
    language: str
    email: str
    sso: bool
    trained_on: date | None
    trained_until: date | None
    seen_at: datetime | None

    def training(self, today: date) -> str:
        """none, expired, due or valid"""
        if self.trained_until is None:
            return "none"
        if self.trained_until < today:
            return "expired"
        return "due" if self.trained_until - today <= DUE_SOON else "valid"


def everyone(store: Store) -> list[Profile]:
    """Active people first, by name."""
    statement = _profiles().order_by(people.c.active.desc(), people.c.name)
    with store.read() as connection:
        return [_profile(row) for row in connection.execute(statement)]


def profile(store: Store, name: str) -> Profile | None:
    with store.read() as connection:
        row = connection.execute(_profiles().where(people.c.name == name)).one_or_none()
    return None if row is None else _profile(row)


def anybody_can_sign_in(store: Store) -> bool:
    """Whether somebody has a password, a one-time code or an address at the identity provider."""
    way = sa.or_(
        accounts.c.password.is_not(None), accounts.c.code.is_not(None), accounts.c.email.is_not(None)
    )
    joined = accounts.join(people, people.c.name == accounts.c.name)
    statement = sa.select(sa.literal(1)).select_from(joined).where(people.c.active, way).limit(1)
    with store.read() as connection:
        return connection.execute(statement).first() is not None


def new_code(store: Store, name: str, *, by: str = "", keep_totp: bool = True) -> str:
    """A one-time code with which this person chooses a password; the old one and all sessions end."""
    code = totp.random_code(3)
    with store.write() as tx:
        actor = users.acting(tx, by)
        users.active(tx, name)
        values: dict[str, Any] = {"password": None, "code": totp.code_hash(name, code)}
        values["code_until"] = tx.now + CODE_HOLDS
        what = "one-time code given"
        if not keep_totp:
            values |= {"totp": None, "totp_confirmed": False}
            tx.execute(sa.delete(recovery).where(recovery.c.name == name))
            what = "one-time code given, authenticator app removed"
        _set(tx, name, values, actor, what)
        sessions.end(tx, name, why="new password", by=actor)
    return code


def weakness(store: Store, name: str, password: str) -> Weakness | None:
    """Why this person cannot have this password; None if they can."""
    with store.read() as connection:
        full_name = connection.execute(sa.select(people.c.full_name).where(people.c.name == name)).scalar()
    return passwords.weakness(password, name, full_name or "")


def set_password(tx: Transaction, name: str, hashed: str, *, but: int = 0) -> None:
    """The person's new password, found good and hashed before; ends their sessions, all but one."""
    kept = {"password": hashed, "password_at": tx.now, "code": None, "code_until": None}
    _set(tx, name, kept, name, "password chosen")
    sessions.end(tx, name, why="new password", by=name, but=but)


def begin_totp(store: Store, seal: Seal, name: str) -> str:
    """The secret to put into an authenticator app; the same one until it is confirmed by a code."""
    with store.write(logged=False) as tx:
        row = account(tx, name)
        if row.totp_confirmed:
            raise NotAllowed(
                "You have an authenticator app already.", remedy="Remove it first, then set up the new one."
            )
        secret = seal.open(row.totp) if row.totp else None
        if secret is None:
            secret = totp.new_secret()
            tx.execute(_update(name).values(totp=seal.close(secret), totp_step=0))
    return secret


def pending_totp(store: Store, seal: Seal, name: str) -> str | None:
    """The secret that waits to be confirmed by a code; None if there is none."""
    with store.read() as connection:
        row = connection.execute(sa.select(accounts).where(accounts.c.name == name)).first()
    return seal.open(row.totp) if row is not None and row.totp and not row.totp_confirmed else None


def confirm_totp(store: Store, seal: Seal, name: str, code: str) -> list[str]:
    """From now on signing in needs a code; the recovery codes. Raises NotAllowed for a wrong code."""
    with store.write() as tx:
        row = account(tx, name)
        secret = seal.open(row.totp) if row.totp and not row.totp_confirmed else None
        step = secret and totp.accepted_step(secret, code, row.totp_step, tx.now)
        if not step:
            raise NotAllowed(
                "This is not the code that the app shows now.", remedy="Wait for the next one and enter it."
            )
        _set(tx, name, {"totp_confirmed": True, "totp_step": step}, name, "authenticator app set up")
        return _new_recovery_codes(tx, name)


def remove_totp(store: Store, name: str, *, by: str) -> None:
    """Signing in needs the password alone again. `by` is the person or an administrator."""
    with store.write() as tx:
        actor = by if by == name else users.acting(tx, by)
        account(tx, name)
        tx.execute(sa.delete(recovery).where(recovery.c.name == name))
        _set(tx, name, {"totp": None, "totp_confirmed": False}, actor, "authenticator app removed")


def new_recovery_codes(store: Store, name: str) -> list[str]:
    """Ten new codes; the old ones no longer work."""
    with store.write() as tx:
        if not account(tx, name).totp_confirmed:
            raise NotAllowed("Recovery codes need an authenticator app.", remedy="Set one up first.")
        _set(tx, name, {}, name, "recovery codes made")
        return _new_recovery_codes(tx, name)


def set_language(store: Store, name: str, language: str) -> None:
    if language not in LANGUAGES:
        raise ConfigError("This language is not there yet.", remedy="Choose one from the list.")
    with store.write(logged=False) as tx:
        account(tx, name)
        tx.execute(_update(name).values(language=language))


def greet(tx: Transaction, name: str, language: str) -> None:
    """The first time that somebody signs in, their browser's language becomes theirs."""
    if account(tx, name).seen_at is None and language in LANGUAGES:
        tx.execute(_update(name).values(language=language))


def set_training(store: Store, name: str, on: date, until: date, *, by: str) -> None:
    """When this person was last trained, and until when that holds."""
    if until < on:
        raise ConfigError("The training ends before it begins.", remedy="Look at the two dates.")
    with store.write() as tx:
        actor = users.acting(tx, by)
        users.active(tx, name)
        said = {"trained_on": on.isoformat(), "trained_until": until.isoformat()}
        _set(tx, name, {"trained_on": on, "trained_until": until}, actor, "training noted", **said)


def set_email(store: Store, name: str, email: str, *, by: str) -> None:
    """The address by which the identity provider knows this person; empty for none."""
    plain = email.strip().lower()
    if plain and (plain.count("@") != 1 or not plain.isprintable() or " " in plain):
        raise ConfigError("This is no e-mail address.", remedy="Write it such as ana.diaz@example.org.")
    with store.write() as tx:
        actor = users.acting(tx, by)
        users.active(tx, name)
        taken = tx.execute(sa.select(accounts.c.name).where(accounts.c.email == plain)).scalar()
        if plain and taken not in (None, name):
            raise ConfigError(
                "%(name)s has this address already.", remedy="Each person needs their own.", name=taken
            )
        # Another address may be another person at the provider: their identity is matched anew.
        _set(tx, name, {"email": plain or None, "sso_subject": None}, actor, "e-mail address set")


def link(store: Store, name: str, subject: str) -> None:
    """From now on the identity provider's own identifier names this person."""
    with store.write() as tx:
        _set(tx, name, {"sso_subject": subject}, name, "district account linked")


def account(tx: Transaction, name: str) -> sa.Row[Any]:
    """The person's row, made if there is none yet. Raises ConfigError for nobody."""
    users.active(tx, name)
    found = sa.select(accounts).where(accounts.c.name == name)
    if tx.execute(found).first() is None:
        tx.add(Account, name=name, totp_step=0, totp_confirmed=False, language=LANGUAGES[0])
    return tx.execute(found).one()


def means(row: sa.Row[Any] | None) -> str:
    """A hash of everything that lets this person in, by which the log shows whether it was changed unseen.

    Nothing can be guessed from it: the password's own hash in it holds a random salt.
    """
    if row is None:
        return audit.digest(audit.canonical([None] * 5))
    app = row.totp if row.totp_confirmed else None
    return audit.digest(audit.canonical([row.password, row.code, app, row.email, row.sso_subject]))


def _set(tx: Transaction, name: str, values: dict[str, Any], actor: str, what: str, **said: str) -> None:
    account(tx, name)
    if values:
        tx.execute(_update(name).values(**values))
    body = {"what": what, "means": means(account(tx, name))} | said
    tx.record("account.changed", f"user:{name}", body, actor=actor)


def _update(name: str) -> sa.Update:
    return sa.update(accounts).where(accounts.c.name == name)


def _new_recovery_codes(tx: Transaction, name: str) -> list[str]:
    tx.execute(sa.delete(recovery).where(recovery.c.name == name))
    codes = [totp.random_code(3) for _ in range(totp.RECOVERY_CODES)]
    for code in codes:
        tx.add(RecoveryCode, code=totp.code_hash(name, code), name=name)
    return codes


def _profiles() -> sa.Select[Any]:
    left = (
        sa.select(sa.func.count())
        .where(recovery.c.name == people.c.name)
        .correlate(people)
        .scalar_subquery()
        .label("recovery_left")
    )
    columns = [accounts.c[key] for key in ("password", "code_until", "totp_confirmed", "language", "email")]
    more = [accounts.c[key] for key in ("sso_subject", "trained_on", "trained_until", "seen_at")]
    joined = people.outerjoin(accounts, accounts.c.name == people.c.name)
    return sa.select(people, *columns, *more, left).select_from(joined)


def _profile(row: sa.Row[Any]) -> Profile:
    waiting = row.code_until if row.code_until and row.code_until > utcnow() else None
    return Profile(
        name=row.name,
        full_name=row.full_name,
        role=row.role,
        active=row.active,
        has_password=row.password is not None,
        code_until=waiting,
        has_totp=bool(row.totp_confirmed),
        recovery_left=row.recovery_left,
        language=row.language or LANGUAGES[0],
        email=row.email or "",
        sso=row.sso_subject is not None,
        trained_on=row.trained_on,
        trained_until=row.trained_until,
        seen_at=row.seen_at,
    )
