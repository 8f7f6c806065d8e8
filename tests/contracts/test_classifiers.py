"""What every registered classifier must do. A new one needs nothing here."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import classifiers
from classifiers.base import Classifier, Scores

MODELS = Path(classifiers.__file__).parent.parent / "models"
DISTRICT = Path(__file__).parent.parent / "data" / "district"
"""What the members that read a district's own files find there; all of it invented."""

COMMON = [
    "Thank you to the whole crew, the concert was wonderful!",
    "Vote NO on Measure 4, neighbors, and vote every one of them out",
    "k1ll y0ur5elf you f*cking idiot",
    "I'll be at the gate with a gun for you tomorrow 🔫",
    "Lawn care, first cut free, text me at 206-555-0142 or www.lawn.example.com",
    "Nate Orr, 6th grade, was expelled. The side door pin is 90210",
    "vota no por la medida, por favor 🙏🏽",
]
STRANGE = [
    "",
    " ",
    "\n\t\r",
    "x" * 10_000,
    "shoot you " * 1_000,
    "😀" * 5_000,
    "👨‍👩‍👧‍👦 🏳️‍🌈 🇺🇸 1️⃣",
    "\ud800 lone \udfff surrogates",
    "nul \x00 and \x1b[31mescape",
    "\u202eright to left\u202c שלום مرحبا",
    "Z\u0351\u036b\u0343a\u0328l\u0321g\u0322o kill y\u0336o\u0336u\u0336",
    "안녕하세요 学校 школа สวัสดี",
    "\U0010ffff\ufffe\ufeff",
]


@pytest.fixture(scope="module", params=classifiers.names())
def loaded(request: pytest.FixtureRequest) -> Classifier:
    found = classifiers.load(request.param)
    classifier = found(DISTRICT if found.district else MODELS)
    classifier.load()
    return classifier


def valid(classifier: Classifier, texts: Sequence[str], results: Sequence[Scores]) -> bool:
    assert len(results) == len(texts)
    for text, scores in zip(texts, results, strict=True):
        assert set(scores) <= classifier.categories
        for score in scores.values():
            assert 0.0 <= score.probability <= 1.0
            for span in score.spans:
                assert 0 <= span.start < span.end <= len(text)
                assert span.reason.strip()
    return True


def test_a_batch_gives_one_result_a_text(loaded: Classifier) -> None:
    texts = COMMON + STRANGE
    assert valid(loaded, texts, loaded.classify(texts))


def test_nothing_in_gives_nothing_out(loaded: Classifier) -> None:
    assert loaded.classify([]) == []


def test_it_has_something_to_say_about_at_least_one_plain_breach(loaded: Classifier) -> None:
    best = max(score.probability for scores in loaded.classify(COMMON) for score in scores.values())
    assert best > 0.5


def test_a_text_alone_gets_what_it_gets_in_a_batch(loaded: Classifier) -> None:
    texts = COMMON + STRANGE
    assert [loaded.classify([text])[0] for text in texts] == loaded.classify(texts)


def test_the_order_of_a_batch_does_not_matter(loaded: Classifier) -> None:
    texts = COMMON + STRANGE
    assert loaded.classify(texts[::-1])[::-1] == loaded.classify(texts)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=())) | st.sampled_from(COMMON), max_size=6))
def test_any_text_is_scored_the_same_alone_and_together(loaded: Classifier, texts: list[str]) -> None:
    together = loaded.classify(texts)
    assert valid(loaded, texts, together)
    assert [loaded.classify([text])[0] for text in texts] == together


def test_the_constructor_only_stores(loaded: Classifier, tmp_path: Path) -> None:
    """Making one reads nothing, so that a broken installation fails where it can be told."""
    made = type(loaded)(tmp_path / "absent")
    assert made.models == tmp_path / "absent"


def test_classifying_before_loading_loads(loaded: Classifier) -> None:
    assert type(loaded)(loaded.models).classify(COMMON) == loaded.classify(COMMON)


def test_loading_twice_changes_nothing(loaded: Classifier) -> None:
    before = loaded.classify(COMMON)
    loaded.load()
    assert loaded.classify(COMMON) == before


def test_the_version_is_a_stable_word(loaded: Classifier) -> None:
    assert loaded.version == type(loaded)(loaded.models).version
    assert loaded.version
    assert not set(loaded.version) & set(" +:\n")


def test_it_is_registered_under_its_own_name(loaded: Classifier) -> None:
    assert isinstance(loaded, classifiers.load(loaded.name))
    assert loaded.categories


def test_two_threads_get_what_one_gets(loaded: Classifier) -> None:
    fresh = type(loaded)(loaded.models)
    expected = loaded.classify(COMMON)
    with ThreadPoolExecutor(4) as pool:
        assert all(result == expected for result in pool.map(fresh.classify, [COMMON] * 24))


def test_it_knows_neither_the_bot_nor_a_platform(loaded: Classifier) -> None:
    module = sys.modules[type(loaded).__module__]
    spec = find_spec(module.__name__)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & {"modbot", "platforms"}
