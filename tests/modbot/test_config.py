from __future__ import annotations

from pathlib import Path

import pytest

from modbot import config
from modbot.errors import ConfigError

PAGE = '[[page]]\nkey = "blog"\nplatform = "memory"\n'


def loaded(folder: Path, body: str) -> config.Settings:
    path = folder / "modbot.toml"
    path.write_text(body, encoding="utf-8")
    return config.load(path)


def problem(folder: Path, body: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, body)
    assert caught.value.remedy
    return str(caught.value)


def test_an_empty_file_means_the_shipped_defaults(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "")
    assert settings.web.port == 8080
    assert settings.page == ()


def test_a_districts_key_changes_only_itself(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[web]\nport = 9000\n[district]\nname = "Cedar Grove"\n')
    assert (settings.web.port, settings.web.host) == (9000, "127.0.0.1")
    assert (settings.district.name, settings.district.timezone) == ("Cedar Grove", "America/Los_Angeles")


def test_the_environment_counts_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODBOT_WEB__PORT", "9100")
    assert loaded(tmp_path, "[web]\nport = 9000\n").web.port == 9100


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[web]\nprot = 1", "web prot: is not a setting"),
        ("[wbe]\nport = 1", "wbe: is not a setting"),
        ("[web]\nport = 70000", "web port"),
        ("[web\n", "line 1"),
        ('[district]\ntimezone = "Pacific"', "no time zone"),
        (PAGE.replace("memory", "myspace"), "'myspace' is no platform; there are:"),
        (PAGE.replace('"blog"', '"My Blog"'), "page 1 key"),
        (PAGE + PAGE, "two pages share the key blog"),
        (PAGE + 'colour = "red"', "page 1 colour: is not a setting"),
        ("[log]\nlevel = 'loud'", "log level"),
    ],
)
def test_a_broken_file_is_refused_with_the_place_and_the_problem(
    tmp_path: Path, body: str, words: str
) -> None:
    assert words in problem(tmp_path, body)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "modbot.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        config.load(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.find(tmp_path / "modbot.toml")
    assert "modbot init" in caught.value.remedy


def test_a_folder_stands_for_its_settings_file(tmp_path: Path) -> None:
    (tmp_path / "modbot.toml").touch()
    assert config.find(tmp_path) == tmp_path / "modbot.toml"


def test_a_secret_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOG_PASSWORD", "from the environment")
    (tmp_path / "secret").write_text("from a file\n")
    body = PAGE + '[page.settings]\none = { env = "BLOG_PASSWORD" }\ntwo = { secret_file = "secret" }\n'
    settings = loaded(tmp_path, body)
    assert settings.page[0].settings == {"one": "from the environment", "two": "from a file"}
    assert "from the environment" not in repr(settings)


@pytest.mark.parametrize("reference", ['{ env = "NOT_SET_ANYWHERE" }', '{ secret_file = "no-such-file" }'])
def test_a_missing_secret_is_named_by_its_place(tmp_path: Path, reference: str) -> None:
    assert reference.split('"')[1] in problem(tmp_path, PAGE + f"[page.settings]\none = {reference}\n")


def test_the_database_password_is_not_shown(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[database]\nurl = "postgresql://bot:hunter2@db/modbot"\n')
    assert "hunter2" not in repr(settings)
    assert "hunter2" in settings.database_url()


def test_a_wrong_secret_value_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    assert "hunter2" not in problem(tmp_path, "[database]\nurl = ['hunter2']\n")


def test_a_relative_database_lies_beside_the_settings_file(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").database_url() == f"sqlite:///{tmp_path}/modbot.db"
