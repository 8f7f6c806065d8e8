"""modbot appeal: authors who ask that a hidden comment be looked at again."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from modbot import appeals, review, wiring
from modbot.commands.installation import opened
from modbot.commands.options import As, Config, Json, day
from modbot.commands.output import as_json, note, one_line, say, table, when

app = typer.Typer(no_args_is_help=True)


class Outcome(StrEnum):
    UPHELD = appeals.UPHELD
    OVERTURNED = appeals.OVERTURNED


@app.command("list")
def show(config: Config = None, as_data: Json = False) -> None:
    """What waits, oldest first, then what was decided."""
    with opened(config) as here:
        found = review.appeals(here.store, here.settings.review.appeal_days)
        zone = here.zone
    if as_data:
        as_json([asdict(each) for each in found])
        return
    rows = [
        (
            each.id,
            each.case_id,
            when(each.received_at, zone),
            "late" if each.is_late else each.state,
            when(each.due_at, zone) if each.waits else "",
            each.decided_by,
            one_line(each.words or "", 40),
        )
        for each in found
    ]
    heads = ("number", "case", "came in", "state", "due", "decided by", "words")
    table(heads, rows, empty="Nobody appealed so far.")


@app.command()
def file(
    case: Annotated[int, typer.Argument(metavar="CASE", help="The number of the case that hides it.")],
    words: Annotated[str, typer.Option("--words", help="What the author wrote.")],
    contact: Annotated[str, typer.Option("--contact", help="Where to answer: an address or a number.")] = "",
    received: Annotated[
        str, typer.Option("--received", metavar="DAY", help="When it came in, 2026-11-22; else now.")
    ] = "",
    by: As = "",
    config: Config = None,
) -> None:
    """Enter an author's appeal, in the name of --as."""
    with opened(config) as here:
        number = appeals.file(here.store, case, by, words, contact, day(received, here.zone))
    say(f"Appeal {number} is on record. An appeals officer decides it: modbot appeal decide {number}")


@app.command()
def decide(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="The appeal's number, as the list shows it.")
    ],
    outcome: Annotated[
        Outcome, typer.Option("--outcome", help="upheld: it stays hidden; overturned: it is shown again.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words for the author.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Decide an appeal, as an appeals officer who had no part in the case."""
    with opened(config) as here:
        rules = wiring.policy_in_force(here.store)
        overturn = outcome is Outcome.OVERTURNED
        gone = appeals.decide(here.store, rules, number, by, reason, overturn=overturn)
    say(f"Appeal {number}: {outcome.value} by {by}.")
    if gone:
        note("Deleted for good, and so not shown again: " + ", ".join(each.native_id for each in gone))
