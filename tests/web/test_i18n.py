"""The interface in two languages, and the catalogue that says what the other one is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from babel.messages import Message

from modbot import errors, policy
from modbot.errors import Words
from modbot.web import grounds, i18n, refusals
from modbot.web.i18n import LANGUAGES, SOURCE
from modbot.web.pages import templates
from tests import translations

OTHERS = [each for each in LANGUAGES if each != SOURCE]
PACIFIC = ZoneInfo("America/Los_Angeles")
NAMES = {"modbot", "SHA"}
MOMENT = datetime(2026, 11, 22, 3, 7, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def collected() -> dict[str, Message]:
    return {key(message): message for message in translations.collected() if message.id}


def key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> Iterator[tuple[str, str]]:
    """Every form of the string beside its translation; a plural has two."""
    if isinstance(message.id, str):
        yield message.id, str(message.string)
    else:
        for number, text in enumerate(message.string or ()):
            yield message.id[min(number, 1)], text


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s|<(\w+)", text))


@pytest.mark.parametrize("language", OTHERS)
def test_every_string_is_translated_and_no_other_is_kept(
    language: str, collected: dict[str, Message]
) -> None:
    kept = {key(message): message for message in translations.kept(language) if message.id}
    untranslated = [text for message in kept.values() for text, other in forms(message) if not other]
    assert sorted(set(collected) - set(kept)) == [], "run: make strings"
    assert sorted(set(kept) - set(collected)) == [], "run: make strings"
    assert untranslated == []
    assert [text for text, message in kept.items() if message.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_values_of_its_string(language: str) -> None:
    differing = [
        text
        for message in translations.kept(language)
        if message.id
        for text, other in forms(message)
        if not placeholders(other) <= placeholders(text)
        or (isinstance(message.id, str) and placeholders(other) != placeholders(text))
    ]
    assert differing == []


def test_every_string_of_a_template_can_be_translated() -> None:
    """No text stands between tags that no `_` and no trans block holds."""
    loader = templates.env.loader
    assert loader is not None
    names = loader.list_templates()
    assert len(names) > 30
    loose = {name: bare(loader.get_source(templates.env, name)[0]) for name in names}
    assert {name: words for name, words in loose.items() if words} == {}


def bare(source: str) -> list[str]:
    """The words of a template that are neither Jinja's nor markup, nor those of a key on the keyboard."""
    for taken in (
        r"{%-?\s*trans\b.*?endtrans\s*-?%}",
        r"{#.*?#}|{{.*?}}|{%.*?%}|<(kbd|code)\b.*?</\1>|<!--.*?-->",
        r"<[^>]*>",
    ):
        source = re.sub(taken, "\n", source, flags=re.S)
    return [word for word in re.findall(r"[^\W\d_]{2,}", source) if word not in NAMES]


def test_a_page_speaks_the_language_of_its_reader() -> None:
    template = templates.env.from_string(
        "{{ _('Search') }} {% trans count=n %}{{ count }} comment waits{% endtrans %}"
    )
    with i18n.speaking("es"):
        assert template.render(n=1).startswith("Buscar")
    assert template.render(n=1).startswith("Search")


def test_a_language_that_nobody_translated_is_english() -> None:
    with i18n.speaking("fr"):
        assert (i18n.spoken(), i18n.gettext("Search")) == ("en", "Search")


def test_one_and_many_differ() -> None:
    with i18n.speaking("es"):
        forms = [
            i18n.ngettext("%(num)s case waits", "%(num)s cases wait", count, num=count) for count in (1, 2)
        ]
    assert forms == ["1 caso espera", "2 casos esperan"]


def test_an_empty_text_stays_empty() -> None:
    with i18n.speaking("es"):
        assert i18n.gettext("") == ""


def test_text_that_is_looked_up_is_still_escaped() -> None:
    template = templates.env.from_string("{{ _(text) }}{% trans name=text %}{{ name }}{% endtrans %}")
    assert "<b>" not in template.render(text="<b>100 %</b>")


@pytest.mark.parametrize(
    ("language", "clock", "day"),
    [("en", "7:07:12 PM", "November 21, 2026"), ("es", "7:07:12 p.m.", "21 de noviembre de 2026")],
)
def test_dates_are_the_district_s_and_in_the_reader_s_language(language: str, clock: str, day: str) -> None:
    with i18n.speaking(language):
        assert " ".join(i18n.clock(MOMENT, PACIFIC).split()) == clock
        assert i18n.day(date(2026, 11, 21)) == day
        assert day in i18n.when(MOMENT, PACIFIC)


@pytest.mark.parametrize(
    ("asked", "given"),
    [("es-MX,es;q=0.9,en;q=0.8", "es"), ("en-US,en", "en"), ("fr,de", "en"), ("", "en"), ("fr, ES", "es")],
)
def test_before_signing_in_the_browser_says_the_language(asked: str, given: str) -> None:
    assert i18n.wanted(asked) == given


def test_whatever_a_screen_can_refuse_is_translated_or_said_elsewhere() -> None:
    files = translations.at_the_desk()
    assert len(files) > 100
    sources = {file: (translations.PACKAGE / file).read_text(encoding="utf-8") for file in files}
    refusing = {
        file
        for file, text in sources.items()
        if any(translations.calls(ast.parse(text), *translations.REFUSALS))
    }
    elsewhere = {file for some in translations.NOT_AT_THE_DESK.values() for file in some}
    unsaid = "say in tests/translations.py who reads what these files refuse"
    assert sorted(refusing - elsewhere) == sorted(translations.REFUSING), unsaid
    assert sorted(elsewhere - refusing) == []


def test_every_refusal_there_is_is_known_to_the_test_above() -> None:
    kinds = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.ModbotError)
    }
    assert kinds | {"Unreadable"} == set(translations.REFUSALS)


def test_a_part_of_a_refusal_that_is_ours_is_translated_too() -> None:
    late = Words("its time is not understood: %(given)s. Write it as 2026-11-22 08:00", given="50 %")
    refused = errors.NotBroughtIn("This cannot be brought in: %(why)s.", remedy="Mend it.", why=late)
    assert str(refused) == (
        "This cannot be brought in: its time is not understood: 50 %. Write it as 2026-11-22 08:00."
    )
    assert refusals.explained(refused, "es").startswith(
        "Esto no se puede aportar: no se entiende la hora: 50 %."
    )


def test_every_value_that_a_refusal_names_is_given() -> None:
    wanting = {}
    for file in translations.REFUSING:
        module = ast.parse((translations.PACKAGE / file).read_text(encoding="utf-8"))
        for call in translations.calls(module, *translations.REFUSALS):
            said = " ".join(each for each in map(constant, ast.walk(call)) if each)
            named = set(re.findall(r"%\((\w+)\)s", said))
            given = {each.arg for each in call.keywords if each.arg}
            if named - given:
                wanting[f"{file}:{call.lineno}"] = named - given
    assert wanting == {}


def constant(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_why_a_classifier_found_something_is_said_in_the_readers_language() -> None:
    finding = policy.Finding("C7", "profanity", 0.9, 0.5, urgent=False, spans=())
    reason = grounds.Reason(finding, None, "profanity", "high", ("strong profanity",))
    shown = templates.env.from_string(
        '{% from "practice_parts.html" import reasons with context %}{{ reasons(card) }}'
    )
    with i18n.speaking("es"):
        assert '<li lang="es">groserías fuertes</li>' in shown.render(card=SimpleNamespace(reasons=[reason]))
