from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from classifiers.base import Category
from classifiers.training import examining, measuring
from classifiers.training.reading import OWN, Row
from classifiers.training.report import Report
from modbot import evaluation_page
from modbot.reports import charts
from tests.modbot.installation import command

TODAY = date(2026, 11, 22)
HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def report() -> Report:
    """Of sixty comments on six issues; half of the breaches are found, one permissible comment is flagged."""
    columns = list(Category)
    rows, scores = [], np.full((60, len(columns)), 0.02)
    for n in range(60):
        breach = columns[n % len(columns)] if n % 2 else None
        labels = {category: category is breach for category in columns}
        text = HOSTILE if n in (0, 3) else f"comment {n}"
        rows.append(Row(text, labels, {}, OWN, f"issue {n % 6}", lang="es" if n % 5 == 0 else "en"))
        if breach is not None and n % 4 == 1:
            scores[n, n % len(columns)] = 0.9
    scores[0, 0] = 0.95
    limits = dict.fromkeys(Category, 0.5)
    made = measuring.report("patterns:1+linear:2", rows, scores, limits)
    details = examining.details(rows, scores, limits)
    return replace(made, details=details, notes=("A note of the measurement.",))


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return evaluation_page.render(report, TODAY)


def test_comments_stand_in_the_page_as_text(page: str) -> None:
    assert "&lt;script&gt;alert(" in page
    assert "<script" not in page
    assert "<img" not in page


def test_the_page_needs_nothing_beside_it(page: str) -> None:
    assert page.count("<svg") == 5
    named = set(re.findall(r'(?:src|href|action)="([^"#][^"]*)"', page))
    assert named == set()
    assert "url(http" not in page


def test_every_category_and_part_has_its_figures(page: str) -> None:
    assert "Made on 22 November 2026, on 60 comments on 6 issues" in page
    for category in Category:
        assert page.count(f">{category.replace('_', ' ')}</th>") >= 3
    assert "language: es" in page
    assert "A note of the measurement." in page
    assert "1 of 30; " in page  # the permissible comment that is flagged


def test_weak_parts_are_named_at_the_head(report: Report, page: str) -> None:
    assert evaluation_page.weak(report.slices)[0].name == "language: en"
    assert "Weak, less than seven in ten found: language: en" in page


def test_where_public_sources_were_measured_it_says_where_they_stand(report: Report) -> None:
    assert "see the end of the page" not in evaluation_page.render(report, TODAY)
    measured = replace(report, public=report.categories, public_viewpoints=report.slices[:1])
    assert "see the end of the page" in evaluation_page.render(measured, TODAY)


def test_without_matplotlib_the_tables_stand_alone(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "are_possible", lambda: False)
    page = evaluation_page.render(report, TODAY)
    assert "<svg" not in page
    assert "Calibration error" in page


def test_the_shipped_models_are_measured_on_what_they_never_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "are_possible", lambda: False)
    page = tmp_path / "page.html"
    answer = command("evaluate", "--page", str(page), "--json")
    assert answer.status == 0
    told = json.loads(answer.out)
    assert told["rows"] > 1000
    assert {each["category"] for each in told["details"]["categories"]} == {each.value for each in Category}
    assert told["public"] == []
    assert "patterns: 0 of" in answer.err
    assert "What is taken for what" in page.read_text(encoding="utf-8")
    assert 'pip install "modbot[reports]"' in answer.err


def test_a_folder_that_is_not_there_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    for options in (["--page", str(tmp_path / "none" / "page.html")], ["--data", str(tmp_path / "none")]):
        answer = command("evaluate", *options)
        assert answer.status != 0
        assert "There is no folder" in answer.err
        assert "texts scored" not in answer.err
