"""modbot run: the bot beside its pages."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from modbot import config, migrations, observe, wiring
from modbot.alerts.service import AlertService
from modbot.audit import KINDS
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, note, table
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.service import Service
from modbot.store import Store
from modbot.store import table as rows_of
from modbot.tables import AuditEvent
from modbot.wiring import Bot
from platforms.base import PlatformError

app = typer.Typer()
events = rows_of(AuditEvent)


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="One pass over every page, then a summary.")] = False,
    config_file: Config = None,
    as_data: Json = False,
) -> None:
    """Watch the configured pages until stopped: archive, score, queue, carry out what people decided."""
    settings = _settings(config_file)
    observe.configure(settings.log.level, settings.log.format)
    _tell_of_migration(settings)
    if once:
        raise typer.Exit(_once(wiring.build(settings), as_data))
    # Here, since one pass needs no web server, which takes a third of the start.
    from modbot.commands.watching import watch

    watch(settings)
    note("Stopped. Nothing is lost: the next start goes on from here.")


def _settings(given: Path | None) -> Settings:
    path = config.find(given)
    settings = config.load(path)
    if not settings.page:
        raise ConfigError(
            f"{path} names no page, so there is nothing to watch.",
            remedy="Add a [[page]] block (what there is: modbot platforms). To try modbot out: modbot demo",
        )
    return settings


def _tell_of_migration(settings: Settings) -> None:
    store = Store(settings.database_url())
    try:
        revision = migrations.current(store.engine)
        if revision is not None and revision != migrations.newest():
            note(f"Bringing the database forward from schema {revision} to {migrations.newest()}.")
    finally:
        store.close()


def _once(bot: Bot, as_data: bool) -> int:
    """One pass; status 1 if a page could not be read."""
    before = _last_entry(bot.store)
    failures = asyncio.run(_pass(bot))
    counts = _since(bot.store, before)
    bot.store.close()
    if as_data:
        as_json({"done": counts, "failures": {key: _in_words(error) for key, error in failures.items()}})
    else:
        rows = [(count, KINDS[kind]) for kind, count in counts.items()]
        table(("times", "what"), rows, empty="Nothing new.")
        for key, error in failures.items():
            note(f"page {key} could not be read: {_in_words(error)}")
    return 1 if failures else 0


async def _pass(bot: Bot) -> dict[str, PlatformError]:
    alerts = AlertService(bot.store, bot.settings, worker=bot.scorer.worker)
    failures = await Service(bot).run_once()
    await alerts.run_once()
    return failures


def _last_entry(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0


def _since(store: Store, seq: int) -> dict[str, int]:
    """How often each kind of entry was made after entry `seq`, in the order of their first time."""
    counted = (
        sa.select(events.c.kind, sa.func.count())
        .where(events.c.seq > seq)
        .group_by(events.c.kind)
        .order_by(sa.func.min(events.c.seq))
    )
    with store.read() as connection:
        return {row[0]: row[1] for row in connection.execute(counted)}


def _in_words(error: PlatformError) -> str:
    return f"{type(error).__name__}: {error}"
