"""From decided cases to a model in shadow, into use and back, with real decisions and the shipped models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from classifiers import manifest, thresholds
from classifiers.base import Category
from classifiers.linear import Linear
from classifiers.neutrality import pairs
from modbot import matched_pairs, policy, resources, users, wiring
from modbot.errors import ConfigError, NotAllowed, StaleCase
from modbot.learning import comparing, in_use, making, register
from modbot.learning.shadowing import Shadow
from modbot.learning.switching import Switch
from modbot.records.disposition import dispose
from modbot.store import body_of, table
from modbot.tables import AuditEvent, LearnedModel, ShadowScore
from tests.modbot.learning import SCHOOL, SOLD, Learning, decide, learning
from tests.modbot.scene import POLICY

AGAINST = re.compile(r"\b(no|not|never|out|wrong|against|mistake|stop|\w+n't)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Learning]:
    """Sales were hidden and thanks left up; a model was learned from that. One pair is the district's own."""
    made = learning(tmp_path_factory.mktemp("fair"), migrated_file)
    own = in_use.district_of(made.settings) / matched_pairs.FILE
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text('{"issue": "bells", "first": "Bells on", "second": "Bells off", "breaks": false}\n')
    decide(made, "C7", SOLD, SCHOOL)
    making.learn(made.store, made.settings, "lee")
    yield made
    made.store.close()


def kinds(those: Learning) -> list[str]:
    return [kind for kind in those.here.kinds() if kind.startswith("model.")]


def model(those: Learning) -> register.Learned:
    with those.store.read() as connection:
        return register.everything(connection)[0]


def test_what_was_learned_is_in_shadow_with_its_figures_and_used_for_nothing(fair: Learning) -> None:
    found = model(fair)
    assert found.state == "shadow"
    assert found.learned_by == "lee"
    assert found.figures["persons"] == 2
    assert found.figures["categories"]["commercial"]["hidden"] >= making.FEWEST
    assert (
        found.figures["categories"]["commercial"]["surprise"]
        < (found.figures["categories"]["commercial"]["surprise_before"])
    )
    assert in_use.of(fair.settings).models == resources.models().absolute()


def test_its_folder_is_whole_and_the_districts_own(fair: Learning) -> None:
    folder = in_use.folder_of(fair.settings, model(fair).folder)
    assert folder.is_relative_to(fair.settings.folder.absolute())
    for name, entry in manifest.read(folder).items():
        for file in entry["files"]:
            manifest.verified(folder, name, file)
    assert Linear(folder).version != Linear(resources.models()).version
    card = (folder / "linear" / "CARD.md").read_text()
    assert "2 people" in card
    assert "couch" not in card
    assert thresholds.load(folder)[Category.THREATS] == thresholds.load(resources.models())[Category.THREATS]
    assert not (folder.parent / making.DRAFT).exists()


def test_its_neutrality_was_measured_on_the_districts_own_pairs_too(fair: Learning) -> None:
    opposed = [pair for pair in pairs.load() if pair.kind is pairs.Kind.VIEWPOINT]
    assert model(fair).figures["neutrality"]["pairs"] == len(opposed) + 1


def test_while_one_is_in_shadow_no_second_is_learned(fair: Learning) -> None:
    with pytest.raises(ConfigError, match="works in shadow already"):
        making.learn(fair.store, fair.settings, "lee")


def test_only_leads_say_which_models_are_used(fair: Learning) -> None:
    for what in (
        lambda: making.learn(fair.store, fair.settings, "ana"),
        lambda: register.adopt(fair.store, fair.settings, model(fair).id, "ana"),
        lambda: register.drop(fair.store, fair.settings, model(fair).id, "vic"),
        lambda: register.back(fair.store, fair.settings, ""),
    ):
        with pytest.raises(NotAllowed):
            what()


def test_in_shadow_it_is_compared_and_goes_with_the_words(fair: Learning) -> None:
    rules = wiring.put_in_force(fair.store, policy.parse(POLICY.encode(), "policy.toml"))
    shadow = Shadow(fair.store, fair.settings, rules)
    entries = len(fair.here.kinds())
    while shadow.look():
        pass
    shadow.close()
    rows = fair.here.rows(ShadowScore)
    assert len(rows) == len(SOLD) + len(SCHOOL)
    assert len(fair.here.kinds()) == entries
    with fair.store.read() as connection:
        found = comparing.compare(connection, model(fair).id)
    assert found.compared == len(rows)
    assert found.differing == sum(row.differs for row in rows)
    assert [each.comment_id for each in found.examples] == sorted(
        (row.comment_id for row in rows if row.differs), reverse=True
    )[: comparing.EXAMPLES]
    users.add(fair.store, "rio", "Rio", "records_officer")
    dispose(fair.store, [rows[0].comment_id, rows[1].score_id], by="rio", authority="GS50-06")
    assert len(fair.here.rows(ShadowScore)) == len(rows) - 2


def test_a_shadow_that_cannot_be_compared_is_named_and_costs_nothing_else(fair: Learning) -> None:
    place = in_use.folder_of(fair.settings, model(fair).folder) / manifest.MANIFEST
    content = place.read_bytes()
    place.write_bytes(content + b" ")
    shadow = Shadow(fair.store, fair.settings, fair.here.rules)
    assert shadow.look() == 0
    assert "was changed" in model(fair).failure
    assert model(fair).failures == 1
    with pytest.raises(ConfigError, match="was changed"):
        register.adopt(fair.store, fair.settings, model(fair).id, "lee")
    place.write_bytes(content)


def test_adopted_it_scores_and_one_step_takes_it_back(fair: Learning) -> None:
    number, folder = model(fair).id, in_use.folder_of(fair.settings, model(fair).folder)
    scorer = fair.here.scorer
    switch = Switch(fair.store, fair.settings, [scorer])
    shipped = scorer.ensemble.version
    register.adopt(fair.store, fair.settings, number, "lee")
    assert in_use.of(fair.settings).models == folder
    with pytest.raises(StaleCase, match="cannot be dropped: it is adopted"):
        register.drop(fair.store, fair.settings, number, "lee")
    switch.follow(scorer)
    assert scorer.ensemble.version == model(fair).figures["version"] != shipped
    assert register.back(fair.store, fair.settings, "lee") is None
    switch.follow(scorer)
    assert scorer.ensemble.version == shipped
    scorer.ensemble.close()
    register.drop(fair.store, fair.settings, number, "lee")
    assert not folder.exists()
    assert fair.here.rows(ShadowScore) == []
    assert kinds(fair) == ["model.learned", "model.adopted", "model.returned", "model.dropped"]


def test_an_adopted_model_that_was_tampered_with_is_not_used_and_that_is_told(
    tmp_path: Path, migrated_file: Path
) -> None:
    made = learning(tmp_path, migrated_file)
    with made.store.write() as tx:
        number = register.add(tx, "gone", "0" * 64, "lee", {})
        tx.execute(sa.update(table(LearnedModel)).values(state="adopted"))
    found = in_use.of(made.settings)
    assert (found.number, found.models) == (number, resources.models().absolute())
    assert "cannot be read" in found.trouble
    made.store.close()


def test_too_few_cases_are_refused_and_it_is_said_how_many_there_are(
    tmp_path: Path, migrated_file: Path
) -> None:
    made = learning(tmp_path, migrated_file)
    decide(made, "C7", SOLD[:3], SCHOOL[:2])
    with pytest.raises(ConfigError, match="commercial: 3 hidden and 2 left up") as refused:
        making.learn(made.store, made.settings, "lee")
    assert "needs 25" in str(refused.value)
    assert kinds(made) == []
    made.store.close()


def test_decisions_that_lean_to_one_side_make_a_model_that_is_refused(
    tmp_path: Path, migrated_file: Path
) -> None:
    """Two people hide whoever speaks against something and leave up whoever speaks for it."""
    made = learning(tmp_path, migrated_file)
    opposed = [
        pair
        for pair in pairs.load()
        if pair.kind is pairs.Kind.VIEWPOINT and not pair.breaks and pair.lang == "en"
        if AGAINST.search(pair.second)
    ][:50]
    decide(made, "C2", [pair.second for pair in opposed], [pair.first for pair in opposed])
    with pytest.raises(ConfigError, match=r"is not kept: .*opposite opinions"):
        making.learn(made.store, made.settings, "lee")
    assert kinds(made) == ["model.refused"]
    assert made.here.rows(LearnedModel) == []
    assert list((in_use.district_of(made.settings) / in_use.FOLDER).iterdir()) == []
    entry = made.here.rows(AuditEvent)[-1]
    with made.store.read() as connection:
        assert any("opposite" in each for each in body_of(connection, entry.seq)["problems"])
    made.store.close()
