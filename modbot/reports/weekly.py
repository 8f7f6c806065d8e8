"""A week's report: its figures beside those of the weeks before, and what else is to be told.

There are two versions from the same figures. The internal one is for those who moderate; the public one names
nobody and withholds small numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.filters import InForce
from modbot.reports import changes, filters, measuring, training
from modbot.reports.capture import Gap, Out, Registered
from modbot.reports.changes import Change
from modbot.reports.extent import Extent, events
from modbot.reports.figures import MEANINGS, Figures, Key, Value
from modbot.reports.measuring import Measured
from modbot.reports.neutrality import Panel
from modbot.reports.protection import protect
from modbot.reports.training import Due
from modbot.reports.weeks import Week
from modbot.store import table
from modbot.tables import Checkpoint

checkpoints = table(Checkpoint)
UNREGISTERED = (
    "Not established. modbot sees the pages that were registered with it. An account of the district's that "
    "nobody registered does not appear here, because modbot has no list of the district's accounts to "
    "compare with. Compare the pages above with the district's own list."
)
"""Whether there are accounts that nobody watches."""
SILENT = timedelta(weeks=4)
"""A page without a comment for so long may be abandoned."""


class Version(StrEnum):
    INTERNAL = "internal"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Proof:
    """The log as it was when the week ended, and the last checkpoint signed before."""

    entry: int
    hash: str
    signed_entry: int | None
    signed_hash: str
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Basis:
    """Everything that both versions are made from."""

    district: str
    zone: ZoneInfo
    weeks: tuple[Measured, ...]
    """Oldest first; the report's own is the last."""
    clauses: dict[str, str]
    """Titles of the policy's clauses and watches."""
    policy: str
    classifier: str
    others: tuple[Change, ...]
    """What comments are not judged by: pages that were registered or changed, models out of use."""
    people: tuple[Change, ...]
    due: tuple[Due, ...]
    filters: Mapping[str, InForce]
    """By page, what was on record of its platform's own filters when the week ended."""
    panel: Panel
    proof: Proof


@dataclass(frozen=True, slots=True)
class Report:
    """One version. `course` are the weeks' figures, oldest first, the report's own last."""

    version: Version
    basis: Basis
    course: tuple[Figures, ...]

    @property
    def measured(self) -> Measured:
        return self.basis.weeks[-1]

    @property
    def week(self) -> Week:
        return self.measured.week

    @property
    def is_public(self) -> bool:
        return self.version is Version.PUBLIC

    def value(self, name: str, by: str = "", which: str = "", *, back: int = 0) -> Value:
        """A figure of this week, or of one `back` weeks before; None where there is none."""
        return self.course[-1 - back].get(Key(name, by, which))

    def run(self, name: str, by: str = "", which: str = "") -> list[Value]:
        """A figure's twelve weeks."""
        return [figures.get(Key(name, by, which)) for figures in self.course]

    def parts(self, name: str, by: str) -> list[str]:
        """What a figure of this week is broken down into."""
        return [key.which for key in self.course[-1] if (key.name, key.by) == (name, by)]

    def page(self, key: str) -> Registered:
        return next(page for page in self.measured.pages if page.key == key)

    def silent(self) -> list[Registered]:
        """Pages that nobody has written on for four weeks and more. Told in public, a count would be zero."""
        if self.is_public:
            return []
        before = self.measured.extent.end - SILENT
        return [
            page
            for page in self.measured.pages
            if not page.is_retired and max(page.watched_since, page.last_comment or page.since) < before
        ]

    def taken_out(self) -> dict[Out, list[Registered]]:
        """Times in which pages were not in the settings, of those that began or ended in this week."""
        start = self.measured.extent.start
        found: dict[Out, list[Registered]] = {}
        for page in self.measured.pages:
            for out in page.out:
                if max(out.start, out.end or out.start) >= start:
                    found.setdefault(out, []).append(page)
        return found

    def retired(self) -> list[Registered]:
        """Pages that were not in the settings when the week ended."""
        return [page for page in self.measured.pages if page.is_retired]

    def filters(self) -> list[str]:
        """Sentences about the platforms' own filters; what they look for is not for everybody."""
        return filters.told(self.measured.pages, self.basis.filters, named=not self.is_public)

    def every_key(self) -> list[Key]:
        """Every figure of any of the weeks, in the order of their meanings."""
        order = {name: place for place, name in enumerate(MEANINGS)}
        return sorted(
            {key for figures in self.course for key in figures}, key=lambda key: (order[key.name], key)
        )


def read(connection: Connection, district: str, zone: ZoneInfo, week: Week, patience: timedelta) -> Basis:
    """Measure a week and the eleven before it."""
    weeks = tuple(measuring.measure(connection, each, zone, patience) for each in week.course())
    span = weeks[-1].extent
    rules = changes.in_force(connection, span)
    return Basis(
        district=district,
        zone=zone,
        weeks=weeks,
        clauses={} if rules is None else changes.titles(rules),
        policy="" if rules is None else f"{rules.policy.name}, version {rules.policy.version}",
        classifier=changes.classifier_at(connection, span),
        others=tuple(changes.of_others(connection, span)),
        people=tuple(changes.of_people(connection, span)),
        due=tuple(training.due(connection, span, zone)),
        filters=filters.read(connection, weeks[-1].pages, span.last),
        panel=weeks[-1].panel,
        proof=_proof(connection, span),
    )


def _proof(connection: Connection, span: Extent) -> Proof:
    last = span.last
    digest = connection.execute(sa.select(events.c.hash).where(events.c.seq == last)).scalar() or ""
    # An entry of the week may be signed again after it.
    before = (checkpoints.c.seq <= last, checkpoints.c.at < span.end)
    signed = connection.execute(
        sa.select(checkpoints).where(*before).order_by(checkpoints.c.seq.desc()).limit(1)
    ).first()
    if signed is None:
        return Proof(last, digest, None, "", None)
    return Proof(last, digest, signed.seq, signed.hash, signed.at)


def version_of(basis: Basis, version: Version) -> Report:
    if version is Version.INTERNAL:
        return Report(version, basis, tuple(each.figures for each in basis.weeks))
    return Report(version, basis, tuple(protect(each.figures, each.pages) for each in basis.weeks))


def document(report: Report) -> dict[str, Any]:
    """All of it as data: every figure with its twelve weeks, and what is told in words."""
    zone, week = report.basis.zone, report.week
    return {
        "report": "weekly",
        "version": report.version.value,
        "district": report.basis.district,
        "week": str(week),
        "from": week.start(zone).astimezone(zone).isoformat(),
        "until": week.end(zone).astimezone(zone).isoformat(),
        "hours": week.hours(zone),
        "log": _log(report),
        "figures": list(_figures(report)),
        "gaps": [_gap(report, gap) for gap in report.measured.gaps],
        "closed_parts": [_gap(report, gap) for gap in report.measured.closed_parts],
        "changes": [_change(report, each) for each in (*report.measured.changes, *report.basis.others)],
        "people": [] if report.is_public else [_change(report, each) for each in report.basis.people],
        "training_due": [] if report.is_public else [_due(each) for each in report.basis.due],
        "silent_pages": [page.key for page in report.silent()],
        "pages": [_page(report, page) for page in report.measured.pages],
        "unregistered_pages": UNREGISTERED,
        "filters": report.filters(),
        "policy": report.basis.policy,
        "classifiers": report.basis.classifier,
        "neutrality": report.basis.panel.as_data(),
    }


def _log(report: Report) -> dict[str, Any]:
    """Numbers of entries count everything that happened, so the public version leaves them out."""
    proof = report.basis.proof
    told = {
        "hash": proof.hash,
        "checkpoint_hash": proof.signed_hash,
        "checkpoint_at": None if proof.signed_at is None else proof.signed_at.isoformat(),
    }
    return told if report.is_public else told | {"entry": proof.entry, "checkpoint_entry": proof.signed_entry}


def _figures(report: Report) -> Iterator[dict[str, Any]]:
    names = [str(each.week) for each in report.basis.weeks]
    for key in report.every_key():
        values = [figures.get(key) for figures in report.course]
        yield {
            "figure": key.name,
            "by": key.by,
            "which": key.which,
            "unit": MEANINGS[key.name].unit,
            "weeks": dict(zip(names, values, strict=True)),
        }


def _page(report: Report, page: Registered) -> dict[str, Any]:
    zone = report.basis.zone
    told: dict[str, Any] = {name: getattr(page, name) for name in ("key", "title", "platform", "school")}
    out = [
        {
            "from": each.start.astimezone(zone).isoformat(),
            "until": None if each.end is None else each.end.astimezone(zone).isoformat(),
        }
        for each in page.out
    ]
    return told | {"not_watched": out} if out else told


def _gap(report: Report, gap: Gap) -> dict[str, Any]:
    told: dict[str, Any] = {
        "page": gap.page,
        "from": gap.start.astimezone(report.basis.zone).isoformat(),
        "until": gap.end.astimezone(report.basis.zone).isoformat(),
    }
    # What a platform answered may name an account.
    return told if report.is_public else told | {"why": gap.why}


def _change(report: Report, change: Change) -> dict[str, Any]:
    told = {"at": change.at.astimezone(report.basis.zone).isoformat(), "what": change.what}
    return told if report.is_public else told | {"who": change.who, "which": change.which}


def _due(due: Due) -> dict[str, Any]:
    return {"person": due.person, "until": None if due.until is None else due.until.isoformat()}


def flat(value: Any, place: Sequence[str] = ()) -> Iterator[tuple[str, Any]]:
    """Every single value of a document under a name that a reader finds it by."""
    if isinstance(value, dict) and {"figure", "weeks"} <= value.keys():
        name = " / ".join(part for part in (value["figure"], value["by"], value["which"]) if part)
        yield from ((f"{name}, {week}", number) for week, number in value["weeks"].items())
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, (*place, key))
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from flat(each, (*place, str(number)))
    else:
        yield " ".join(place), value
