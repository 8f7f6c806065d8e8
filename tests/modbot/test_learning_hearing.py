"""A model in shadow is compared as it would score if it were in use: of all members, asked alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.base import Category, Score, Scores
from classifiers.ensemble import Assessment
from modbot import config, resources
from modbot.learning.hearing import Hearing, Scored
from modbot.members import ensemble_of
from tests.modbot.installation import settings_file

DISTRICT = Path(__file__).parent.parent / "data" / "district"
MEMBERS = ("patterns", "linear", "encoder", "ballot")
TEXTS = (
    "Thank you to the whole crew, the concert was wonderful!",
    "I'll be at the gate with a gun for you tomorrow",
    "Nobody likes you, Fran, you look like a melted candle",
    "What time does the library close today?",
    "everyone vote no on this, please",
)
TOPIC = "Measure 4: what the levy would pay for"
SILENT = dict.fromkeys(Category, Score(0.0))


@pytest.fixture(scope="module")
def real() -> list[Assessment]:
    """What the shipped models say when they are in use."""
    ensemble, _ = ensemble_of(MEMBERS, resources.models(), DISTRICT)
    return ensemble.assess(TEXTS, [TOPIC] * len(TEXTS))


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearing]:
    members = f'[classifiers]\nmembers = {list(MEMBERS)}\ndistrict = "{DISTRICT}"'
    file = settings_file(tmp_path_factory.mktemp("office"), "sqlite:///none.db", members)
    ensemble, _ = ensemble_of(("patterns",), resources.models())
    made = Hearing(resources.models(), ensemble.rules, config.load(file))
    yield made
    made.close()


def scored(real: Sequence[Assessment], **instead: Scores | None) -> list[Scored]:
    """As models would have recorded it whose members said this instead, or were not asked."""
    found = []
    for number, (text, one) in enumerate(zip(TEXTS, real, strict=True)):
        members: Mapping[str, Scores | None] = {**one.members, **instead}
        said = {name: scores for name, scores in members.items() if scores is not None}
        found.append(Scored(number, number, text, TOPIC, one.scores, said))
    return found


def bare(scores: Scores) -> dict[Category, float]:
    return {category: score.probability for category, score in scores.items()}


def test_the_encoder_is_asked_where_the_running_models_spared_a_comment_and_this_one_would_not(
    hearing: Hearing, real: list[Assessment]
) -> None:
    heard = hearing.heard(scored(real, linear=SILENT, encoder=None))
    assert [set(one) for one in heard] == [set(one.members) for one in real]
    rules = hearing.rules
    assert [bare(rules.join(Category, one)) for one in heard] == [bare(one.scores) for one in real]


def test_what_the_encoder_said_is_left_out_where_this_model_would_have_spared_it(
    hearing: Hearing, real: list[Assessment]
) -> None:
    assert any("encoder" not in one.members for one in real)
    heard = hearing.heard(scored(real, encoder=SILENT))
    assert ["encoder" in one for one in heard] == ["encoder" in one.members for one in real]


def test_the_linear_member_of_the_running_models_is_never_taken_for_that_of_the_model(
    hearing: Hearing, real: list[Assessment]
) -> None:
    surer = dict.fromkeys(Category, Score(0.99))
    heard = hearing.heard(scored(real, linear=surer))
    assert [bare(one["linear"]) for one in heard] == [bare(one.members["linear"]) for one in real]


def test_a_member_that_reads_the_post_above_keeps_what_it_said_of_it(
    hearing: Hearing, real: list[Assessment]
) -> None:
    assert real[-1].members["ballot"][Category.POLITICAL].probability > 0.5
    heard = hearing.heard([replace(each, topic="") for each in scored(real)])
    assert heard[-1]["ballot"] == real[-1].members["ballot"]
