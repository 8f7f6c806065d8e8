"""The page Models: what is in use, where a model in shadow differs, and who may say that it is used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from modbot import cases, policy, second_looks, users, wiring
from modbot.learning import register
from modbot.learning.shadowing import Shadow
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store
from modbot.tables import Case, LearnedModel
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot.learning import in_shadow
from tests.modbot.scene import POLICY, District, district
from tests.web.member import member
from tests.web.visitor import settings, words


@pytest.fixture
def here(tmp_path: Path, migrated_file: Path) -> Iterator[District]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    found = district(store)
    found.comes_in("Buy now, half price", "Buy now, <b>my couch</b>", "The bus was late", "Buy now from me")
    yield found
    store.close()


@pytest.fixture
def app(here: District, tmp_path: Path) -> FastAPI:
    return create_app(Desk(settings(tmp_path, "blog"), here.store))


def page(app: FastAPI, here: District, name: str = "lee") -> str:
    answer = member(app, here.store, name).get("/models")
    assert answer.status_code == 200
    return words(answer.text)


def decide(here: District, place: int, choice: Choice, *, waits: bool = False) -> None:
    number = here.rows(Case)[place].id
    grounds = {"clause": "C7", "quote": "Buy now"} if choice is Choice.HIDE else {}
    ruling = Ruling(choice=choice, by="ana", **grounds)
    cases.decide(here.store, here.rules, number, ruling, sampling=Sampling(share=1.0))
    if not waits:
        second_looks.decide(here.store, here.rules, number, Ruling(choice=choice, by="ben", **grounds))


def test_without_a_learned_model_it_says_how_to_get_one(app: FastAPI, here: District) -> None:
    told = page(app, here)
    assert "The models that modbot ships, or that your settings name." in told
    assert "modbot train --from-decisions" in told


def test_differences_are_counted_with_what_people_decided(app: FastAPI, here: District) -> None:
    decide(here, 0, Choice.HIDE)
    decide(here, 1, Choice.LEAVE_UP)
    in_shadow(here)
    told = page(app, here)
    assert "4 comments compared, 4 of them judged differently" in told
    assert "a commercial offer 0 0 0 4 1 1" in told
    assert "Learned from 71 cases that two people decided alike, by 3 people in all." in told


def test_a_threshold_of_a_clauses_own_is_named_because_it_does_not_move(app: FastAPI, here: District) -> None:
    in_shadow(here)
    assert "threshold of its own" not in page(app, here)
    line = 'categories = ["commercial"]'
    rules = POLICY.replace(line, f"{line}\nthresholds = {{ commercial = 0.5 }}")
    wiring.put_in_force(here.store, policy.parse(rules.encode(), "policy.toml"))
    told = page(app, here)
    assert "C7 has a threshold of its own for a commercial offer: 0.50." in told
    assert "have 0.27 written into the policy" in told


def test_what_still_waits_for_somebodys_own_opinion_is_not_shown(app: FastAPI, here: District) -> None:
    decide(here, 0, Choice.HIDE, waits=True)
    in_shadow(here)
    told = page(app, here)
    assert "The bus was late" in told
    assert "half price" not in told
    assert "Buy now from me" not in told


def test_comments_are_shown_as_text(app: FastAPI, here: District) -> None:
    decide(here, 1, Choice.LEAVE_UP)
    in_shadow(here)
    answer = member(app, here.store, "vic").get("/models").text
    assert "<b>my couch" not in answer
    assert "&lt;b&gt;my couch" in answer


def test_a_failing_shadow_is_named_on_both_pages(app: FastAPI, here: District) -> None:
    number = in_shadow(here)
    Shadow(here.store, app.state.desk.settings, here.rules).look()
    assert "It cannot be compared now:" in page(app, here)
    health = words(member(app, here.store, "vic").get("/health").text)
    assert f"Model {number} works in shadow. 1 time it could not be compared." in health


def test_only_whoever_leads_is_offered_to_use_or_drop_it(app: FastAPI, here: District) -> None:
    number = in_shadow(here)
    assert "Use this model from now on" in page(app, here)
    assert "Use this model from now on" not in page(app, here, "ana")
    assert "A lead decides whether it is used." in page(app, here, "ana")
    assert member(app, here.store, "ana").post(f"/models/{number}/adopt").status_code == 403


def test_a_model_without_its_files_cannot_be_adopted_and_it_is_said_why(app: FastAPI, here: District) -> None:
    number = in_shadow(here)
    lead = member(app, here.store, "lee")
    answer = lead.post(f"/models/{number}/adopt")
    assert answer.status_code == 303
    assert "cannot%20be%20used" in answer.headers["set-cookie"]
    assert here.rows(LearnedModel)[0].state == register.SHADOW


def test_it_is_dropped_by_a_button(app: FastAPI, here: District) -> None:
    number = in_shadow(here)
    member(app, here.store, "lee").post(f"/models/{number}/drop")
    assert here.rows(LearnedModel)[0].state == register.DROPPED
    assert "model.dropped" in here.kinds()
    users.add(here.store, "ada", "Ada", "administrator")
    assert "Dropped" in page(app, here, "ada")
