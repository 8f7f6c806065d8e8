"""A classifier that hangs or crashes costs its own text: the real child process, a real odd classifier."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from classifiers.base import Category, ClassifierFailed
from modbot import resources
from modbot.members import ensemble_of
from modbot.pipeline import Scorer
from modbot.scoring_process import IN_A_ROW, ScoringProcess
from modbot.store import Store
from modbot.tables import Case, Comment, Unscored
from modbot.tables import Score as ScoreRow
from tests.contracts.test_classifiers import COMMON, STRANGE
from tests.modbot.scene import LIMITS, district, said

ODD = """
import os, re, signal, time
from classifiers.base import Category, Classifier, ClassifierFailed, Score

class Odd(Classifier):
    name = "odd"
    categories = frozenset(Category)
    version = "1"

    def classify(self, texts):
        for text in texts:
            if "sleep" in text:
                time.sleep(10_000)
            if "hold the interpreter" in text:
                re.match("(a+)+$", "a" * 60 + "b")
            if "crash" in text:
                os.kill(os.getpid(), signal.SIGSEGV)
            if "refuse" in text:
                raise ClassifierFailed("refused")
        return [{each: Score(0.9 if "buy" in text else 0.0) for each in Category} for text in texts]
"""
ENTRY_POINT = "[modbot.classifiers]\nodd = odd_classifier:Odd\n"


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScoringProcess]:
    """Somebody's own classifier, installed as packages are."""
    (tmp_path / "odd_classifier.py").write_text(ODD)
    about = tmp_path / "odd-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with closing(ScoringProcess(("odd",), resources.models(), tmp_path, answer_seconds=2)) as process:
        yield process


def test_it_says_what_the_ensemble_in_this_process_says(tmp_path: Path) -> None:
    members, texts = ("patterns", "linear"), COMMON + STRANGE
    here, _ = ensemble_of(members, resources.models(), tmp_path)
    with closing(ScoringProcess(members, resources.models(), tmp_path)) as apart:
        assert apart.assess(texts) == here.assess(texts)
        assert (apart.version, apart.absent) == (here.version, here.absent)
        assert apart.assess([]) == []
        few = {Category.THREATS: 0.5}
        assert (
            apart.assess(texts, marked_from=few) == here.assess(texts, marked_from=few) != here.assess(texts)
        )


@pytest.mark.parametrize("bad", ["sleep", "hold the interpreter", "crash"])
def test_a_text_at_which_a_classifier_hangs_or_crashes_costs_no_other_text(
    odd: ScoringProcess, bad: str
) -> None:
    before, lost, after = odd.assess(["buy this", f"please {bad}", "hello"])
    assert before.scores[Category.COMMERCIAL].probability == 0.9
    assert after.scores[Category.COMMERCIAL].probability == 0.0
    assert lost.absent == ("odd",)
    assert not lost.scores


def test_alone_such_a_text_is_told_as_a_failure_and_the_next_is_scored(odd: ScoringProcess) -> None:
    with pytest.raises(ClassifierFailed, match="ended"):
        odd.assess(["crash"])
    assert odd.assess(["buy"])[0].scores[Category.COMMERCIAL].probability == 0.9


def test_what_the_ensemble_refuses_is_refused_in_its_words(odd: ScoringProcess) -> None:
    with pytest.raises(ClassifierFailed, match="odd: ClassifierFailed: refused"):
        odd.assess(["refuse"])


def test_when_every_text_fails_it_is_not_the_texts(odd: ScoringProcess) -> None:
    with pytest.raises(ClassifierFailed, match="ended"):
        odd.assess(["crash"] * (IN_A_ROW + 2))


def test_killed_from_outside_it_is_there_again_at_the_next_text(odd: ScoringProcess) -> None:
    odd.assess(["hello"])
    assert odd.pid is not None
    os.kill(odd.pid, signal.SIGKILL)
    assert len(odd.assess(["hello", "there"])) == 2


def test_models_that_are_not_there_are_named(tmp_path: Path) -> None:
    with (
        closing(ScoringProcess(("patterns",), tmp_path, tmp_path)) as process,
        pytest.raises(ClassifierFailed, match=r"manifest\.json"),
    ):
        process.assess(["hello"])


def test_it_ends_when_the_bot_is_killed(odd: ScoringProcess) -> None:
    program = (
        "import sys, time; from pathlib import Path; from modbot import resources, scoring_process\n"
        "it = scoring_process.ScoringProcess(('odd',), resources.models(), Path())\n"
        "it.assess(['hello']); print(it.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout is not None
        child = psutil.Process(int(bot.stdout.readline()))
        bot.kill()
    child.wait(timeout=60)


def test_a_comment_at_which_it_hangs_is_archived_and_waits_for_a_person(
    odd: ScoringProcess, store: Store
) -> None:
    here = district(store)
    here.arrive(said("1", "buy this"), said("2", "please sleep"), said("3", "hello"))
    scorer = Scorer(store, odd, here.rules, LIMITS, worker="here")
    outcome = scorer.run_once()
    assert (outcome.scored, outcome.not_scored) == (2, 1)
    assert len(here.rows(Comment)) == 3
    assert len(here.rows(ScoreRow)) == 2
    assert len(here.rows(Unscored)) == 1
    assert sorted(row.reason for row in here.rows(Case)) == ["flagged", "not_scored"]
