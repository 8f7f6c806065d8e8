"""modbot case: the review queue on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from modbot import cases, notes, review, second_looks, skips, splits, wiring
from modbot.commands import case_deciding
from modbot.commands.case_deciding import Number
from modbot.commands.case_text import as_document, describe
from modbot.commands.installation import Installation, opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, one_line, say, table, when
from modbot.errors import NotAllowed
from modbot.review import Filters

app = typer.Typer(no_args_is_help=True)
app.add_typer(case_deciding.app)


@app.command("list")
def show_all(
    decided: Annotated[bool, typer.Option("--decided", help="Decided cases instead, newest first.")] = False,
    second: Annotated[bool, typer.Option("--second", help="What waits for your second opinion.")] = False,
    clause: Annotated[str, typer.Option("--clause", help="Only cases under this clause.")] = "",
    page: Annotated[str, typer.Option("--page", help="Only cases on this page.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Only: flagged, not_scored or edited.")] = "",
    escalated: Annotated[bool, typer.Option("--escalated", help="Only what waits for a lead.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you have claimed.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    by: As = "",
    config: Config = None,
    as_data: Json = False,
) -> None:
    """Cases that wait for a decision, urgent ones first, then the oldest."""
    if (mine or second) and not by:
        raise NotAllowed("Nobody is named.", remedy="Say who you are with --as NAME.")
    filters = Filters(
        clause=clause, page=page, reason=reason, escalated=escalated, held_by=by if mine else ""
    )
    with opened(config) as here:
        if decided:
            lines: Sequence[review.Line] = review.settled(here.store, limit)
        elif second:
            lines = review.second_looks(here.store, by, limit=limit).lines
        else:
            lines = review.queue(here.store, filters, limit=limit).lines
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
def show(number: Number, by: As = "", config: Config = None, as_data: Json = False) -> None:
    """One case: the comment with its evidence marked «so», the clause, what was decided and done.

    With --as, a case that waits for your second opinion is shown without the first decision.
    """
    with opened(config) as here:
        view = review.case(here.store, number, by)
        rules = wiring.policy_in_force(here.store)
    if as_data:
        as_json(as_document(view, rules))
    else:
        for line in describe(view, rules, here.zone):
            say(line)


@app.command("next")
def show_next(by: As = "", config: Config = None, as_data: Json = False) -> None:
    """The number of the case that you should look at next."""
    with opened(config) as here:
        found = review.next_for(here.store, by)
    if as_data:
        as_json(found and {"id": found.case_id, "second_look": found.second_look})
        return
    if found is None:
        say("No case waits for you.")
        return
    say(f"Case {found.case_id}{', for your second opinion' if found.second_look else ''}.")


@app.command()
def claim(number: Number, by: As = "", config: Config = None) -> None:
    """Keep a case for yourself for ten minutes; again to renew."""
    with opened(config) as here:
        asked = review.case(here.store, number, by).second_look is not None
        version = (second_looks.claim if asked else cases.claim)(here.store, number, by)
    say(f"Case {number} is yours for ten minutes (version {version}).")


@app.command()
def release(number: Number, by: As = "", config: Config = None) -> None:
    """Give a case that you claimed back to the queue."""
    with opened(config) as here:
        cases.release(here.store, number, by)
        second_looks.release(here.store, number, by)
    say(f"Case {number} is in the queue again, unless somebody else holds it.")


@app.command()
def skip(number: Number, by: As = "", config: Config = None) -> None:
    """Pass a case over: you are not offered it again unless it changes; others are."""
    with opened(config) as here:
        skips.skip(here.store, number, by)
    say(f"Case {number} waits for somebody else.")


@app.command("note")
def write_note(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What colleagues should know.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Write a note on a case, for colleagues. It goes on record."""
    with opened(config) as here:
        notes.write(here.store, number, by, text)
    say(f"Noted on case {number}.")


@app.command()
def split(
    number: Number,
    record: Annotated[int, typer.Option("--record", help="The comment's record number.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Take one of several near-identical comments out, to decide it by itself."""
    with opened(config) as here:
        made = splits.split(here.store, number, record, by)
    say(f"Record {record} is case {made} now.")
