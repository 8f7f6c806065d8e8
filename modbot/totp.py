"""Codes of an authenticator app (RFC 6238), and recovery codes for whoever lost it. Pure."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import pyotp
import segno

STEP = 30
"""Seconds for which one code is shown."""
DRIFT = 1
"""Steps by which a telephone's clock may be wrong, either way."""
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another."""


def new_secret() -> str:
    return pyotp.random_base32()


def address(secret: str, name: str, issuer: str) -> str:
    """What the QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def picture(text: str) -> str:
    """A QR code as SVG to put into a page: black on white in both themes, because telephones expect it."""
    code = segno.make(text, error="m", micro=False)
    drawn: str = code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True)
    return drawn


def accepted_step(secret: str, code: str, after: int, now: datetime) -> int | None:
    """The time step whose code this is, if it is later than `after`, the last one used; else None."""
    digits = "".join(code.split())
    current = int(now.timestamp()) // STEP
    app = pyotp.TOTP(secret)
    for step in range(current - DRIFT, current + DRIFT + 1):
        if step > after and secrets.compare_digest(app.generate_otp(step).encode(), digits.encode()):
            return step
    return None


def random_code(groups: int) -> str:
    """Groups of five letters and digits to be typed: 24 bits each."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(groups))


def code_hash(name: str, code: str) -> str:
    """How a random code of this person is kept. Capitals, spaces and dashes make no difference."""
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return hashlib.sha256(f"{name} {plain}".encode()).hexdigest()
