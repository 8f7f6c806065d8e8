from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyotp
import pytest

from modbot import accounts, config, users
from modbot.checkups import people
from modbot.checkups.finding import State
from modbot.config import Settings
from modbot.sealing import seal
from modbot.store import Store
from tests.modbot.scene import district


@pytest.fixture
def office(store: Store) -> Store:
    district(store)
    users.add(store, "root", "Ruth Root", "administrator")
    return store


def settings(folder: Path, **web: Any) -> Settings:
    return config.build({"web": web}, folder / "modbot.toml")


def found(store: Store, given: Settings) -> dict[str, tuple[State, str]]:
    return {each.what: (each.state, each.says) for each in people.sign_in(store, given)}


def test_an_administrator_who_cannot_sign_in_or_has_no_app_is_told(office: Store, tmp_path: Path) -> None:
    given = settings(tmp_path)
    assert found(office, given)["sign-in"] == (State.LOOK, "no administrator can sign in")
    accounts.new_code(office, "root")
    assert found(office, given)["sign-in"][0] is State.FINE
    with office.write() as tx:
        accounts.set_password(tx, "root", "$argon2id$")
    assert "no authenticator app: root" in found(office, given)["sign-in"][1]
    key = seal(given.path(given.web.key_file))
    secret = accounts.begin_totp(office, key, "root")
    accounts.confirm_totp(office, key, "root", pyotp.TOTP(secret).now())
    assert found(office, given)["sign-in"] == (State.FINE, "1 of 5 people can sign in")


def test_training_that_ran_out_or_soon_will_is_told_by_name(office: Store, tmp_path: Path) -> None:
    today = datetime.now(ZoneInfo("America/Los_Angeles")).date()
    for name, days in (("ana", -1), ("ben", 10), ("lee", 100)):
        accounts.set_training(office, name, today - timedelta(days=200), today + timedelta(days=days), by="")
    assert found(office, settings(tmp_path))["training"] == (State.LOOK, "expired: ana; due soon: ben")


def test_a_key_that_others_can_read_or_that_is_none_is_wrong(office: Store, tmp_path: Path) -> None:
    given = settings(tmp_path)
    path = given.path(given.web.key_file)
    seal(path)
    assert found(office, given)["sign-in key"][0] is State.FINE
    path.chmod(0o644)
    assert found(office, given)["sign-in key"][0] is State.WRONG
    path.chmod(0o600)
    path.write_text("x")
    assert "holds no key" in found(office, given)["sign-in key"][1]


@pytest.mark.parametrize(
    ("host", "address", "state"),
    [
        ("127.0.0.1", "", State.FINE),
        ("127.0.0.1", "https://modbot.example.org", State.FINE),
        ("0.0.0.0", "https://modbot.example.org", State.FINE),
        ("127.0.0.1", "http://modbot.example.org", State.LOOK),
        ("0.0.0.0", "", State.WRONG),
        ("0.0.0.0", "http://modbot.example.org", State.WRONG),
    ],
)
def test_passwords_that_would_travel_in_clear_text_are_told(
    tmp_path: Path, host: str, address: str, state: State
) -> None:
    assert people._address(settings(tmp_path, host=host, address=address)).state is state
