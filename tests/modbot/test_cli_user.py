from __future__ import annotations

import re
from pathlib import Path

import pytest

from modbot import sessions
from modbot.errors import SignInRefused
from modbot.sign_in import Browser, Step, begin
from modbot.store import Store, body_of
from modbot.tables import Account, User
from tests.modbot.installation import Installation, install

HERE = Browser("192.0.2.7", "")


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Installation:
    return install(tmp_path / "office", store)


def add(
    office: Installation, name: str, *more: str, role: str = "moderator", full: str = "Ann Example"
) -> str:
    answer = office.modbot("user", "add", name, "--full-name", full, "--role", role, *more)
    return answer.err if answer.status else ""


def test_a_new_person_may_decide_and_is_in_the_log(office: Installation) -> None:
    assert add(office, "mai.le", full="Mai Lê") == ""
    found = next(row for row in office.here.rows(User) if row.name == "mai.le")
    assert (found.full_name, found.role, found.active) == ("Mai Lê", "moderator", True)
    assert office.here.kinds()[-2:] == ["user.added", "account.changed"]
    with office.here.store.read() as connection:
        assert body_of(connection, found.added) == {"full_name": "Mai Lê", "role": "moderator"}


def test_everybody_is_listed_with_role_and_access(office: Installation) -> None:
    office.modbot("user", "deactivate", "ben")
    listed = {each["name"]: each for each in office.modbot("user", "list", "--json").data}
    assert listed["ana"] == {"name": "ana", "full_name": "Ana", "role": "moderator", "active": True}
    assert listed["ben"]["active"] is False
    assert "deactivated" in office.modbot("user", "list").out


def test_somebody_who_was_deactivated_comes_back_with_the_new_role(office: Installation) -> None:
    office.modbot("user", "deactivate", "vic")
    assert add(office, "vic", role="lead", full="Vic") == ""
    (vic,) = [row for row in office.here.rows(User) if row.name == "vic"]
    assert (vic.role, vic.active) == ("lead", True)
    assert office.here.kinds()[-3:] == ["user.changed", "user.changed", "account.changed"]


@pytest.mark.parametrize("name", ["", "Ana", "a b", "../x", "-x", "modbot", "x" * 41, "ana\n", "<b>"])
def test_a_name_that_could_be_mistaken_is_refused(office: Installation, name: str) -> None:
    assert add(office, "--", name) or add(office, name)
    assert len(office.here.rows(User)) == 4


def test_a_person_is_not_added_twice(office: Installation) -> None:
    assert "already a user ana" in add(office, "ana")


def test_an_unknown_role_is_refused_with_those_there_are(office: Installation) -> None:
    assert "administrator, appeals_officer" in add(office, "eve", role="owner")


@pytest.mark.parametrize("full", ["  ", "Eve\x1b[31m", "Eve\nRoot", "Eve \udcff"])
def test_a_person_without_a_full_name_that_can_be_printed_is_refused(office: Installation, full: str) -> None:
    assert "needs a full name" in add(office, "eve", full=full)


def test_only_an_administrator_does_it_in_his_own_name(office: Installation) -> None:
    assert "ana is not an active administrator" in add(office, "eve", "--as", "ana")
    add(office, "root.admin", role="administrator")
    assert add(office, "eve", "--as", "root.admin") == ""
    assert office.modbot("audit", "tail", "-n", "1", "--json").data["actor"] == "root.admin"


def test_nobody_is_deactivated_twice(office: Installation) -> None:
    office.modbot("user", "deactivate", "ben")
    answer = office.modbot("user", "deactivate", "ben")
    assert (answer.status, "no active user ben" in answer.err) == (1, True)


def test_the_new_person_signs_in_with_the_code_that_is_printed(office: Installation) -> None:
    out = office.modbot("user", "add", "mai", "--full-name", "Mai Le", "--role", "lead").out
    assert "http://127.0.0.1:8080/sign-in" in out
    (code,) = re.findall(r"^  ([a-z2-9]{5}-[a-z2-9]{5}-[a-z2-9]{5})$", out, re.M)
    store = office.here.store
    assert begin(store, "mai", code, HERE)[1] is Step.PASSWORD
    (new,) = re.findall(r"^  (\S+)$", office.modbot("user", "password", "mai").out, re.M)
    with pytest.raises(SignInRefused):
        begin(store, "mai", code, HERE)
    assert begin(store, "mai", new, HERE)[1] is Step.PASSWORD
    assert (office.modbot("user", "password", "nobody").status, code in str(office.here.rows(Account))) == (
        1,
        False,
    )


def test_sessions_are_listed_and_ended(office: Installation) -> None:
    assert office.modbot("user", "sessions").out == "Nobody is signed in.\n"
    with office.here.store.write() as tx:
        sessions.start(tx, "ana", address="192.0.2.7", agent="Firefox", how="password")
    (found,) = office.modbot("user", "sessions", "--json").data
    assert (found["name"], found["address"]) == ("ana", "192.0.2.7")
    assert "token" not in found
    assert office.modbot("user", "sessions", "ben").out == "Nobody is signed in.\n"
    assert office.modbot("user", "sessions", "--end").status == 1
    assert "signed out everywhere (1)" in office.modbot("user", "sessions", "ana", "--end").out
    assert office.modbot("user", "sessions").out == "Nobody is signed in.\n"


def test_a_role_is_changed_and_on_record(office: Installation) -> None:
    assert office.modbot("user", "role", "ana", "lead").status == 0
    assert office.here.kinds()[-1] == "user.changed"
    assert {row.name: row.role for row in office.here.rows(User)}["ana"] == "lead"
    assert "administrator" in office.modbot("user", "role", "ana", "boss").err
