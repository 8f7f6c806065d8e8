from __future__ import annotations

from pathlib import Path

import pytest

from classifiers.training import reading
from tests.modbot.installation import Answer, settings_file
from tests.modbot.installation import command as run


@pytest.fixture(autouse=True)
def a_tenth_of_the_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it takes a minute; the audit's own pairs are the same."""
    rows = list(reading.corpus())[::10]
    monkeypatch.setattr(reading, "corpus", lambda: iter(rows))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Two quick members, so that the test is quick."""
    return settings_file(
        tmp_path / "office", "sqlite:///none.db", '[classifiers]\nmembers = ["patterns", "linear"]'
    )


def audit(settings: Path, *options: str) -> Answer:
    return run("audit", "neutrality", "--config", str(settings), *options)


def test_the_audit_is_data_and_a_page_that_needs_nothing_else(tmp_path: Path, settings: Path) -> None:
    page = tmp_path / "report.html"
    answer = audit(settings, "--json", "--page", str(page))
    assert answer.status == (0 if answer.data["passed"] else 3)
    assert answer.data["pooled"]["pairs"] >= 105
    assert {"strata", "issues", "gaps", "groups", "slices", "examples"} <= answer.data.keys()
    html = page.read_text(encoding="utf-8")
    assert "opposite opinions that no model learned from" in html
    assert "http" not in html
    assert "<script" not in html


def test_a_districts_own_pairs_are_part_of_the_audit_and_mistakes_in_them_end_it(settings: Path) -> None:
    own = settings.parent / "district" / "pairs.jsonl"
    own.parent.mkdir()
    own.write_text('{"issue": "bells", "first": "Bells on", "second": "Bells off", "breaks": false}\n')
    answer = audit(settings, "--json")
    found = {each["name"]: each["pairs"] for each in answer.data["strata"]}
    assert found["opposite opinions on the district's own issues"] == 1
    assert answer.data["pooled"]["pairs"] > 1
    own.write_text('{"issue": "bells"}\n')
    broken = audit(settings)
    assert broken.status == 1
    assert f"own pairs in {own} have mistakes" in " ".join(broken.err.split())
    assert "line 1: first: Field required" in " ".join(broken.err.split())


def test_people_read_a_table_and_what_to_do_with_a_failed_result(
    monkeypatch: pytest.MonkeyPatch, settings: Path
) -> None:
    from classifiers.neutrality import checking

    # No model is so bad that it fails a margin of a hundredth of a point; this one must.
    monkeypatch.setattr(checking, "POOLED", 0.0001)
    answer = audit(settings)
    assert answer.status == 3
    assert "opposite opinions, all" in answer.out
    assert "Failed: opposite opinions, all: the difference lies between" in answer.out
    assert "Not passed. Do not use this model" in answer.out
