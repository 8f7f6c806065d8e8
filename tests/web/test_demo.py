from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from classifiers.base import Category
from modbot import demo, resources, sessions, users
from modbot.errors import ConfigError
from modbot.members import ensemble_of
from modbot.policy import Mode, Policy, load
from modbot.sign_in import Browser, Step, begin, finish
from modbot.store import Store
from platforms.memory import memory_page
from tests.modbot.installation import command, settings_file

HARMLESS = ("everyday", "viewpoint")


@pytest.fixture(scope="module")
def flags() -> dict[str, list[str]]:
    """Sample → the categories over their thresholds, by the shipped models."""
    ensemble, limits = ensemble_of(("patterns", "linear", "encoder"), resources.models())
    texts = [sample.text for sample in demo.material().samples]
    found = ensemble.assess(texts)
    return {
        text: [name for name, score in each.scores.items() if score.probability >= limits[name]]
        for text, each in zip(texts, found, strict=True)
    }


def test_the_samples_show_every_category_and_mostly_harmless_comments() -> None:
    samples = demo.material().samples
    counts = Counter(sample.shows for sample in samples)
    assert len(samples) >= 60
    assert set(counts) == {*map(str, Category), *HARMLESS}
    assert counts["everyday"] + counts["viewpoint"] > len(samples) / 2
    assert len({sample.text for sample in samples}) == len(samples)
    assert {sample.post for sample in samples} == {post.id for post in demo.material().posts}


def test_the_shipped_models_find_each_category_in_the_samples(flags: dict[str, list[str]]) -> None:
    missed = [
        sample.text
        for sample in demo.material().samples
        if sample.shows not in HARMLESS and sample.shows not in flags[sample.text]
    ]
    assert len(missed) <= 2, missed


def test_opinions_among_the_samples_are_left_alone_whatever_side_they_take(
    flags: dict[str, list[str]],
) -> None:
    samples = [sample for sample in demo.material().samples if sample.shows == "viewpoint"]
    assert len(samples) >= 12
    assert {sample.text: flags[sample.text] for sample in samples if flags[sample.text]} == {}


def test_few_everyday_comments_trouble_a_person(flags: dict[str, list[str]]) -> None:
    samples = [sample for sample in demo.material().samples if sample.shows == "everyday"]
    assert sum(bool(flags[sample.text]) for sample in samples) <= 4


def practice_policy(folder: Path) -> Policy:
    return load(folder / "policy.toml")


def test_the_practice_lets_hiding_be_tried_and_shows_what_advise_means(tmp_path: Path) -> None:
    demo.prepare(tmp_path / "practice", 0)
    rules = practice_policy(tmp_path / "practice")
    modes = Counter(clause.mode for clause in rules.clause)
    assert modes[Mode.ENFORCE] >= 6
    assert modes[Mode.ADVISE] >= 1
    assert {each for clause in rules.clause for each in clause.categories} == set(Category)
    signed = {clause.signed_off_by for clause in rules.clause if clause.mode is Mode.ENFORCE}
    assert signed == {"The superintendent of Larch Hollow (invented)"}


def test_the_practice_is_on_this_machine_alone(tmp_path: Path) -> None:
    settings = demo.prepare(tmp_path / "practice", 1234)
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 1234)


def test_a_new_practice_begins_with_an_empty_log_and_keeps_what_was_changed(tmp_path: Path) -> None:
    folder = tmp_path / "practice"
    for _ in range(2):
        settings = demo.prepare(folder, 0)
        bot, _ = demo.build(settings)
        assert [person.name for person in users.everyone(bot.store)] == [demo.PERSON]
        bot.close()
        with (folder / "policy.toml").open("a") as file:
            file.write("# mine\n")
    assert (folder / "policy.toml").read_text().count("# mine") == 2


def test_an_installation_of_somebody_else_is_never_emptied(tmp_path: Path, migrated_file: Path) -> None:
    database = tmp_path / "modbot.db"
    database.write_bytes(migrated_file.read_bytes())
    settings_file(tmp_path, "sqlite:///modbot.db", '[[page]]\nkey = "blog"\nplatform = "memory"')
    before = database.read_bytes()
    with pytest.raises(ConfigError, match="not for practice"):
        demo.prepare(tmp_path, 0)
    assert database.read_bytes() == before
    answer = command("demo", str(tmp_path), "--port", "0")
    assert (answer.status, "modbot demo FOLDER" in answer.err) == (1, True)


def test_a_practice_folder_that_was_pointed_at_a_server_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "practice"
    demo.prepare(folder, 0)
    with (folder / "modbot.toml").open("a") as file:
        file.write('\n[database]\nurl = "postgresql://modbot@127.0.0.1/real"\n')
    with pytest.raises(ConfigError, match="not for practice"):
        demo.prepare(folder, 0)


def test_a_real_database_named_by_the_environment_is_never_practised_on(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODBOT_DATABASE__URL", database_url)
    with pytest.raises(ConfigError, match="not for practice"):
        demo.prepare(tmp_path / "practice", 0)
    assert not (tmp_path / "practice").exists()


def test_the_page_of_the_practice_holds_what_the_feed_wrote(tmp_path: Path) -> None:
    settings = demo.prepare(tmp_path / "practice", 0)
    bot, feed = demo.build(settings)
    assert feed.state == "coming"
    assert feed.page is memory_page(demo.PAGE)
    bot.close()
    assert isinstance(bot.store, Store)


def test_the_practice_gives_a_password_that_opens_every_screen(tmp_path: Path) -> None:
    settings = demo.prepare(tmp_path / "practice", 0)
    bot, _ = demo.build(settings)
    password = demo.give_password(bot.store)
    browser = Browser("127.0.0.1", "")
    ticket, step = begin(bot.store, demo.PERSON, password, browser)
    assert step is Step.DONE
    token = finish(bot.store, ticket, browser)
    here = sessions.find(bot.store, token, sessions.limits(settings.web))
    assert here is not None
    assert here.role == "administrator"
    assert demo.give_password(bot.store) != password
    bot.close()
