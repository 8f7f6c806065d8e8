"""Whether a report that somebody has is what the archive and the log say: counted, and drawn, again.

A JSON file is compared figure by figure, the others byte by byte. Both go by what the report took from the
settings when it was made, which the log has on record.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import audit
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.reports import making, pdf, weekly, weeks
from modbot.reports.extent import Extent, Noted, events
from modbot.reports.making import Terms
from modbot.reports.weekly import Basis, Version
from modbot.reports.weeks import Week
from modbot.store import Store

DRAWN = (".html", ".pdf", ".csv")
TITLE = re.compile(r"week (\d{4}-W\d\d)(?:</title>|$)", re.MULTILINE)
AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Checked:
    """`compared` says in words how much was the same; `because`, what may have made the difference."""

    week: Week
    differences: tuple[str, ...]
    compared: str
    because: str = ""


def check(store: Store, settings: Settings, file: Path) -> Checked:
    """Raises ConfigError for a file that is no weekly report, or that cannot be drawn here."""
    if file.suffix.lower() in DRAWN:
        return _drawn(store, settings, file)
    return _counted(store, settings, file)


def _counted(store: Store, settings: Settings, file: Path) -> Checked:
    document = _document(file)
    week, version = weeks.parse(document["week"]), Version(document["version"])
    digest = audit.digest(audit.canonical(document))
    made = _made(store, week)
    same = [each for each in made if each.body["figures"].get(version) == digest]
    basis = making.read(store, _terms(settings, same or made), week)
    differences = tuple(making.compare(document, weekly.version_of(basis, version)))
    compared = f"{len(list(weekly.flat(document))):,} values compared"
    return Checked(week, differences, compared, _because(store, basis) if differences else "")


def _drawn(store: Store, settings: Settings, file: Path) -> Checked:
    content, kind = _bytes(file), file.suffix.lower()
    if kind == ".pdf" and not pdf.is_possible():
        raise ConfigError(
            "The PDF of a report cannot be drawn here.", remedy='Run: pip install "modbot[reports]"'
        )
    week = _week(content, kind, file)
    made = _made(store, week)
    digest = hashlib.sha256(content).hexdigest()
    same = [each for each in made if digest in each.body["files"].values()]
    basis = making.read(store, _terms(settings, same or made), week)
    if any(_draw(basis, version, kind) == content for version in Version):
        return Checked(week, (), f"{len(content):,} bytes, all the same")
    told = f"{len(content):,} bytes are not those that modbot writes of this week now"
    if same:
        entry = f"entry {same[-1].seq} of the log has this very file on record"
        told += f"; {entry}, so modbot, or what it draws with, has changed since. Check its .json file"
    else:
        told += ", nor has the log a file with these bytes on record"
    return Checked(week, (told,), "", _because(store, basis))


def _draw(basis: Basis, version: Version, kind: str) -> bytes:
    files = making.contents(weekly.version_of(basis, version))
    return next(content for name, content in files if name.endswith(kind))


def _made(store: Store, week: Week) -> list[Noted]:
    """What the log says of the reports that were made of a week; older ones do not say what they used."""
    with store.read() as connection:
        every = making.on_record(connection)
    return [each for each in every if each.subject == f"report:{week}" and "used" in (each.body or {})]


def _terms(settings: Settings, made: list[Noted]) -> Terms:
    """Those of the newest report; where none is on record, today's."""
    return making.terms_on_record(made[-1].body["used"]) if made else making.terms_of(settings)


def _because(store: Store, basis: Basis) -> str:
    with store.read() as connection:
        released = _released(connection, basis.weeks[-1].extent)
    if not released:
        return ""
    return (
        f"Since the week ended the records officer released the content of {released:,} scores of that time. "
        "Thresholds are read from them, so a change of a threshold may be missing now."
    )


def _released(connection: Connection, extent: Extent) -> int:
    """Scores of comments, from before the end of the span, whose content was disposed of after it."""
    subjects = connection.execute(
        sa.select(events.c.subject).where(events.c.kind == "record.disposed", events.c.seq > extent.last)
    ).scalars()
    seqs = sorted(int(each.removeprefix("entry:")) for each in subjects)
    found = 0
    for start in range(0, len(seqs), AT_ONCE):
        mine = events.c.seq.in_(seqs[start : start + AT_ONCE])
        scored = sa.select(sa.func.count()).where(
            mine, events.c.kind == "comment.scored", events.c.seq <= extent.last
        )
        found += connection.execute(scored).scalar_one()
    return found


def _document(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(file))
        weeks.parse(found["week"])
        Version(found["version"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _no_report(file) from None
    return dict(found)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror or error}.", remedy="Give the path of a report's file."
        ) from error


def _week(content: bytes, kind: str, file: Path) -> Week:
    """The week that a drawn report says it is of."""
    try:
        if kind == ".csv":
            return weeks.parse(next(csv.reader(io.StringIO(content.decode())))[-1])
        title = content.decode() if kind == ".html" else _title(content)
        found = TITLE.search(title)
        return weeks.parse(found[1] if found else "")
    except (ValueError, IndexError, StopIteration, ConfigError):
        raise _no_report(file) from None


def _title(content: bytes) -> str:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(content)) as document:
            return str(document.docinfo.get("/Title", ""))
    except pikepdf.PdfError:
        return ""


def _no_report(file: Path) -> ConfigError:
    return ConfigError(
        f"{file} is no weekly report.", remedy="Give a report's file: .json, .html, .pdf or .csv."
    )
