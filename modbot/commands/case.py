"""modbot case: the review queue on the command line."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from modbot import cases, review, wiring
from modbot.commands.case_text import as_document, describe
from modbot.commands.installation import Installation, opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, note, one_line, say, table, when
from modbot.rulings import REFERRALS, Choice, Ruling

app = typer.Typer(no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The case's number.")]


@app.command("list")
def show_all(
    decided: Annotated[bool, typer.Option("--decided", help="Decided cases instead, newest first.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    config: Config = None,
    as_data: Json = False,
) -> None:
    """Cases that wait for a decision, urgent ones first, then the oldest."""
    with opened(config) as here:
        lines = review.settled(here.store, limit) if decided else review.waiting(here.store, limit)
    if as_data:
        as_json([asdict(line) for line in lines])
        return
    heads = ("case", "state", "priority", "clauses", "opened", "copies", "page", "comment")
    empty = "No decided cases." if decided else "No case waits for a decision."
    table(heads, [_row(line, here) for line in lines], empty=empty)


def _row(line: review.Line, here: Installation) -> tuple[object, ...]:
    state = f"claimed by {line.claimed_by}" if line.claimed_by else line.state
    clauses, text = " ".join(line.clauses) or "–", one_line(line.text or "(released)", 60)
    opened_at = when(line.opened_at, here.zone)
    return line.id, state, line.priority, clauses, opened_at, line.copies, line.page, text


@app.command()
def show(number: Number, config: Config = None, as_data: Json = False) -> None:
    """One case: the comment with its evidence marked «so», the clause, what was decided and done."""
    with opened(config) as here:
        view = review.case(here.store, number)
        rules = wiring.policy_in_force(here.store)
    if as_data:
        as_json(as_document(view, rules))
    else:
        for line in describe(view, rules, here.zone):
            say(line)


@app.command()
def claim(number: Number, by: As = "", config: Config = None) -> None:
    """Keep a case for yourself for ten minutes; again to renew."""
    with opened(config) as here:
        version = cases.claim(here.store, number, by)
    say(f"Case {number} is yours for ten minutes (version {version}).")


@app.command()
def release(number: Number, by: As = "", config: Config = None) -> None:
    """Give a case that you claimed back to the queue."""
    with opened(config) as here:
        cases.release(here.store, number, by)
    say(f"Case {number} is in the queue again, unless somebody else holds it.")


@app.command()
def decide(
    number: Number,
    choice: Annotated[Choice, typer.Option("--choice", help="What you decide.")],
    clause: Annotated[str, typer.Option("--clause", help="For hide: the clause it breaks.")] = "",
    quote: Annotated[str, typer.Option("--quote", help="For hide: the words that break it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")] = "",
    referral: Annotated[str, typer.Option("--referral", help=f"For refer: {', '.join(REFERRALS)}.")] = "",
    version: Annotated[
        int | None, typer.Option("--version", help="Refuse if the case is no longer at this version.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Tell the platform without delay.")] = False,
    by: As = "",
    config: Config = None,
) -> None:
    """Decide a case, in the name of --as. The decision covers every near-identical comment in it."""
    ruling = Ruling(
        choice=choice,
        by=by,
        clause=clause,
        quote=quote,
        reason=reason,
        referral=referral,
        version=version,
    )
    with opened(config) as here:
        rules = wiring.policy_in_force(here.store)
        seconds = 0.0 if now else here.settings.review.undo_seconds
        made = cases.decide(here.store, rules, number, ruling, delay=timedelta(seconds=seconds))
    say(f"Case {number}: {choice.value} by {by}, on record as {', '.join(map(str, made))}.")
    if choice is Choice.HIDE:
        wait = f"in {seconds:g} seconds" if seconds else "at once"
        note(f"The running modbot tells the platform {wait}.")
        note(f"To take it back: modbot case undo {number}")


@app.command()
def undo(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why it is taken back.")] = "",
    by: As = "",
    config: Config = None,
) -> None:
    """Take the last decision back: what was hidden comes back, and the case waits again."""
    with opened(config) as here:
        cases.undo(here.store, wiring.policy_in_force(here.store), number, by, reason)
    say(f"Case {number} waits for a decision again; what it had hidden is being restored.")
