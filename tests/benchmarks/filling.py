"""An archive with many comments, made by the bot's own code; only the classifiers' answers are kept ready.

Every comment is archived, judged, queued and logged like any other, so tables, indexes and log are what they
would be after as many comments from a platform. No case is decided, which is the most that a near-identical
text can be compared with. The texts are pieced together from real ones, the scores are those of real ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from classifiers.base import Category
from classifiers.ensemble import Assessment
from classifiers.marking import EVERYTHING
from modbot.judging import Assessor
from modbot.pipeline import Scorer
from modbot.records import archive
from modbot.store import Store
from modbot.wiring import Bot
from platforms.base import Batch
from platforms.replay import Columns, event_of
from tests.benchmarks import installation
from tests.benchmarks.plan import SEED

AT_ONCE = 1_000
ASSESSED = 4_000


class Remembered:
    """Gives the assessments of real texts in turn, whatever it is asked."""

    absent: Mapping[str, str] = {}

    def __init__(self, real: Assessor, texts: Sequence[str]) -> None:
        self.version = real.version
        self._turns = random.Random(SEED)
        self._known = real.assess(texts)

    def assess(
        self,
        texts: Sequence[str],
        topics: Sequence[str] = (),
        marked_from: Mapping[Category, float] = EVERYTHING,
    ) -> list[Assessment]:
        return self._turns.choices(self._known, k=len(texts))

    def close(self) -> None:
        pass


class Filler:
    """Fills one bot's archive; numbers its comments upwards from the last."""

    def __init__(self, bot: Bot, texts: Sequence[str]) -> None:
        real = bot.scorer
        self._store = bot.store
        self._texts = pieced_together(texts)
        ready = Remembered(real.ensemble, texts[:ASSESSED])
        self._scorer = Scorer(bot.store, ready, real.policy, real.thresholds, worker="filler", batch=AT_ONCE)
        self.archived = 0

    def fill_to(self, count: int) -> None:
        while self.archived < count:
            texts = list(islice(self._texts, min(AT_ONCE, count - self.archived)))
            arrive(self._store, texts, self.archived)
            self._scorer.run_once()
            self.archived += len(texts)


def arrive(store: Store, texts: Sequence[str], first: int) -> None:
    """Archive the texts as one poll's comments, numbered from `first`."""
    events = [
        event_of(installation.row(first + n, text), first + n, Columns()) for n, text in enumerate(texts)
    ]
    archive.take_in(store, installation.PAGE, Batch(events, cursor=str(first + len(texts))))


def pieced_together(texts: Sequence[str]) -> Iterator[str]:
    """Texts as long as real ones, and as unlike each other: runs of words out of several."""
    chance = random.Random(SEED)
    words = [text.split() for text in texts if text.strip()]
    while True:
        length = len(chance.choice(words))
        pieces: list[str] = []
        while len(pieces) < length:
            source = chance.choice(words)
            start = chance.randrange(len(source))
            pieces += source[start : start + 6]
        yield " ".join(pieces[:length])
