"""Threats and slurs: on no screen do the words stand before somebody asks to see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from classifiers.base import Category
from classifiers.ensemble import Ensemble
from modbot import appeals, cases, config, deletions, outbox, policy, review, users, wiring
from modbot.demo import PERSON, Feed, Material, Post
from modbot.pipeline import Scorer
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import AuditEvent, Case
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.practice_page import Practice
from platforms.memory import memory_page
from tests.modbot import scene
from tests.modbot.installation import settings_file
from tests.modbot.scene import LIMITS, District, Keywords, district, edited, said
from tests.web.member import Member, member
from tests.web.rarely import FORUM
from tests.web.visitor import Visitor, words

SLUR, THREAT = "vermin like you", "hurt you"
CLAUSE = """
[[clause]]
id = "C4"
title = "Discrimination"
text = "Demeans a person for who they are"
mode = "enforce"
categories = ["discrimination"]
signed_off_by = "Counsel"
signed_off_on = 2026-09-01
"""
PAGES = '[[page]]\nkey = "blog"\nplatform = "memory"\ntitle = "District blog"\n'
COVER = re.compile(r'<details class="severe">.*?</details>', re.S)
FIELD = re.compile(r"<textarea.*?</textarea>", re.S)
"""Where the words are picked that a decision quotes, opened with the choice to hide."""
CHOICES = re.compile(r'<section class="bar".*?</section>|<select.*?</select>', re.S)
"""Every clause and reason that there is to choose from, whatever the comment says."""
NEUTRAL = "These words may be hard to read."


@dataclass(frozen=True)
class Room:
    here: District
    settings: config.Settings

    def app(self, opinion_after_share: float = 0.0) -> FastAPI:
        changed = self.settings.review.model_copy(update={"opinion_after_share": opinion_after_share})
        settings = self.settings.model_copy(update={"review": changed})
        page = memory_page("covered")
        practice = Practice(Material("Larch Hollow", (Post("1", "A post", ""),), ()), page, Feed(page, ()))
        return create_app(Desk(settings, self.here.store), practice)

    def member(self, name: str = "ana", *, first: bool = False) -> Member:
        return member(self.app(1.0 if first else 0.0), self.here.store, name)

    def arrives(self, *events: object, page: str = "blog") -> int:
        before = {row.id for row in self.here.rows(Case)}
        self.here.arrive(*events, page=page)  # type: ignore[arg-type]
        self.here.score()
        (number,) = {row.id for row in self.here.rows(Case)} - before
        return int(number)

    def hide(self, number: int, clause: str, quote: str) -> None:
        ruling = Ruling(choice=Choice.HIDE, by="ben", clause=clause, quote=quote, reason="as agreed")
        cases.decide(self.here.store, self.here.rules, number, ruling)


@pytest.fixture
def room(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """Where a third phrase is a slur, that a clause covers."""
    monkeypatch.setitem(scene.WORDS, SLUR, Category.DISCRIMINATION)
    monkeypatch.setattr(Keywords, "categories", Keywords.categories | {Category.DISCRIMINATION})
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    here = district(store)
    settings = config.load(settings_file(tmp_path, "sqlite:///modbot.db", PAGES, FORUM))
    wiring.register_pages(store, settings.page)
    rules = wiring.put_in_force(store, policy.parse((scene.POLICY + CLAUSE).encode(), "policy.toml"))
    ensemble = Ensemble([here.member])
    ensemble.load()
    scorer = Scorer(store, ensemble, rules, LIMITS, worker="here")
    for name, role in (("ruth", "records_officer"), ("alma", "appeals_officer"), (PERSON, "moderator")):
        users.add(store, name, name.title(), role)
    yield Room(replace(here, rules=rules, scorer=scorer), settings)
    store.close()


def uncovered(page: str) -> str:
    """What stands outside the covers."""
    return words(FIELD.sub("", COVER.sub("", page)))


def test_a_slur_is_covered_on_every_screen_that_has_it(room: Room) -> None:
    here, store = room.here, room.here.store
    first = room.arrives(said("1", f"Go home, {SLUR}", author="Pat"))
    hidden = room.arrives(said("2", f"We want no {SLUR} here", author="Pat", parent="1"))
    many = room.arrives(
        *(said(f"copy-{n}", f"Nobody needs {SLUR} in this town{'!' * n}", author="Pat") for n in range(3))
    )
    here.arrive(edited("1", f"Go home now, {SLUR}", author="Pat"))
    here.score()
    task = room.arrives(said("forum-1", f"Out with {SLUR} today"), page="forum")
    for number in (hidden, task):
        room.hide(number, "C4", SLUR)
    here.confirmed("blog")
    (due,) = outbox.due(store, "forum")
    outbox.failed(store, due, "Hide it with the site's own tools.")
    deletions.propose(store, hidden, "ben", "as agreed")
    appeal = appeals.file(store, hidden, "ben", "Why is it gone?", "", None)
    for name, path in (
        *(("ana", f"/case/{number}") for number in (first, hidden, many)),
        *(("ana", path) for path in ("/search?author=pat", "/tasks")),
        ("ruth", f"/deletions/{hidden}"),
        ("alma", f"/appeals/{appeal}"),
    ):
        page = room.member(name).get(path).text
        assert SLUR in page, path
        assert SLUR not in uncovered(page), path
        assert "This may be discrimination. Show the words" in words(page), path
    for name, path in (("ana", "/queue"), ("ana", "/decided"), ("ruth", "/deletions")):
        page = room.member(name).get(path).text
        assert SLUR not in page, path
        assert "This may be discrimination. The words are shown when you open it." in words(page), path
    cards = Visitor(room.app()).get("/practice").text.split('id="queue-title"')[1]
    assert SLUR in cards
    assert SLUR not in uncovered(cards)


def test_around_a_harmless_comment_the_hard_ones_are_covered(room: Room) -> None:
    room.arrives(said("1", f"I will {THREAT}", author="Lou"))
    room.arrives(said("2", f"There are {SLUR} in every school", author="Lou"))
    number = room.arrives(said("3", "buy now: skates", author="Pat", parent="1"))
    page = room.member().get(f"/case/{number}").text
    assert "buy now" in uncovered(page)
    for hard in (THREAT, SLUR):
        assert hard in page
        assert hard not in uncovered(page)


def test_before_the_first_choice_the_cover_does_not_tell_what_the_machine_thinks(room: Room) -> None:
    earlier = room.arrives(said("1", f"Go home, {SLUR}", author="Pat"))
    number = room.arrives(said("2", f"We want no {SLUR} here", author="Pat"))
    ana = room.member(first=True)
    pages = {path: ana.get(path).text for path in ("/queue", f"/case/{number}", "/search?author=pat")}
    for path, page in pages.items():
        assert NEUTRAL in words(page), path
        assert SLUR not in uncovered(page), path
        assert "discrimination" not in re.sub(r'<section class="bar".*?</section>', "", page, flags=re.S), (
            path
        )
    assert f"/case/{earlier}" in pages[f"/case/{number}"]
    assert not re.search(r'value="threat"[^>]* checked', pages[f"/case/{number}"])
    version = str(review.case(room.here.store, number).line.version)
    told = ana.post(f"/case/{number}/decide", {"choice": "leave_up", "version": version})
    assert "This may be discrimination. Show the words" in words(told.text)
    assert "This may be discrimination" in words(room.member("vic", first=True).get("/queue").text)


def test_the_log_covers_the_words_of_a_comment_wherever_it_repeats_them(room: Room) -> None:
    here = room.here
    slur = room.arrives(said("1", f"Go home, {SLUR}", author="Pat"))
    plain = room.arrives(said("2", "buy now: skates", author="Pat"))
    room.hide(slur, "C4", SLUR)
    room.hide(plain, "C7", "buy now")
    entries = [row for row in here.rows(AuditEvent) if row.kind in ("comment.seen", "decision.made")]
    ruth = room.member("ruth")
    for row in entries:
        page = ruth.get(f"/audit/{row.seq}").text
        hard = row.subject == "comment:blog/1"
        assert (SLUR in page) is hard, row.kind
        assert SLUR not in uncovered(page), row.kind
        assert ("This may be discrimination. Show the words" in words(page)) is hard, row.kind
        assert ("buy now" in uncovered(page)) is not hard, row.kind
    assert len(entries) == 4


def test_the_log_does_not_tell_before_the_first_choice_what_the_machine_thinks(room: Room) -> None:
    room.arrives(said("1", f"Go home, {SLUR}", author="Pat"))
    (seen,) = (row.seq for row in room.here.rows(AuditEvent) if row.kind == "comment.seen")
    page = words(room.member("ruth", first=True).get(f"/audit/{seen}").text)
    assert NEUTRAL in page
    assert "discrimination" not in page
