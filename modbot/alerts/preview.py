"""What the people on call would get for an urgent case, where nothing is sent: for the practice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from modbot.alerts import watching, wording
from modbot.alerts.delivering import Due
from modbot.alerts.settings import About
from modbot.config import Settings


@dataclass(frozen=True, slots=True)
class Preview:
    subject: str
    lines: tuple[str, ...]


def urgent(settings: Settings, page: str, clauses: Sequence[str], at: datetime) -> Preview:
    """`page`: its title. `clauses`: of the case, the surest first."""
    body = {
        "about": About.URGENT,
        "says": watching.in_words(page, clauses),
        "clauses": list(clauses),
        "drill": False,
    }
    first = Due(
        alert_id=0,
        step=0,
        channel="",
        person="",
        ladder=0,
        place=0,
        attempts=1,
        digest=False,
        raised_at=at,
        again=False,
        failed_before=False,
    )
    told = wording.lines(settings, [first], [body])
    return Preview(wording.subject(settings, body), tuple(told))
