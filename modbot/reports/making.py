"""The report's files, and their place in the log: what was made when, from which figures."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import audit
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.records import archive
from modbot.reports import page, pdf, pictures, weekly, weeks
from modbot.reports.extent import Extent, Noted, events, noted
from modbot.reports.figures import MEANINGS
from modbot.reports.weekly import Basis, Report, Version
from modbot.reports.weeks import Week
from modbot.store import Store, utcnow

MADE = "report.made"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a report takes from the settings. It is on record with the report, because settings change."""

    district: str
    zone: ZoneInfo
    patience: timedelta
    """How long a page may go unread before that is a gap."""

    def as_data(self) -> dict[str, Any]:
        seconds = self.patience.total_seconds()
        return {"district": self.district, "timezone": self.zone.key, "patience_seconds": seconds}


def terms_of(settings: Settings) -> Terms:
    patience = archive.patience(settings.intake.poll_seconds)
    return Terms(settings.district.name, ZoneInfo(settings.district.timezone), patience)


def terms_on_record(used: dict[str, Any]) -> Terms:
    patience = timedelta(seconds=used["patience_seconds"])
    return Terms(used["district"], ZoneInfo(used["timezone"]), patience)


@dataclass(frozen=True, slots=True)
class Made:
    week: Week
    files: tuple[Path, ...]
    is_complete: bool
    """False where charts or PDF had to be left out."""


def make(
    store: Store, settings: Settings, week: Week, folder: Path | None = None, *, is_extra: bool = False
) -> Made:
    """Write both versions of a week's report and put them on record. Raises ConfigError for a week not over.

    Made again, a report has the same figures, and another entry in the log. An extra one, in a `folder` that
    somebody named, leaves the week due.
    """
    terms = terms_of(settings)
    _refuse_unfinished(week, terms.zone)
    basis = read(store, terms, week)
    place = folder or settings.path(settings.reports.folder)
    place.mkdir(parents=True, exist_ok=True)
    files: dict[Path, str] = {}
    hashes: dict[str, str] = {}
    for version in Version:
        report = weekly.version_of(basis, version)
        hashes[version] = audit.digest(audit.canonical(weekly.document(report)))
        for name, content in contents(report):
            files[_write(place / name, content)] = hashlib.sha256(content).hexdigest()
    proof = basis.proof
    body: dict[str, Any] = {
        "week": str(week),
        "figures": hashes,
        "files": {path.name: each for path, each in files.items()},
    }
    body |= {
        "entry": proof.entry,
        "hash": proof.hash,
        "used": terms.as_data(),
        "is_extra": is_extra,
    }
    with store.write() as tx:
        tx.record(MADE, f"report:{week}", body)
    return Made(week, tuple(files), pdf.is_possible())


def _refuse_unfinished(week: Week, zone: ZoneInfo) -> None:
    if week.end(zone) > utcnow():
        raise ConfigError(
            f"Week {week} is not over yet.",
            remedy=f"The last one that is: {weeks.last_ended(utcnow(), zone)}.",
        )


def read(store: Store, terms: Terms, week: Week) -> Basis:
    with store.read() as connection:
        return weekly.read(connection, terms.district, terms.zone, week, terms.patience)


def contents(report: Report) -> Iterator[tuple[str, bytes]]:
    """Each file's name and bytes; the PDF only where the extra `reports` is installed."""
    name = f"{report.week}-{report.version}"
    document = weekly.document(report)
    yield f"{name}.json", (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    yield f"{name}.csv", table(report).encode()
    drawings = pictures.drawings_of(report)
    yield f"{name}.html", page.render(report, drawings).encode()
    if pdf.is_possible():
        yield f"{name}.pdf", pdf.render(report, drawings)


def table(report: Report) -> str:
    """Every figure as CSV, one line each, the weeks as columns. Names of schools cannot start a formula."""
    out = io.StringIO()
    names = [str(each.week) for each in report.basis.weeks]
    writer = csv.writer(out)
    writer.writerow(["figure", "by", "which", "unit", *names])
    for key in report.every_key():
        values = [figures.get(key) for figures in report.course]
        which = f"'{key.which}" if key.which[:1] in tuple("=+-@\t\r") and len(key.which) > 1 else key.which
        writer.writerow([key.name, key.by, which, MEANINGS[key.name].unit, *values])
    return out.getvalue()


def _write(path: Path, content: bytes) -> Path:
    """All of the file or none of it, whenever this is cut off."""
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)
    return path


def due(store: Store, zone: ZoneInfo, now: datetime) -> list[Week]:
    """Weeks whose report is due and was never made, oldest first; one made as an extra does not count."""
    with store.read() as connection:
        first = connection.execute(sa.select(events.c.at).where(events.c.seq == 1)).scalar()
        made = {each.subject for each in on_record(connection) if not (each.body or {}).get("is_extra")}
    found: list[Week] = []
    week = weeks.last_due(now, zone)
    while first is not None and week.end(zone) > first:
        if f"report:{week}" not in made:
            found.append(week)
        week = week.earlier()
    return found[::-1]


def on_record(connection: Connection) -> list[Noted]:
    """Every report that was made, in order."""
    last = connection.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0
    ever = Extent(datetime.min, datetime.max, 0, last)  # noqa: DTZ901 - the entries alone count
    return list(noted(connection, ever, MADE))


def compare(document: dict[str, Any], report: Report) -> list[str]:
    """Where a report that somebody has differs from what is counted now, one sentence each."""
    theirs, ours = dict(weekly.flat(document)), dict(weekly.flat(weekly.document(report)))
    return [
        f"{name}: {_told(theirs, name)} in the file, {_told(ours, name)} by the log"
        for name in sorted(theirs.keys() | ours.keys())
        if theirs.get(name, _NOTHING) != ours.get(name, _NOTHING)
    ]


_NOTHING = object()


def _told(values: dict[str, Any], name: str) -> str:
    return json.dumps(values[name], ensure_ascii=False) if name in values else "nothing"
