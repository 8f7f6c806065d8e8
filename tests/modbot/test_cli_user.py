from __future__ import annotations

from pathlib import Path

import pytest

from modbot.store import Store, body_of
from modbot.tables import User
from tests.modbot.installation import Installation, install


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
    assert office.here.kinds()[-1] == "user.added"
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
    assert office.here.kinds()[-2:] == ["user.changed", "user.changed"]


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
