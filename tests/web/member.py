"""Somebody who is signed in, without having typed a password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pyotp
from fastapi import FastAPI

from modbot import accounts, passwords, sessions
from modbot.config import Settings
from modbot.sealing import seal
from modbot.store import Store, utcnow
from modbot.web import signed_in
from modbot.web.signed_in import FIELD
from tests.web.visitor import HERE, Visitor

COOKIE = "modbot"
PASSWORD = "seven otters by the quarry"


@dataclass(frozen=True)
class Member:
    """Sends the session's cookie with everything, and the form's token with every form."""

    visitor: Visitor
    token: str

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.visitor.get(path, Cookie=f"{COOKIE}={self.token}", **headers)

    def post(
        self, path: str, data: Mapping[str, str] | None = None, *, script: bool = False, **headers: str
    ) -> httpx.Response:
        form = {FIELD: self.form_token} | dict(data or {})
        return self.visitor.post(path, form, script=script, Cookie=f"{COOKIE}={self.token}", **headers)

    @property
    def form_token(self) -> str:
        return signed_in.form_token(self.token)


def session(store: Store, name: str) -> str:
    """The token of a new session of this person, just proven."""
    with store.write() as tx:
        return sessions.start(tx, name, address="127.0.0.1", agent="test", how="password")


def member(app: FastAPI, store: Store, name: str) -> Member:
    return Member(Visitor(app), session(store, name))


def enroll(store: Store, settings: Settings, name: str) -> str:
    """Give a person PASSWORD and an authenticator app; returns the app's secret."""
    hashed = passwords.hashed(PASSWORD)
    with store.write() as tx:
        accounts.set_password(tx, name, hashed)
    sealed = seal(settings.path(settings.web.key_file))
    secret = accounts.begin_totp(store, sealed, name)
    accounts.confirm_totp(store, sealed, name, pyotp.TOTP(secret).at(utcnow()))
    return secret


def cookie(token: str, base: str = HERE) -> dict[str, Any]:
    """For a real browser: `context.add_cookies([cookie(session(store, "ana"), base)])`."""
    return {"name": COOKIE, "value": token, "url": base}
