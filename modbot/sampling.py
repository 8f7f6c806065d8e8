"""Which decided cases a second person looks at."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass

RANDOM, CLAUSE = "random", "clause"
_CHANCE = random.SystemRandom()
"""Nobody can know beforehand which decision will be looked at again."""


@dataclass(frozen=True, slots=True)
class Sampling:
    share: float = 0.0
    """Of all decided cases, from 0 to 1."""
    clauses: frozenset[str] = frozenset()
    """Clauses in doubt: every case under one of them."""

    def reason(self, clauses: Collection[str]) -> str:
        """Why a case under these clauses gets a second look: clause, random, or nothing for most."""
        if self.clauses.intersection(clauses):
            return CLAUSE
        return RANDOM if _CHANCE.random() < self.share else ""
