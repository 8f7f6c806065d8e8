"""What the district wrote for its classifiers: its election, which may be over, and its matched pairs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from classifiers import ballot
from classifiers.ballot import Ballot, Election
from classifiers.base import ModelMissing
from modbot import matched_pairs
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.learning import in_use
from modbot.store import utcnow


def district(settings: Settings) -> Iterator[Finding]:
    if Ballot.name in settings.classifiers.members:
        today = utcnow().astimezone(ZoneInfo(settings.district.timezone)).date()
        yield from _election(settings, today)
    yield from _pairs(settings)


def _election(settings: Settings, today: date) -> Iterator[Finding]:
    folder = in_use.district_of(settings)
    try:
        found = ballot.read(folder)
    except ModelMissing:
        return  # said of the classifier, which cannot be loaded
    file = folder / ballot.FILE
    another = f"Write the next one into {file} and start modbot again"
    if today > found.day:
        says = f"{found.name} was on {_day(found.day)}: calls to vote about it are still shown to people"
        yield look("election", says, f'{another}; or take "ballot" out of [classifiers] members until then.')
    elif today < found.begins:
        says = (
            f"{found.name} begins on {_day(found.begins)}; calls to vote about it are shown to people already"
        )
        yield look("election", says, f"If another comes first, write that one into {file}.")
    elif not (found.candidate or found.measure):
        says = f"{found.name} names no candidate and no measure, so nothing is found"
        yield look("election", says, f"Write them into {file} and start modbot again.")
    else:
        yield fine("election", f"{found.name}, until {_day(found.day)}: {_named(found)}")


def _named(found: Election) -> str:
    return f"candidates: {len(found.candidate)}, measures: {len(found.measure)}"


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
