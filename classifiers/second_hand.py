"""Reports of somebody else's threat: "my son says a kid will bring a gun tomorrow".

Such a comment breaks no rule and carries no category, and still a person must hear of it at once: the policy
makes it urgent, with nothing to remove. A report is a telling (who says it, where it stands) near a harm. The
words are data (`second_hand.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from classifiers.base import Score, Span
from classifiers.fingerprint import code_version
from classifiers.normalize import normalize
from classifiers.patterns import PLAIN
from classifiers.required import Prefilter

FORMS = Path(__file__).with_name("second_hand.toml")
REASON = "tells of a threat, a weapon or danger to life that is not the writer's own"
BEFORE, AFTER = 160, 90
"""Characters between a harm and who told of it: mostly the telling comes first."""
AROUND = 70
"""Characters around a harm in which a figure of speech is looked for."""

Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forms:
    """The words of a file, compiled."""

    likely: Prefilter
    """Which harms a text could match."""
    telling: Patterns
    harm: Patterns
    before: Patterns
    after: Patterns
    settled: re.Pattern[str]
    pending: re.Pattern[str]
    probability: float


def score(text: str) -> Score:
    """How sure it is that the text reports somebody else's threat, and where; 0 where it does not."""
    spans = find(text)
    return Score(shipped().probability, spans) if spans else Score(0.0)


def find(text: str) -> tuple[Span, ...]:
    """Where the text reports somebody else's threat; empty where it does not. Time is linear."""
    return search(text, shipped())


def search(text: str, forms: Forms) -> tuple[Span, ...]:
    normalized = normalize(text)
    plain = normalized.text if normalized.text.isascii() else normalized.text.translate(PLAIN)
    possible = [forms.harm[number] for number in forms.likely.possible(plain)]
    harms = [match.span() for match in _matches(possible, plain) if not _figure(forms, plain, match)]
    if not harms or (forms.settled.search(plain) and not forms.pending.search(plain)):
        return ()
    tellings = [match.span() for match in _matches(forms.telling, plain)]
    near = sorted({harm for harm in harms if any(_near(telling, harm) for telling in tellings)})
    return tuple(Span(*normalized.original_span(*place), REASON) for place in _apart(near))


def version() -> str:
    return code_version("second_hand.py", "second_hand.toml", "patterns.py")


@cache
def shipped() -> Forms:
    return read(FORMS)


def read(path: Path) -> Forms:
    """Raises KeyError or re.error for a mistake in the file."""
    with path.open("rb") as file:
        data = tomllib.load(file)
    lists: dict[str, str] = {}
    for name, expression in data["lists"].items():
        lists[name] = _filled(expression, lists)
    right, hits = data["measured"]
    harm = _compiled(data["harm"], lists)
    return Forms(
        likely=Prefilter(harm),
        telling=_compiled(data["telling"], lists),
        harm=harm,
        before=_compiled({"": data["figure"]["before"]}, lists),
        after=_compiled({"": data["figure"]["after"]}, lists),
        settled=re.compile(data["over"]["settled"]),
        pending=re.compile(data["over"]["pending"]),
        probability=(right + 1) / (hits + 2),
    )


def _compiled(groups: Mapping[str, Any], lists: Mapping[str, str]) -> Patterns:
    return tuple(re.compile(_filled(one, lists)) for several in groups.values() for one in several)


def _filled(expression: str, lists: Mapping[str, str]) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda match: lists[match.group(1)], expression)


def _matches(patterns: Sequence[re.Pattern[str]], plain: str) -> Iterator[re.Match[str]]:
    return (match for pattern in patterns for match in pattern.finditer(plain))


def _figure(forms: Forms, plain: str, match: re.Match[str]) -> bool:
    """Whether what stands around shows that nobody means it."""
    before = plain[max(0, match.start() - AROUND) : match.start()]
    after = plain[match.end() : match.end() + AROUND]
    return any(one.search(before) for one in forms.before) or any(one.search(after) for one in forms.after)


def _near(telling: tuple[int, int], harm: tuple[int, int]) -> bool:
    first, last = telling[0], harm[1]
    return first <= harm[0] <= telling[1] + BEFORE or harm[0] < first <= last + AFTER


def _apart(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted places, those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in places:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return found
