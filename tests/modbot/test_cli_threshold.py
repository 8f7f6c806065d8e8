from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.base import Category
from modbot import cases, policy
from modbot.flagged import in_force, reach
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Case
from tests.modbot.installation import Installation, command, install, settings_file
from tests.modbot.scene import POLICY


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


def test_one_category_is_shown_at_other_thresholds_too() -> None:
    lines = command("threshold", "threats").out.splitlines()
    assert sum("as shipped" in line for line in lines) == 1
    assert len(lines) > 10
    told = command("threshold", "threats", "--json").data["threats"]
    recall = [point["recall"] for point in told["curve"]]
    assert recall == sorted(recall, reverse=True)
    assert told["goal"].startswith("most recall")


def test_on_the_archive_it_counts_what_was_recorded(office: Installation) -> None:
    archive = office.modbot("threshold", "threats", "0", "--json").data["archive"]
    assert (archive["comments"], archive["now"], archive["other"]) == (3, 1, 3)
    assert (archive["hidden"], archive["left_up"], archive["undecided"]) == (0, 0, 2)


def test_a_person_reads_it_in_words(office: Installation) -> None:
    answer = office.modbot("threshold", "threats", "0.99")
    assert answer.status == 0
    assert "Of 3 comments archived here, 1 are flagged now; 0 would be, 1 fewer." in answer.out
    assert "people hid 0, left up 0 and did not decide 1." in answer.out


def test_it_says_what_people_decided_of_those_that_another_threshold_would_miss(office: Installation) -> None:
    office.here.comes_in("he said he would hurt you, so I called the school")
    hidden, left_up = office.here.rows(Case)[0], office.here.rows(Case)[-1]
    grounds = {"clause": "C1", "quote": "hurt you", "reason": "A threat", "version": hidden.version}
    for case, ruling in (
        (hidden, Ruling(choice=Choice.HIDE, by="ana", **grounds)),
        (left_up, Ruling(choice=Choice.LEAVE_UP, by="ben")),
    ):
        cases.decide(office.here.store, office.here.rules, case.id, ruling)
    archive = office.modbot("threshold", "threats", "0.99", "--json").data["archive"]
    assert (archive["now"], archive["other"]) == (2, 0)
    assert (archive["hidden"], archive["left_up"], archive["undecided"]) == (1, 1, 0)


def test_it_compares_with_what_the_policy_in_force_says() -> None:
    found = policy.parse(POLICY.encode(), "policy.toml")
    own = found.model_copy(
        update={"clause": (found.clause[0].model_copy(update={"thresholds": {Category.THREATS: 0.7}}),)}
    )
    assert in_force(found, Category.THREATS, 0.3) == 0.3
    assert in_force(own, Category.THREATS, 0.3) == 0.7
    assert in_force(own, Category.COMMERCIAL, 0.3) is None


def test_before_the_first_start_only_the_measured_figures_are_shown(tmp_path: Path, store: Store) -> None:
    settings = settings_file(tmp_path / "new", store.engine.url.render_as_string(hide_password=False))
    answer = command("threshold", "threats", "0.2", "--config", str(settings))
    assert answer.status == 0
    assert "No policy is in force yet" in answer.err
    assert "archived here" not in answer.out


def test_the_newest_score_of_a_comment_counts(office: Installation) -> None:
    with office.here.store.read() as connection:
        found = reach(connection, Category.THREATS, 0.0, 1.1)
    assert (found.comments, found.now, found.other) == (3, 3, 0)


def test_a_threshold_that_is_none_is_refused() -> None:
    assert command("threshold", "threats", "7").status != 0
    assert command("threshold", "rudeness").status != 0
