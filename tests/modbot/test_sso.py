"""What a token from the identity provider must be, before anybody is let in by it."""

from __future__ import annotations

import asyncio
import sys
import time
from importlib import import_module
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey

from modbot import sso
from modbot.config import Sso
from modbot.errors import ConfigError, SignInRefused

SECRET = "an invented secret that is long enough"
SETTINGS = Sso.model_validate(
    {
        "issuer": "https://login.example.org",
        "client_id": "modbot",
        "client_secret": SECRET,
        "allow_loopback": False,
    }
)
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
KEYS = KeySet([KEY])


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": "https://login.example.org",
        "aud": "modbot",
        "sub": "4711",
        "nonce": "n",
        "iat": now,
        "exp": now + 300,
        "auth_time": now - 5,
        "email": "Ana@Example.org",
        "email_verified": True,
    }
    return {key: value for key, value in (good | changes).items() if value is not None}


def identity(key: RSAKey | OctKey = KEY, algorithm: str = "RS256", **changes: Any) -> sso.Identity:
    signed = jwt.encode({"alg": algorithm, "kid": "1"}, claims(**changes), key, algorithms=[algorithm])
    return sso.identity_of(SETTINGS, {"id_token": signed}, KEYS, "n")


def test_a_good_token_names_the_person_and_when_it_was_proven() -> None:
    found = identity()
    assert (found.subject, found.email) == ("4711", "ana@example.org")
    assert found.proven_at is not None
    assert identity(auth_time=None).proven_at is None


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_counts_only_if_the_provider_has_verified_it(verified: object) -> None:
    assert identity(email_verified=verified).email == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.example.org/"},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["another", "modbot"], "azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"sub": None},
    ],
)
def test_a_token_for_somebody_else_or_of_another_time_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(JoseError):
        identity(**changes)


def test_a_token_that_the_provider_did_not_sign_is_refused() -> None:
    with pytest.raises(JoseError):
        identity(OTHER)
    with pytest.raises(JoseError):
        identity(OctKey.import_key(SECRET), "HS256")
    head, body, signature = jwt.encode({"alg": "RS256", "kid": "1"}, claims(), KEY).split(".")
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoiMSJ9"
    for forged in (f"{unsigned}.{body}.", f"{unsigned}.{body}.{signature}", f"{head}.{body}."):
        with pytest.raises((JoseError, ValueError)):
            sso.identity_of(SETTINGS, {"id_token": forged}, KEYS, "n")


@pytest.mark.parametrize(
    "given",
    [
        {"code": "c"},
        {"code": "c", "state": "another"},
        {"state": "s", "error": "access_denied"},
        {"state": "s", "code": "c", "iss": "https://evil.example"},
    ],
)
def test_an_answer_that_does_not_fit_the_question_is_refused_before_anything_is_asked(
    given: dict[str, str],
) -> None:
    attempt = sso.Attempt(state="s", nonce="n", verifier="v", target="/")
    with pytest.raises(SignInRefused):
        asyncio.run(sso.complete(SETTINGS, "https://modbot.example.org/back", attempt, given))


def test_a_provider_inside_the_network_is_not_asked() -> None:
    inner = SETTINGS.model_copy(update={"issuer": "https://10.0.0.1"})
    with pytest.raises(SignInRefused):
        asyncio.run(sso.begin(inner, "https://modbot.example.org/back", "/", again=False))


def test_without_the_extra_package_the_settings_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "modbot.sso")
    monkeypatch.setitem(sys.modules, "authlib.common.errors", None)
    with pytest.raises(ConfigError) as refused:
        import_module("modbot.sso")
    assert 'pip install "modbot[sso]"' in refused.value.remedy
