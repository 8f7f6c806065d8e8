"""What an advising classifier sees, on the page of a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from classifiers.detox import Detox
from classifiers.ensemble import Ensemble
from modbot import config
from modbot.store import Store
from modbot.tables import Case
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.classifiers.tiny_detoxify import DISTRICT
from tests.modbot.scene import District, district
from tests.web.member import member
from tests.web.visitor import words

TEXT = "buy now you <b>idiot</b>"


@dataclass(frozen=True)
class Room:
    here: District
    settings: config.Settings

    def app(self, opinion_after_share: float) -> FastAPI:
        review = self.settings.review.model_copy(update={"opinion_after_share": opinion_after_share})
        return create_app(Desk(self.settings.model_copy(update={"review": review}), self.here.store))

    def page(self, opinion_after_share: float = 0.0) -> str:
        """The source of the case's page, as a moderator gets it."""
        [case] = self.here.rows(Case)
        who = member(self.app(opinion_after_share), self.here.store, "ana")
        return who.get(f"/case/{case.id}").text


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("advice")
    (folder / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    here = district(store)
    both = Ensemble([here.member, Detox(DISTRICT)])
    both.load()
    here.scorer.ensemble = both
    here.comes_in(TEXT)
    yield Room(here, config.build({}, folder / "modbot.toml"))
    store.close()


def test_it_is_told_apart_from_the_reasons_that_count(room: Room) -> None:
    said = words(room.page())
    assert "the classifier detox sees harassment or bullying" in said
    assert "counts for nothing here" in said
    assert said.index("a commercial offer") < said.index("the classifier detox")


def test_the_words_that_it_marks_are_shown_as_text(room: Room) -> None:
    page = room.page()
    assert "<b>idiot</b>" not in page
    assert "&lt;b&gt;idiot" in page


def test_whoever_chooses_first_does_not_see_it_before(room: Room) -> None:
    assert "detox" not in words(room.page(opinion_after_share=1.0))
