"""modbot case: what decides, on the command line."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from modbot import cases, deletions, review, second_looks, wiring
from modbot.commands.installation import opened
from modbot.commands.options import As, Config
from modbot.commands.output import note, say
from modbot.rulings import REFERRALS, Choice, Ruling

app = typer.Typer()

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The case's number.")]


@app.command()
def decide(
    number: Number,
    choice: Annotated[Choice, typer.Option("--choice", help="What you decide.")],
    clause: Annotated[str, typer.Option("--clause", help="For hide: the clause it breaks.")] = "",
    quote: Annotated[str, typer.Option("--quote", help="For hide: the words that break it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")] = "",
    code: Annotated[
        str, typer.Option("--code", help="The reason's code, such as opinion or C7.commercial.")
    ] = "",
    swap_test: Annotated[
        bool | None,
        typer.Option(
            "--same-swapped/--not-same-swapped",
            help="Would you decide the same if the opinion were the opposite?",
        ),
    ] = None,
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
        reason_code=code,
        swap_test=swap_test,
        referral=referral,
        version=version,
    )
    with opened(config) as here:
        rules, settings = wiring.policy_in_force(here.store), here.settings.review
        seconds = 0.0 if now else settings.undo_seconds
        delay = timedelta(seconds=seconds)
        made = cases.decide(here.store, rules, number, ruling, delay=delay, sampling=settings.sampling)
        proposed = review.case(here.store, number).proposals
    say(f"Case {number}: {choice.value} by {by}, on record as {', '.join(map(str, made))}.")
    if choice is Choice.HIDE and proposed:
        _tell_who_releases(number)
    elif choice is Choice.HIDE:
        _tell_when(number, seconds)


def _tell_who_releases(number: int) -> None:
    note("Nothing can be hidden there. It stays up until the records officer releases it for deletion.")
    note(f"The records officer does so on the page Deletions. To take it back: modbot case undo {number}")


def _tell_when(number: int, seconds: float) -> None:
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


@app.command()
def second(
    number: Number,
    choice: Annotated[Choice, typer.Option("--choice", help="leave_up, hide or escalate.")],
    clause: Annotated[str, typer.Option("--clause", help="For hide: the clause it breaks.")] = "",
    quote: Annotated[str, typer.Option("--quote", help="For hide: the words that break it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")] = "",
    by: As = "",
    config: Config = None,
) -> None:
    """Give your second opinion on a decided case. Where the two differ, a lead settles it."""
    ruling = Ruling(choice=choice, by=by, clause=clause, quote=quote, reason=reason)
    with opened(config) as here:
        rules = wiring.policy_in_force(here.store)
        outcome = second_looks.decide(here.store, rules, number, ruling)
    say(f"Case {number}: your opinion is on record.")
    note("It is the same as the first." if outcome == second_looks.AGREED else "It differs: a lead decides.")


@app.command()
def delete(
    record: Annotated[int, typer.Option("--record", help="The comment's record number.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it has to be deleted.")],
    by: As = "",
    config: Config = None,
) -> None:
    """For the records officer: have what is hidden or proposed deleted for good. It cannot be taken back."""
    with opened(config) as here:
        made = deletions.release(here.store, record, by, reason)
    say(f"Record {record} is released for deletion, on record as {made}.")
    note("The running modbot deletes it on the platform; the archive keeps its words.")
