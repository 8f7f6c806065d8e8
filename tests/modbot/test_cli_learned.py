from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from modbot import policy, resources, wiring
from modbot.learning import register
from modbot.store import Store, table
from modbot.tables import LearnedModel
from tests.modbot.installation import Installation, command, install
from tests.modbot.learning import in_shadow
from tests.modbot.scene import POLICY


@pytest.fixture
def office(tmp_path: Path, migrated_file: Path) -> Iterator[Installation]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    made = install(tmp_path / "office", store)
    made.here.comes_in("Buy now, half price", "The bus \x1b[31mwas late")
    yield made
    store.close()


def test_a_lead_is_told_how_many_decisions_are_missing(office: Installation) -> None:
    answer = office.modbot("train", "--from-decisions", "--as", "lee")
    assert answer.status == 1
    assert "a category needs 25 that were hidden and 25 that were left up" in answer.err
    assert "second_share" in answer.err


def test_only_a_lead_has_a_model_learned(office: Installation) -> None:
    answer = office.modbot("train", "--from-decisions", "--as", "ana")
    assert (answer.status, "may not say which models are used" in answer.err) == (1, True)


def test_training_asks_for_its_folders_or_for_decisions() -> None:
    answer = command("train")
    assert answer.status == 1
    assert "--from-decisions" in answer.err


def test_without_a_shadow_there_is_nothing_to_compare(office: Installation) -> None:
    assert "None so far" in office.modbot("models", "learned").out
    assert "No model works in shadow." in office.modbot("models", "compare").err


def test_differences_are_listed_without_control_characters(office: Installation) -> None:
    number = in_shadow(office.here)
    answer = office.modbot("models", "compare")
    assert f"Model {number} in shadow: 2 comments compared, 2 differ." in answer.out
    assert "no case  threats 0.02 to 0.81" in answer.out
    assert "\x1b" not in answer.out
    assert office.modbot("models", "compare", "--json").data["differing"] == 2
    assert office.modbot("models", "learned", "--json").data[0]["state"] == "shadow"


def own_threshold(office: Installation) -> None:
    rules = POLICY.replace(
        'categories = ["commercial"]', 'categories = ["commercial"]\nthresholds = {commercial = 0.5}'
    )
    wiring.put_in_force(office.here.store, policy.parse(rules.encode(), "policy.toml"))


def test_a_clause_with_a_threshold_of_its_own_is_named_because_it_does_not_move(office: Installation) -> None:
    in_shadow(office.here)
    assert "threshold of its own" not in office.modbot("models", "compare").err
    own_threshold(office)
    answer = office.modbot("models", "compare")
    assert "C7 has a threshold of its own for commercial, 0.5. It does not move with the model" in answer.err
    assert "write 0.27 into the policy" in answer.err
    (told,) = office.modbot("models", "compare", "--json").data["own_thresholds"]
    assert (told["clause"], told["category"], told["threshold"]) == ("C7", "commercial", 0.5)


def test_adopting_says_it_again(office: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "_refuse_unlike", lambda *_: None)  # this model has no files
    number = str(in_shadow(office.here))
    own_threshold(office)
    answer = office.modbot("models", "adopt", number, "--as", "lee")
    assert answer.status == 0
    assert "C7 has a threshold of its own for commercial" in answer.err


def test_the_list_of_models_shows_what_scores(office: Installation) -> None:
    listed = office.modbot("models", "list")
    assert (listed.status, f"In use: {resources.models().absolute()}" in listed.err) == (0, True)
    number = in_shadow(office.here)
    with office.here.store.write() as tx:
        tx.execute(sa.update(table(LearnedModel)).values(state="adopted"))
    listed = office.modbot("models", "list")
    assert listed.status == 1
    assert f"learned model {number}" in listed.out
    assert "cannot be used" in listed.err
    folder = office.folder / "district" / "learned" / "planted"
    shutil.copytree(resources.models(), folder)
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    with office.here.store.write() as tx:
        tx.execute(sa.update(table(LearnedModel)).values(manifest=digest))
    listed = office.modbot("models", "list")
    assert listed.status == 0
    assert f"Model {number}, learned from your decisions, is in use: {folder.absolute()}" in listed.err


def test_it_is_adopted_with_its_files_alone_and_dropped_by_name(office: Installation) -> None:
    number = str(in_shadow(office.here))
    assert "cannot be used" in office.modbot("models", "adopt", number, "--as", "lee").err
    assert "No learned model is in use" in office.modbot("models", "back", "--as", "lee").err
    assert "is dropped" in office.modbot("models", "drop", number, "--as", "lee").out
    assert [row.state for row in office.here.rows(LearnedModel)] == ["dropped"]
