"""A district's own matched pairs: read with clear errors, shown apart, and counted among all."""

from __future__ import annotations

import re

import pytest

from classifiers import neutrality
from classifiers.base import Category
from classifiers.ensemble import Ensemble
from classifiers.neutrality.pairs import parse
from modbot import resources
from tests.classifiers.test_neutrality import LEVY, POINTS, Planted, some_rows

BELLS = """{"issue": "bells", "first": "Keep the bells", "second": "End the bells", "breaks": false}

{"issue": "bells", "first": "Timbres sí", "second": "Timbres no", "breaks": false, "lang": "es"}
"""


def test_a_districts_own_pairs_are_shown_apart_and_count_among_all() -> None:
    own = parse(BELLS.encode("utf-8-sig"))
    planted = Ensemble([Planted(["keep", "timbres s"], Category.POLITICAL)])
    report = neutrality.check(planted, POINTS, [LEVY, *own], some_rows(20))
    [apart] = [each for each in report.strata if "district's own" in each.name]
    assert (apart.pairs, apart.first_only, apart.second_only) == (2, 2, 0)
    assert (report.pooled.pairs, report.pooled.first_only) == (3, 2)
    assert [issue.name for issue in report.issues] == ["bells"]
    without = neutrality.check(planted, POINTS, [LEVY], some_rows(20))
    assert apart.name not in [each.name for each in without.strata]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Keep the bells", "line 1: this is no JSON object"),
        ('{"issue": "bells", "first": "Keep them", "breaks": false}', "line 1: second: Field required"),
        ('{"issue": "b", "first": "Yes", "second": "yes ", "breaks": true}', "line 1: first and second say"),
        ('{"issue": "b", "first": "Yes", "second": "No", "breaks": "no"}', "line 1: breaks: Input should be"),
        ('{"issue": "b", "first": "Yes", "second": "No", "breaks": true, "side": 1}', "line 1: side: Extra"),
        ('{"issue": "b", "first": "Oui", "second": "No", "breaks": true, "lang": "fr"}', "line 1: lang: "),
        ('{"issue": "b", "first": "", "second": "No", "breaks": true}', "line 1: first: String should have"),
        (
            '{"issue": "b", "first": "Yes", "second": "No", "breaks": true}\n'
            '{"issue": "c", "first": "No", "second": "Yes", "breaks": true}',
            "line 2: this pair stands in line 1 already",
        ),
    ],
)
def test_mistakes_in_a_districts_pairs_are_named_with_their_line(line: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"^{says}"):
        parse(line.encode())


def test_every_mistake_in_a_districts_pairs_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"line 1: .*; line 3: "):
        parse(b"one\n\nthree\n")
    with pytest.raises(ValueError, match="not UTF-8"):
        parse("Qué".encode("cp1252"))


def test_the_pairs_of_the_help_can_be_read() -> None:
    help_page = (resources.folder("docs") / "operating.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```json\n(.*?)^```", help_page, re.M | re.S)
    assert [(pair.lang, pair.breaks) for pair in parse(example.encode())] == [
        ("en", False),
        ("en", True),
        ("es", False),
    ]
