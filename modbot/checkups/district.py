"""What the district wrote for its classifiers: its election, which may be over, and its matched pairs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from modbot import elections, matched_pairs
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.elections import Standing, When
from modbot.errors import ConfigError
from modbot.store import utcnow


def district(settings: Settings) -> Iterator[Finding]:
    if standing := elections.standing(settings, utcnow()):
        yield _election(standing)
    yield from _pairs(settings)


def _election(standing: Standing) -> Finding:
    found, file = standing.election, standing.file
    if standing.when is When.OVER:
        says = f"{found.name} was on {_day(found.day)}: calls to vote about it are still shown to people"
        remedy = (
            f"Write the next one into {file} and start modbot again; "
            'or take "ballot" out of [classifiers] members until then.'
        )
        return look("election", says, remedy)
    if standing.when is When.AHEAD:
        says = (
            f"{found.name} begins on {_day(found.begins)}; calls to vote about it are shown to people already"
        )
        return look("election", says, f"If another comes first, write that one into {file}.")
    if not (found.candidate or found.measure):
        says = f"{found.name} names no candidate and no measure, so nothing is found"
        return look("election", says, f"Write them into {file} and start modbot again.")
    named = f"candidates: {len(found.candidate)}, measures: {len(found.measure)}"
    return fine("election", f"{found.name}, until {_day(found.day)}: {named}")


def _day(day: date) -> str:
    return f"{day:%B %-d, %Y}"


def _pairs(settings: Settings) -> Iterator[Finding]:
    try:
        found = matched_pairs.written(settings)
    except ConfigError as error:
        yield wrong("matched pairs", f"neutrality is not measured. {error}", error.remedy)
        return
    if found:
        yield fine("matched pairs", f"{len(found)} of the district's own are part of the neutrality audit")
