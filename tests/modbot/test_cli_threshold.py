from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.base import Category
from modbot.flagged import count_over
from modbot.store import Store
from tests.modbot.installation import Installation, command, install


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Installation:
    made = install(tmp_path / "office", store)
    made.here.comes_in("Say that again and I will hurt you", "What a lovely concert", "vote yes on Tuesday")
    return made


def test_every_category_is_listed_with_what_its_threshold_was_measured_to_mean() -> None:
    listed = command("threshold", "--json").data
    assert set(listed) == {category.value for category in Category}
    assert 0 < listed["threats"]["threshold"] < 1
    assert listed["threats"]["recall"] > 0.4


def test_a_lower_threshold_finds_more_and_flags_more() -> None:
    now, then = command("threshold", "threats", "0.04", "--json").data["measured"]
    assert then["recall"] >= now["recall"]
    assert then["false_flags"] > now["false_flags"]


def test_on_the_archive_it_counts_what_was_recorded(office: Installation) -> None:
    answer = office.modbot("threshold", "threats", "0", "--json")
    archive = answer.data["archive"]
    assert archive["over"][1] == archive["comments"] == 3
    assert archive["over"][0] <= archive["over"][1]


def test_a_person_reads_it_in_words(office: Installation) -> None:
    answer = office.modbot("threshold", "threats", "0.9")
    assert answer.status == 0
    assert "comments archived here" in answer.out


def test_the_newest_score_of_a_comment_counts(office: Installation) -> None:
    with office.here.store.read() as connection:
        comments, [all_of_them, none] = count_over(connection, Category.THREATS, [0.0, 1.1])
    assert (all_of_them, none) == (comments, 0) == (3, 0)


def test_a_threshold_that_is_none_is_refused() -> None:
    assert command("threshold", "threats", "7").status != 0
    assert command("threshold", "rudeness").status != 0
