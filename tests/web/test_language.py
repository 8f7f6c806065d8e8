"""What stays English on a Spanish page says so, for whoever has pages read aloud (WCAG 2.1, 3.1.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import FastAPI

from modbot import accounts, codebook, policy, wiring
from modbot.demo import Feed, Material, Post
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.help_pages import articles
from modbot.web.i18n import gettext, speaking
from modbot.web.practice_page import Practice
from platforms.memory import MemoryPage
from tests.web.member import Member, member
from tests.web.office import Office, office
from tests.web.visitor import Visitor

EMPTY = {"br", "hr", "img", "input", "link", "meta", "progress", "source", "wbr"}
"""Elements that never end."""
POSTS = (Post("routes", "New bus routes start on Monday", "Routes 4 and 9 change next week."),)


class Parts(HTMLParser):
    """The texts of a page, each with the language that it is said to be in."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag not in EMPTY:
            outside = self.open[-1][1] if self.open else ""
            self.open.append((tag, dict(attrs).get("lang") or outside))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.append((" ".join(data.split()), self.open[-1][1] if self.open else ""))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("language"), migrated_file) as opened:
        for name in ("adam", "ruth"):
            accounts.set_language(opened.store, name, "es")
        yield opened


@pytest.fixture(scope="module")
def app(desk: Office) -> FastAPI:
    practice = Practice(Material("Larch Hollow", POSTS, ()), MemoryPage("x"), Feed(MemoryPage("x"), ()))
    settings = desk.settings
    shown = settings.review.model_copy(update={"opinion_after_share": 0.0})
    return create_app(Desk(settings.model_copy(update={"review": shown}), desk.store), practice)


def test_the_districts_words_the_codebooks_examples_and_a_platforms_answers_are_marked_as_english(
    desk: Office, app: FastAPI
) -> None:
    adam = member(app, desk.store, "adam")
    rules = wiring.policy_in_force(desk.store)
    chapters = [chapter for clause in rules.clause for chapter in codebook.for_clause(clause)]
    english = {
        *(words for clause in rules.clause for words in (clause.title, clause.text, clause.note) if words),
        *(each.title for each in rules.watch),
        *(each.reason for each in rules.word_list),
        *(text for chapter in chapters for text in (*chapter.inside, *chapter.outside)),
        "says so",
        "NotAuthorised: the password was refused",
        "This platform cannot hide comments of that kind",
    }
    cases = [f"/case/{number}" for number in desk.cases()]
    paths = [*cases, "/policy", "/policy/changes", "/queue", "/decided", "/search", "/tasks", "/health"]
    assert unmarked(adam, paths, english) == ([], set())


def test_the_help_that_nobody_translated_is_marked_as_english(desk: Office, app: FastAPI) -> None:
    adam = member(app, desk.store, "adam")
    untranslated = {each.title for each in articles("es").values() if each.language == "en"}
    assert untranslated
    marked = {text for text, language in parts(adam.get("/help").text) if language == "en"}
    assert untranslated <= marked


def test_what_the_practice_page_invents_is_marked_as_english(app: FastAPI) -> None:
    page = Visitor(app).get("/practice", **{"Accept-Language": "es"}).text
    english = {"Larch Hollow", *(words for post in POSTS for words in (post.title, post.text))}
    found = parts(page)
    assert {text for text, language in found if text in english and language == "en"} == english
    assert ("Práctica", "es") in found or any(language == "es" for _, language in found)


def test_a_report_of_a_threat_is_ours_and_so_in_the_reader_s_language(desk: Office, app: FastAPI) -> None:
    found = parts(member(app, desk.store, "adam").get("/policy").text)
    with speaking("es"):
        titled = gettext(policy.REPORT.title)
    assert [language for text, language in found if text == titled] == ["es"]


def parts(page: str) -> list[tuple[str, str]]:
    reader = Parts()
    reader.feed(page)
    return [(text, language) for text, language in reader.texts if text]


def unmarked(reader: Member, paths: Sequence[str], english: set[str]) -> tuple[list[str], set[str]]:
    """Where one of these texts stands under another language, and which of them stand nowhere."""
    wrong, seen = [], set()
    for path in paths:
        answer = reader.get(path)
        assert answer.status_code == 200, path
        for text, language in parts(answer.text):
            held = {words for words in english if words in text}
            seen |= held
            wrong += [f"{path}: {text} ({language})" for _ in held if language != "en"]
    return wrong, english - seen
