from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modbot import checkpoints
from modbot.checkups import machine
from modbot.checkups.finding import Finding, State
from modbot.doctor import examine
from modbot.store import Store
from tests.modbot.installation import Installation, command, install, settings_file
from tests.peers.wordpress import WordPress


@pytest.fixture
def office(tmp_path: Path, migrated_file: Path) -> Iterator[Installation]:
    copy = tmp_path / "modbot.db"
    copy.write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{copy}")
    yield _on(tmp_path, store)
    store.close()


@pytest.fixture
def office_on_each(tmp_path: Path, store: Store) -> Installation:
    return _on(tmp_path, store)


def _on(folder: Path, store: Store) -> Installation:
    office = install(folder / "office", store)
    with (office.folder / "modbot.toml").open("a") as file:
        file.write("[web]\nport = 0\n")
    return office


def ask(folder: Path, what: str) -> list[Finding]:
    return [finding for finding in examine(folder) if finding.what == what]


def only(folder: Path, what: str) -> Finding:
    (finding,) = ask(folder, what)
    return finding


def test_nothing_is_wrong_with_a_sound_installation(office_on_each: Installation) -> None:
    answer = office_on_each.modbot("doctor")
    assert answer.status == 0
    assert answer.out.endswith("Nothing is wrong.\n")
    assert "✓ fine  people: 3 may decide" in answer.out
    assert "hiding is possible under C1, C7" in answer.out


def test_what_is_wrong_comes_with_what_to_do_and_a_status(office: Installation) -> None:
    (office.folder / "checkpoint.key").unlink()
    answer = office.modbot("doctor", "--json")
    assert answer.status == 1
    (finding,) = [each for each in answer.data if each["state"] == "wrong"]
    assert finding["what"] == "signing key"
    assert "Restore it from your copy" in finding["remedy"]


def test_without_settings_there_is_one_finding(tmp_path: Path) -> None:
    answer = command("doctor", "--config", str(tmp_path), "--json")
    assert answer.status == 1
    assert [each["what"] for each in answer.data] == ["settings"]


def test_a_database_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    settings_file(tmp_path, "sqlite:///none.db")
    assert only(tmp_path, "database").state is State.WRONG
    assert not (tmp_path / "none.db").exists()


def test_an_address_that_is_no_database_is_wrong(tmp_path: Path) -> None:
    settings_file(tmp_path, "mysql://u:p@host/db")
    assert "not a database modbot runs on" in only(tmp_path, "database").says


def test_secrets_in_clear_are_found_by_name_and_by_shape(office: Installation) -> None:
    with (office.folder / "modbot.toml").open("a") as file:
        file.write('[[page]]\nkey = "a"\nplatform = "memory"\n[page.settings]\n')
        file.write('api_token = "geheim"\nother = { env = "FINE_SECRET" }\nurl = "https://bot:pw9@host/"\n')
    (office.folder / "modbot.toml").chmod(0o644)
    found = machine.secrets(office.folder / "modbot.toml")
    assert found.state is State.WRONG
    assert "page 1 settings api_token, page 1 settings url stands in clear" in found.says
    assert "geheim" not in found.says
    (office.folder / "modbot.toml").chmod(0o600)
    assert machine.secrets(office.folder / "modbot.toml").state is State.LOOK


def test_a_key_that_others_can_read_is_wrong(office: Installation) -> None:
    (office.folder / "checkpoint.key").chmod(0o644)
    finding = only(office.folder, "signing key")
    assert (finding.state, finding.remedy.startswith("chmod 600")) == (State.WRONG, True)


def test_a_log_that_is_not_signed_any_more_is_worth_a_look(office_on_each: Installation) -> None:
    assert "never signed" in only(office_on_each.folder, "checkpoints").says
    key = checkpoints.read_key(office_on_each.folder / "checkpoint.key")
    checkpoints.sign(office_on_each.here.store, key, office_on_each.folder / "checkpoints")
    assert only(office_on_each.folder, "checkpoints").state is State.FINE
    office_on_each.here.comes_in("Nice concert")
    assert only(office_on_each.folder, "checkpoints").state is State.FINE
    with (office_on_each.folder / "modbot.toml").open("a") as file:
        file.write("[audit]\ncheckpoint_minutes = 0.000001\n")
    assert "entries ago" in only(office_on_each.folder, "checkpoints").says


def test_another_key_than_the_last_checkpoints_is_worth_a_look(office: Installation) -> None:
    office.modbot("audit", "checkpoint")
    (office.folder / "checkpoint.key").unlink()
    checkpoints.make_key(office.folder / "checkpoint.key")
    assert "signed with another key" in only(office.folder, "checkpoints").says


def test_a_clock_behind_the_log_is_wrong(office_on_each: Installation) -> None:
    with office_on_each.here.store.write(now=datetime.now(UTC) + timedelta(hours=2)) as tx:
        tx.record("user.changed", "user:ana", {})
    finding = only(office_on_each.folder, "clock")
    assert (finding.state, "has not come yet" in finding.says) == (State.WRONG, True)


def test_nobody_who_may_decide_is_worth_a_look(office: Installation) -> None:
    for name in ("ana", "ben", "lee"):
        office.modbot("user", "deactivate", name)
    assert only(office.folder, "people").state is State.LOOK


def test_a_policy_under_which_nothing_can_be_hidden_is_worth_a_look(office: Installation) -> None:
    policy = office.folder / "policy.toml"
    policy.write_text(policy.read_text().replace('"enforce"', '"advise"'))
    assert any("nothing can be hidden" in each.says for each in ask(office.folder, "policy"))
    policy.write_text("[policy]")
    assert ask(office.folder, "policy")[0].state is State.WRONG


def test_a_model_that_was_changed_is_wrong(office: Installation, tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "linear").mkdir(parents=True)
    (models / "linear" / "model.skops").write_bytes(b"another one")
    (models / "manifest.json").write_text('{"linear": {"files": {"linear/model.skops": "00"}}}')
    with (office.folder / "modbot.toml").open("a") as file:
        file.write(f'[classifiers]\nmodels = "{models}"\n')
    finding = only(office.folder, "models")
    assert (finding.state, "restore it, do not load it" in finding.says) == (State.WRONG, True)


def test_a_port_in_use_is_worth_a_look(office: Installation) -> None:
    settings = office.folder / "modbot.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.write_text(settings.read_text().replace("port = 0", f"port = {taken.getsockname()[1]}"))
        assert only(office.folder, "web page").state is State.LOOK
    settings.write_text(settings.read_text().replace("[web]", '[web]\nhost = "203.0.113.9"'))
    assert only(office.folder, "web page").state is State.WRONG


def test_a_page_that_does_not_answer_is_wrong(office: Installation) -> None:
    with (office.folder / "modbot.toml").open("a") as file:
        file.write(page_block("http://127.0.0.1:1", "nobody", "abcd"))
    assert only(office.folder, "page blog").state is State.WRONG


def test_a_page_says_as_whom_we_are_signed_in(office: Installation, wordpress: WordPress) -> None:
    settings = office.folder / "modbot.toml"
    before = settings.read_text()
    settings.write_text(before + page_block(wordpress.url, wordpress.user, wordpress.password))
    finding = only(office.folder, "page blog")
    assert (finding.state, wordpress.user in finding.says) == (State.FINE, True), finding
    settings.write_text(before + page_block(wordpress.url, wordpress.user, "wrong wrong wrong"))
    finding = only(office.folder, "page blog")
    remedy = "Mend this page's settings in modbot.toml, or connect it again."
    assert (finding.state, finding.remedy) == (State.WRONG, remedy)
    assert "wrong wrong" not in finding.says


def page_block(url: str, user: str, password: str) -> str:
    return (
        '[[page]]\nkey = "blog"\nplatform = "wordpress"\n[page.settings]\n'
        f'url = "{url}"\nuser = "{user}"\nallow_loopback = true\napplication_password = "{password}"\n'
    )
