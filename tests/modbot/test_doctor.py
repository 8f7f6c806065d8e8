from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from modbot import checkpoints, migrations
from modbot.checkups import database, machine, pages
from modbot.checkups.finding import Finding, State
from modbot.config import load
from modbot.doctor import examine
from modbot.store import Store
from tests.modbot.installation import Installation, command, install, settings_file
from tests.modbot.test_cli_run import at_the_first_schema
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


def test_an_empty_database_is_wrong_and_doctor_leaves_it_empty(
    tmp_path: Path, empty_database_url: str
) -> None:
    settings = load(settings_file(tmp_path, empty_database_url))
    store = Store(empty_database_url)
    store.engine.connect().close()  # on SQLite the file is made by connecting
    (finding,) = database.database(settings)
    assert (finding.state, finding.says) == (State.WRONG, "it is empty")
    assert finding.remedy == "modbot run sets it up."
    assert migrations.current(store.engine) is None
    store.close()


def test_an_older_database_is_worth_a_look_and_doctor_does_not_touch_it(
    tmp_path: Path, empty_database_url: str
) -> None:
    at_the_first_schema(empty_database_url)
    (finding,) = database.database(load(settings_file(tmp_path, empty_database_url)))
    assert (finding.state, finding.says) == (State.LOOK, "schema 0001 is older than this modbot")
    assert finding.remedy == "modbot run brings it forward."
    store = Store(empty_database_url)
    assert migrations.current(store.engine) == "0001"
    store.close()


@pytest.mark.parametrize(
    ("free", "state"), [(150_000_000, State.WRONG), (1_500_000_000, State.LOOK), (2_500_000_000, State.FINE)]
)
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    office: Installation, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    asked: list[Path] = []

    def usage(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    finding = machine.disk(load(office.folder / "modbot.toml"))
    assert (finding.state, finding.says) == (state, f"{free / 1e9:.1f} GB free")
    assert ("no comment can be archived" in finding.remedy) == (state is not State.FINE)
    assert asked == [office.folder]


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


def test_another_key_than_the_last_checkpoints_is_worth_a_look_until_the_old_one_is_named(
    office: Installation,
) -> None:
    office.modbot("audit", "checkpoint")
    (office.folder / "checkpoint.key").unlink()
    checkpoints.make_key(office.folder / "checkpoint.key")
    finding = only(office.folder, "checkpoints")
    assert "signed with another key" in finding.says
    assert "another key" in office.modbot("audit", "verify").err
    line = finding.remedy.partition(": ")[2].removeprefix("[audit] ")
    with (office.folder / "modbot.toml").open("a") as file:
        file.write(f"[audit]\n{line}\n")
    assert only(office.folder, "checkpoints").state is State.FINE
    assert office.modbot("audit", "verify").status == 0


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


class Ahead(BaseHTTPRequestHandler):
    """A blog's comment feed on a machine whose clock is so many seconds ahead."""

    seconds = 0

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.seconds)

    def do_GET(self) -> None:
        body = b'<rss version="2.0"><channel><title>Blog</title></channel></rss>'
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("seconds", "states"), [(0, []), (120, [State.LOOK]), (-120, [State.LOOK]), (3600, [State.WRONG])]
)
def test_a_page_whose_clock_differs_from_ours_is_told(
    office: Installation, seconds: int, states: list[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ahead, "seconds", seconds)
    with ThreadingHTTPServer(("127.0.0.1", 0), Ahead) as blog:
        Thread(target=blog.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{blog.server_port}/feed"
        with (office.folder / "modbot.toml").open("a") as file:
            file.write('[[page]]\nkey = "letters"\nplatform = "feed"\n[page.settings]\n')
            file.write(f'url = "{url}"\nallow_loopback = true\n')
        findings = list(pages.pages(load(office.folder / "modbot.toml")))
        blog.shutdown()
    assert [each.state for each in findings if each.what == "page letters"] == [State.FINE]
    told = [each for each in findings if each.what == "clock" and each.says.startswith("page letters: ")]
    assert [each.state for each in told] == states
    assert all("Set this machine's clock" in each.remedy for each in told)


def page_block(url: str, user: str, password: str) -> str:
    return (
        '[[page]]\nkey = "blog"\nplatform = "wordpress"\n[page.settings]\n'
        f'url = "{url}"\nuser = "{user}"\nallow_loopback = true\napplication_password = "{password}"\n'
    )


ROUTE = """
[[alerts.channel]]
name = "office"
kind = "webhook"
url = "http://127.0.0.1:9"
secret = "whsec_bW9kYm90LXRlc3Qta2V5LW1vZGJvdC10ZXN0LWtleSE="
allow_loopback = true

[[alerts.route]]
to = ["office"]
about = ["report_ready"]

[[alerts.route]]
to = ["office"]
about = ["urgent", "capture_gap"]
schools = ["Lincoln High"]
"""


@pytest.mark.parametrize("on_call", [False, True])
def test_kinds_of_alerts_that_no_route_takes_for_every_school_are_named(
    office: Installation, on_call: bool
) -> None:
    person = '[[on_call.person]]\nname = "ana"\nchannels = ["office"]\n'
    with (office.folder / "modbot.toml").open("a") as file:
        file.write(ROUTE + (person if on_call else ""))
    found = [each.says for each in ask(office.folder, "alerts") if "route" in each.says]
    (named,) = [says for says in found if "no route without limits takes" in says]
    assert named.endswith("what fits none goes to office")
    assert "capture_gap" in named
    assert "report_ready" not in named
    assert ("urgent" in named) is not on_call
    assert any("people on call alone" in says for says in found) is on_call
