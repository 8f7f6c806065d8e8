"""modbot audit: read, prove and sign the log; and whether the classifiers are neutral."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from modbot import checkpoints
from modbot.audit import KINDS, Entry
from modbot.commands import neutrality
from modbot.commands.installation import Installation, opened
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, as_json_line, note, say, when
from modbot.errors import ConfigError
from modbot.proving import prove
from modbot.store import Store, table
from modbot.tables import AuditEvent, Content

app = typer.Typer(no_args_is_help=True)
app.command()(neutrality.neutrality)
events, contents = table(AuditEvent), table(Content)
COLUMNS = [events.c[name] for name in Entry.__dataclass_fields__]


@app.command()
def verify(
    kept: Annotated[
        Path | None,
        typer.Option(
            "--checkpoints",
            metavar="FILE",
            help="Checkpoints that were kept elsewhere; else those of this installation.",
        ),
    ] = None,
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            "--public-key",
            metavar="HEX",
            help="A key whose signatures count, once for each; else this installation's.",
        ),
    ] = None,
    config: Config = None,
    as_document: Json = False,
) -> None:
    """Prove that no entry was changed, taken out, moved or cut off, and that the tables agree with the log.

    A broken log ends with status 3.
    """
    with opened(config) as here:
        proof = prove(here.store, here.settings, kept, public_key or (), _progress)
    if as_document:
        as_json(asdict(proof))
        return
    say(f"The log is whole: {proof.entries} entries, {proof.checkpoints} signed checkpoints.")
    say("The tables agree with it.")
    say(f"Its last entry has the hash {proof.head}")


def _progress(seq: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{seq} entries proven")
        sys.stderr.flush()
    elif seq % 100_000 == 0:
        note(f"{seq} entries proven")


@app.command()
def export(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A new file; else standard output.")
    ] = None,
    config: Config = None,
) -> None:
    """The whole log as JSON lines, each entry with its content; anybody can prove it from that."""
    with opened(config) as here:
        if out is None:
            sys.stdout.writelines(_lines(here.store))
        else:
            _write(out, _lines(here.store))


def _write(out: Path, lines: Iterator[str]) -> None:
    try:
        file = out.open("x", encoding="ascii")
    except FileExistsError:
        raise ConfigError(
            f"{out} exists already.", remedy="Name a new file; an export replaces none."
        ) from None
    try:
        with file:
            file.writelines(lines)
    except BaseException:
        out.unlink()
        raise
    say(f"Written to {out}")


def _lines(store: Store) -> Iterator[str]:
    statement = (
        sa.select(*COLUMNS, contents.c.body)
        .select_from(events.outerjoin(contents, contents.c.seq == events.c.seq))
        .order_by(events.c.seq)
        .execution_options(yield_per=1_000)
    )
    with store.read() as connection:
        for *fields, body in connection.execute(statement):
            # The content goes in byte for byte: its hash is over exactly this text.
            yield f'{json.dumps(_plain(Entry(*fields)))[:-1]}, "content": {body or "null"}}}\n'


def _plain(entry: Entry) -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}


@app.command()
def tail(
    count: Annotated[int, typer.Option("-n", min=1, metavar="COUNT", help="How many entries.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as entries come, until Ctrl-C.")] = False,
    config: Config = None,
    as_document: Json = False,
) -> None:
    """The newest entries, oldest first. With --json one object a line."""
    with opened(config) as here:
        newest = sa.select(*COLUMNS).order_by(events.c.seq.desc()).limit(count)
        last = _show(here, list(reversed(_read(here.store, newest))), as_document)
        while follow:
            time.sleep(1)
            more = sa.select(*COLUMNS).where(events.c.seq > last).order_by(events.c.seq).limit(1_000)
            last = _show(here, _read(here.store, more), as_document) or last


def _read(store: Store, statement: sa.Select[Any]) -> list[Entry]:
    with store.read() as connection:
        return [Entry(*row) for row in connection.execute(statement)]


def _show(here: Installation, entries: list[Entry], as_document: bool) -> int:
    for entry in entries:
        if as_document:
            as_json_line(_plain(entry))
        else:
            moment = when(entry.at, here.zone)
            say(f"{entry.seq:>7}  {moment}  {entry.actor}  {KINDS[entry.kind]} ({entry.subject})")
    sys.stdout.flush()
    return entries[-1].seq if entries else 0


@app.command()
def checkpoint(config: Config = None) -> None:
    """Sign the log as it is now, and append the checkpoint to the configured folder's file."""
    with opened(config) as here:
        audit = here.settings.audit
        folder = here.settings.path(audit.checkpoint_folder)
        signed = checkpoints.sign(
            here.store, checkpoints.read_key(here.settings.path(audit.key_file)), folder
        )
    if signed is None:
        say("Nothing new to sign.")
    else:
        say(f"Signed up to entry {signed.seq} in {folder / checkpoints.FILE_NAME}")
        say(f"Public key: {signed.public_key}")
