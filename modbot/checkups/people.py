"""Who can sign in, whose training has run out, and whether what they type travels safely."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from modbot import accounts, sealing
from modbot.accounts import Profile
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.store import Store

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def sign_in(store: Store, settings: Settings) -> Iterator[Finding]:
    """The database is known to answer, at the newest schema."""
    active = [person for person in accounts.everyone(store) if person.active]
    yield _able(active)
    yield _trained(active, datetime.now(ZoneInfo(settings.district.timezone)))
    yield _key(settings)
    yield _address(settings)


def _able(active: list[Profile]) -> Finding:
    able = [one for one in active if one.has_password or one.code_until or one.sso or one.email]
    managers = [one for one in able if one.role == "administrator"]
    if not managers:
        says = "no administrator can sign in"
        return look("sign-in", says, "modbot user add NAME --full-name NAME --role administrator")
    without = [one.name for one in managers if one.has_password and not one.has_totp]
    if without:
        says = f"no authenticator app: {', '.join(without)} (administrator)"
        return look("sign-in", says, "They can set one up under Your account: a stolen password opens all.")
    return fine("sign-in", f"{len(able)} of {len(active)} people can sign in")


def _trained(active: list[Profile], now: datetime) -> Finding:
    states = {one.name: one.training(now.date()) for one in active}
    over = [name for name, state in states.items() if state == "expired"]
    due = [name for name, state in states.items() if state == "due"]
    if over or due:
        says = "; ".join(
            f"{what}: {', '.join(names)}" for what, names in (("expired", over), ("due soon", due)) if names
        )
        return look("training", says, "Train them, then note it on their page under People.")
    return fine("training", "none has run out")


def _key(settings: Settings) -> Finding:
    path = settings.path(settings.web.key_file)
    if not path.exists():
        return fine("sign-in key", "made when first needed")
    try:
        sealing.seal(path)
    except ConfigError as error:
        return wrong("sign-in key", str(error), error.remedy)
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return wrong("sign-in key", f"other users of this machine can read {path}", f"chmod 600 {path}")
    return fine("sign-in key", "readable by this user alone")


def _address(settings: Settings) -> Finding:
    web = settings.web
    if web.host not in LOOPBACK and not web.address.startswith("https://"):
        says = f"other machines can reach port {web.port}, and passwords travel in clear text"
        return wrong(
            "web address", says, "Put a reverse proxy with TLS before it; set [web] address and host."
        )
    if web.address.startswith("http://"):
        return look("web address", "without https, passwords travel in clear text", "Use an https address.")
    return fine("web address", web.address or "this machine alone")
