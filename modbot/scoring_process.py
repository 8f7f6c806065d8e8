"""The ensemble in a process of its own: a classifier that hangs or crashes costs its text, not the bot.

A thread that hangs cannot be ended, and threads share one processor; a process can, and it scores while the
bot archives. It is started when first asked and again after it ended, and ends with the bot that started it.

    bot    texts ──────────────► child     one list of texts at a time
           ◄─────── packed scores          or why no classifier could score them
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, TypeAlias

from classifiers import languages
from classifiers.base import Category, ClassifierError, ClassifierFailed, Score, Scores, Span
from classifiers.ensemble import Assessment, Ensemble
from classifiers.marking import EVERYTHING
from modbot.garbage import settle
from modbot.members import ensemble_of

START_SECONDS = 120.0
"""For starting and loading every model, on a slow and busy machine."""
ANSWER_SECONDS = 15.0
EACH_SECONDS = 0.25
"""A list of n texts may take `ANSWER_SECONDS + n * EACH_SECONDS`; the slowest text there is takes one."""
GRACE_SECONDS = 5.0
"""By then it should have ended itself."""
IN_A_ROW = 3
"""So many texts that fail alone, one after the other: then it is not the texts."""

Packed: TypeAlias = tuple[Any, ...]
_NOTHING = Score(0.0)
_CATEGORIES = {category.value: category for category in Category}


class ScoringProcess:
    """Answers as the ensemble of these members does. The constructor starts nothing."""

    def __init__(
        self,
        members: tuple[str, ...],
        models: Path,
        district: Path,
        answer_seconds: float = ANSWER_SECONDS,
        niceness: int = 0,
    ) -> None:
        self._members = members
        self._answer_seconds = answer_seconds
        self._recipe = json.dumps([members, str(models), str(district), answer_seconds, niceness])
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._ready = False
        self._version = ""
        self._absent: Mapping[str, str] = {}

    def start(self) -> None:
        """Have it load its models meanwhile; whoever asks first waits for that."""
        self.close()
        self._line, theirs = Pipe()
        with theirs:
            # -P: nothing that lies in the folder where the bot was started is taken for a module.
            command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), self._recipe]
            self._child = subprocess.Popen(  # noqa: S603 - this Python, our own module
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )

    @property
    def version(self) -> str:
        """As `Ensemble.version`, of the process that answered last. Raises ClassifierFailed."""
        if not self._version:
            with self._turn:
                self._greeted()
        return self._version

    @property
    def absent(self) -> Mapping[str, str]:
        with self._turn:
            self._greeted()
        return self._absent

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    def assess(
        self,
        texts: Sequence[str],
        topics: Sequence[str] = (),
        marked_from: Mapping[Category, float] = EVERYTHING,
    ) -> list[Assessment]:
        """As `Ensemble.assess`, for any thread. A text at which it hangs or crashes has no member."""
        if not texts:
            return []
        with self._turn:
            try:
                return self._ask(texts, topics, marked_from)
            except _Lost as lost:
                if len(texts) == 1:
                    raise ClassifierFailed(str(lost)) from None
            return self._one_by_one(texts, topics or [""] * len(texts), marked_from)

    def close(self) -> None:
        """End it; asking again starts it anew."""
        child, self._child = self._child, None
        line, self._line = self._line, None
        self._ready = False
        if line is not None:
            line.close()
        if child is not None:
            child.kill()
            child.wait()

    def _one_by_one(
        self, texts: Sequence[str], topics: Sequence[str], marked_from: Mapping[Category, float]
    ) -> list[Assessment]:
        found: list[Assessment] = []
        failed = 0
        for text, topic in zip(texts, topics, strict=True):
            try:
                found += self._ask([text], [topic], marked_from)
                failed = 0
            except _Lost as lost:
                failed += 1
                if failed == IN_A_ROW:
                    raise ClassifierFailed(str(lost)) from None
                found.append(Assessment({}, {}, tuple(sorted(self._members))))
        return found

    def _ask(
        self, texts: Sequence[str], topics: Sequence[str], marked_from: Mapping[Category, float]
    ) -> list[Assessment]:
        line = self._greeted()
        with self._not_lost():
            line.send((list(texts), list(topics), dict(marked_from)))
        answer = self._received(line, _limit(len(texts), self._answer_seconds) + GRACE_SECONDS)
        if isinstance(answer, str):
            raise ClassifierFailed(answer)
        return [_unpacked(each) for each in answer]

    def _greeted(self) -> Connection:
        """The line to a process that is ready."""
        try:
            if self._line is None:
                self.start()
            line = self._line
            assert line is not None  # noqa: S101 - `start` made it
            greeting = None if self._ready else self._received(line, START_SECONDS)
        except _Lost as lost:
            raise ClassifierFailed(f"the classifiers cannot be started: {lost}") from None
        if isinstance(greeting, str):
            self.close()
            raise ClassifierFailed(greeting)
        if greeting is not None:
            self._version, self._absent = greeting
            self._ready = True
        return line

    def _received(self, line: Connection, seconds: float) -> Any:
        with self._not_lost():
            if line.poll(seconds):
                return line.recv()
        self.close()
        raise _Lost(f"no answer in {seconds:.0f} s")

    @contextlib.contextmanager
    def _not_lost(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError):
            code = None if self._child is None else self._child.wait()
            self.close()
            raise _Lost(f"the scoring process ended (exit code {code})") from None


class _Lost(Exception):
    """It did not answer, and was ended."""


def _limit(count: int, answer_seconds: float) -> float:
    return answer_seconds + count * EACH_SECONDS


def main(line: Connection, recipe: str) -> None:
    """The child's life: load, say who it is, answer until the bot is gone."""
    # Ctrl-C reaches every process of a terminal; this one ends when its line does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    members, models, district, seconds, niceness = json.loads(recipe)
    os.nice(niceness)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        # First, because it needs for a moment what the models then use: 30 MB less at the peak.
        languages.load()
        try:
            ensemble, _ = ensemble_of(tuple(members), Path(models), Path(district))
        except ClassifierError as error:
            line.send(str(error))
            return
        settle()
        line.send((ensemble.version, ensemble.absent))
        while True:
            line.send(_answer(ensemble, seconds, *line.recv()))


def _answer(
    ensemble: Ensemble,
    seconds: float,
    texts: Sequence[str],
    topics: Sequence[str],
    marked_from: Mapping[Category, float],
) -> list[Packed] | str:
    # Ends this process even where a classifier holds the interpreter, and shows where it stood.
    faulthandler.dump_traceback_later(_limit(len(texts), seconds), exit=True)
    try:
        return [_packed(each) for each in ensemble.assess(texts, topics, marked_from)]
    except ClassifierFailed as error:
        return str(error)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _packed(found: Assessment) -> Packed:
    """Plain tuples: a tenth of the time of sending the objects."""
    members = [(name, _packed_scores(scores)) for name, scores in found.members.items()]
    reported = _packed_score(found.reported)
    return _packed_scores(found.scores), members, found.absent, found.covered, found.uncounted, reported


def _packed_scores(scores: Scores) -> list[Packed]:
    return [(category.value, *_packed_score(score)) for category, score in scores.items()]


def _packed_score(score: Score) -> Packed:
    return score.probability, [(span.start, span.end, span.reason) for span in score.spans]


def _unpacked(packed: Packed) -> Assessment:
    scores, members, absent, covered, uncounted, reported = packed
    by_member = {name: _scores(each) for name, each in members}
    return Assessment(_scores(scores), by_member, absent, covered, uncounted, _score(*reported))


def _scores(packed: Sequence[Packed]) -> Scores:
    return {_CATEGORIES[name]: _score(probability, spans) for name, probability, spans in packed}


def _score(probability: float, spans: Sequence[Packed]) -> Score:
    return Score(probability, tuple(Span(*span) for span in spans)) if probability else _NOTHING


if __name__ == "__main__":
    main(Connection(int(sys.argv[1])), sys.argv[2])
