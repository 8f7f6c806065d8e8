"""Which engines and members a replay is measured with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks import engines, installation


@dataclass(frozen=True, slots=True)
class Run:
    """One replay: a name for its figures, the engine, and the members; none for a new installation's."""

    name: str
    engine: str
    members: Sequence[str] = ()


def runs(wanted: Sequence[str]) -> list[Run]:
    """The cheap members on each engine, then all members on the first."""
    found = engines.available(wanted)
    return [
        *(Run(name, name, installation.CHEAP) for name in found),
        Run(f"{found[0]}.all_members", found[0]),
    ]
