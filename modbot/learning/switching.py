"""When people adopt a model, or go back, each scorer changes over between two of its rounds."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog

from modbot import wiring
from modbot.config import Settings
from modbot.learning import in_use
from modbot.learning.in_use import InUse
from modbot.pipeline import Scorer
from modbot.store import Store

log = structlog.get_logger()


class Switch:
    """Of one service, for all its scorers."""

    def __init__(self, store: Store, settings: Settings, scorers: Sequence[Scorer]) -> None:
        self._store = store
        self._settings = settings
        self._scorers = scorers
        self._lock = threading.Lock()
        self._uses = self._look()
        self._made = scorers[0].ensemble, scorers[0].thresholds

    def follow(self, scorer: Scorer) -> None:
        """Have this scorer use what is in use now; called when it is between two rounds."""
        now = self._look()
        with self._lock:
            if now.models != self._uses.models:
                made = wiring.scoring_by(self._settings, now.models)
                log.info("models.changed", model=now.number, trouble=now.trouble)
                self._uses, self._made = now, made
            if scorer.ensemble is self._made[0]:
                return
            before = scorer.ensemble
            scorer.ensemble, scorer.thresholds = self._made
            if all(each.ensemble is not before for each in self._scorers):
                before.close()

    def _look(self) -> InUse:
        with self._store.read() as connection:
            return in_use.found(connection, self._settings)
