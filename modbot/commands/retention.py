"""modbot retention: how long the records of each page are kept, and what is past its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import typer

from modbot.commands.installation import opened
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, say, table
from modbot.records import retention
from modbot.records.retention import Kept

app = typer.Typer()

HEADS = ("page", "platform", "schedule", "years", "gone for longer", "as old, still there")


@app.command()
def show(config: Config = None, as_data: Json = False) -> None:
    """How long the comments of each page are kept, what is past its time, what the platforms' terms say."""
    with opened(config) as here:
        found = retention.kept(here.store, here.settings)
    if as_data:
        as_json([asdict(each) for each in found])
        return
    table(HEADS, [_row(each) for each in found], empty="No page was ever watched here.")
    _tell(found)


def _row(each: Kept) -> tuple[object, ...]:
    if not each.authority:
        return each.page, each.platform, "not named yet", "", "", ""
    return each.page, each.platform, each.authority, each.years, each.left, each.standing


def _tell(found: Sequence[Kept]) -> None:
    for terms in dict.fromkeys(each.terms for each in found if each.terms):
        pages = ", ".join(each.page for each in found if each.terms == terms)
        say(f"\n{pages}: {terms} Counsel reads this beside the schedule.")
    if any(not each.authority for each in found):
        say("\nThe records officer names the schedule's item: [retention] in modbot.toml, or a page's own.")
    say("\nNothing is destroyed by itself. Legal holds and pending requests come first.")
