"""What the members say of scored comments under a model in shadow, as they would if it were in use.

Its own linear member is asked, in a process of its own. What the others said is on record, because they are
the same; but a costly one is asked where the running models spared a comment that this one leaves in doubt,
and not heard where this one would spare it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import classifiers
from classifiers.base import Scores
from classifiers.joining import Rules
from modbot.config import Settings
from modbot.learning import in_use
from modbot.scoring_process import ScoringProcess

NICE = 10
LINEAR = "linear"
"""By its name: the module would bring scipy into the bot's own process."""

Heard = dict[str, Scores]
"""By member."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A comment as the running models scored it."""

    score_id: int
    comment_id: int
    text: str
    topic: str
    scores: Scores
    members: Mapping[str, Scores]


class Hearing:
    """`folder` and `rules`: of the model in shadow. A process is begun for each member that is asked."""

    def __init__(self, folder: Path, rules: Rules, settings: Settings) -> None:
        self._folder = folder
        self.rules = rules
        self._settings = settings
        self._processes: dict[str, ScoringProcess] = {}

    def close(self) -> None:
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    def heard(self, waiting: Sequence[Scored]) -> list[Heard]:
        """Without the linear member where it fails at a comment: then nothing can be compared."""
        found = [
            self._on_record(each) | own for each, own in zip(waiting, self._ask(LINEAR, waiting), strict=True)
        ]
        for costly in self.rules.spared:
            found = self._with_costly(costly, waiting, found)
        return found

    def _on_record(self, each: Scored) -> Heard:
        return {
            name: said
            for name, said in each.members.items()
            if name != LINEAR and (name in self.rules.known or not _advises(name))
        }

    def _with_costly(self, costly: str, waiting: Sequence[Scored], found: Sequence[Heard]) -> list[Heard]:
        others = [{name: said for name, said in one.items() if name != costly} for one in found]
        spared = [self.rules.spares(costly, one) for one in others]
        unasked = [
            index
            for index, one in enumerate(found)
            if costly in self._settings.classifiers.members and costly not in one and not spared[index]
        ]
        fresh = dict(zip(unasked, self._ask(costly, [waiting[index] for index in unasked]), strict=True))
        return [
            others[index] if spared[index] else one | fresh.get(index, {}) for index, one in enumerate(found)
        ]

    def _ask(self, member: str, waiting: Sequence[Scored]) -> list[Heard]:
        """What this member says of each; nothing where it fails. Raises ClassifierError, OSError."""
        if not waiting:
            return []
        if member not in self._processes:
            district = in_use.district_of(self._settings)
            self._processes[member] = ScoringProcess((member,), self._folder, district, niceness=NICE)
        found = self._processes[member].assess(
            [each.text for each in waiting], [each.topic for each in waiting], marked_from={}
        )
        return [{name: said for name, said in one.members.items() if name == member} for one in found]


@cache
def _advises(member: str) -> bool:
    """Whether it is heard and does not count where no rule weighs it."""
    return member in classifiers.names() and classifiers.load(member).advisory
