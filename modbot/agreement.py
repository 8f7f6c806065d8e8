"""How far two people who decide the same case, neither knowing of the other, agree.

Krippendorff's alpha for nominal data: 1 is full agreement, 0 what chance would bring. After K. Krippendorff,
Computing Krippendorff's Alpha-Reliability (University of Pennsylvania, 2011); its worked figures are tested.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.store import Store, table
from modbot.tables import SecondLook, SecondOpinion

looks, opinions = table(SecondLook), table(SecondOpinion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    clause: str
    """Empty for all cases together."""
    pairs: int
    agreed: int
    alpha: float | None
    """None where nobody ever chose differently, in which case chance cannot be told from skill."""


def measure(store: Store, since: datetime, until: datetime) -> list[Agreement]:
    """Of the second opinions given from `since` to before `until`: all cases, then each clause by its id."""
    with store.read() as connection:
        return between(connection, since, until)


def between(connection: Connection, since: datetime, until: datetime) -> list[Agreement]:
    """As `measure`, in a view of the database that is open already."""
    rows = connection.execute(
        sa.select(looks.c.clauses, looks.c.first_choice, opinions.c.choice)
        .join_from(opinions, looks, looks.c.id == opinions.c.look_id)
        .where(opinions.c.at >= since, opinions.c.at < until)
        .order_by(opinions.c.id)
    ).all()
    pairs = [(frozenset(row.clauses.split()), (row.first_choice, row.choice)) for row in rows]
    clauses = sorted({clause for under, _ in pairs for clause in under})
    everything = _agreement("", [pair for _, pair in pairs])
    return [
        everything,
        *(_agreement(each, [pair for under, pair in pairs if each in under]) for each in clauses),
    ]


def _agreement(clause: str, pairs: Sequence[tuple[str, str]]) -> Agreement:
    agreed = sum(first == second for first, second in pairs)
    return Agreement(clause=clause, pairs=len(pairs), agreed=agreed, alpha=alpha(pairs))


def alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Each unit is the values that its observers gave it, in any number; a missing one is left out.

    None where no two values could be compared, or all of them are the same.
    """
    coincidences: dict[tuple[Hashable, Hashable], float] = defaultdict(float)
    for values in units:
        for pair in permutations(values, 2):
            coincidences[pair] += 1 / (len(values) - 1)
    totals: dict[Hashable, float] = defaultdict(float)
    for (value, _), weight in coincidences.items():
        totals[value] += weight
    n = sum(totals.values())
    expected = n * n - sum(total * total for total in totals.values())
    if expected <= 0:
        return None
    observed = sum(weight for (one, other), weight in coincidences.items() if one != other)
    return 1 - (n - 1) * observed / expected
