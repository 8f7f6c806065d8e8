"""The election that the district wrote down: whether it is still to come, under way or over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from classifiers import ballot
from classifiers.ballot import Ballot, Election
from classifiers.base import ModelMissing
from modbot.config import Settings
from modbot.learning import in_use


class When(StrEnum):
    AHEAD = "ahead"
    NOW = "now"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Standing:
    election: Election
    when: When
    file: Path


def standing(settings: Settings, now: datetime) -> Standing | None:
    """By the calendar where the district is.

    None where `ballot` is not used, or where its file cannot be read: then it is named as absent.
    """
    if Ballot.name not in settings.classifiers.members:
        return None
    folder = in_use.district_of(settings)
    try:
        found = ballot.read(folder)
    except ModelMissing:
        return None
    today = now.astimezone(ZoneInfo(settings.district.timezone)).date()
    when = When.OVER if today > found.day else When.AHEAD if today < found.begins else When.NOW
    return Standing(found, when, folder / ballot.FILE)
