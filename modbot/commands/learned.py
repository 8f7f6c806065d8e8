"""modbot models learned, compare, adopt, back, drop: models learned from the district's own decisions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from modbot.commands.installation import opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, note, one_line, say, table, when
from modbot.errors import StaleCase
from modbot.learning import comparing, in_use, own_thresholds, register
from modbot.learning.comparing import Difference, Line
from modbot.learning.own_thresholds import Shifted

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", help="The model's number, as modbot models learned shows it.")
]


def learned(config: Config = None, as_data: Json = False) -> None:
    """The models learned from decisions, and which of them is in shadow or in use."""
    with opened(config) as here:
        with here.store.read() as connection:
            found = register.everything(connection)
        if as_data:
            as_json([asdict(each) for each in found])
            return
        rows = [
            (
                each.id,
                each.state,
                when(each.at, here.zone),
                each.learned_by,
                each.figures.get("cases", "–"),
                ", ".join(each.figures.get("categories", {})),
            )
            for each in found
        ]
    heads = ("number", "state", "learned", "by", "cases", "categories")
    table(heads, rows, empty="None so far. Learn one with: modbot train --from-decisions")


def compare(config: Config = None, as_data: Json = False) -> None:
    """Where the model in shadow differs from the one in use, and what people decided about that."""
    with opened(config) as here, here.store.read() as connection:
        model = register.in_state(connection, register.SHADOW)
        if model is None:
            raise StaleCase(
                "No model works in shadow.", remedy="Learn one with: modbot train --from-decisions"
            )
        found = comparing.compare(connection, model.id)
        zone = here.zone
        own = own_thresholds.in_force(here.store, model.figures)
    if as_data:
        shifted = [asdict(each) for each in own]
        as_json({"model": model.id, "failures": model.failures, **asdict(found), "own_thresholds": shifted})
        return
    say(f"Model {model.id} in shadow: {found.compared} comments compared, {found.differing} differ.")
    if model.failure:
        note(f"It cannot be compared now ({model.failure}). What is scored for real does not suffer.")
    heads = ("category", "only it flags", "hidden", "left up", "it no longer flags", "hidden", "left up")
    table(heads, [_line(each) for each in found.lines])
    for each in found.examples:
        case = f"case {each.case_id}" if each.case_id else "no case"
        say(f"{when(each.at, zone)}  {case}  {_change(each)}: {one_line(each.text or '(released)', 80)}")
    for shift in own:
        note(_told(shift))
    say(f"To use it: modbot models adopt {model.id}. To be rid of it: modbot models drop {model.id}")


def adopt(number: Number, by: As = "", config: Config = None) -> None:
    """Have the model in shadow take the place of the one in use, in the name of --as."""
    with opened(config) as here:
        register.adopt(here.store, here.settings, number, by)
        with here.store.read() as connection:
            adopted = register.in_state(connection, in_use.ADOPTED)
        own = own_thresholds.in_force(here.store, adopted.figures if adopted else {})
    say(f"Model {number} scores from the next comment on. To take that back: modbot models back")
    for shift in own:
        note(_told(shift))


def back(by: As = "", config: Config = None) -> None:
    """Have the models used before take the place of the adopted one, in the name of --as."""
    with opened(config) as here:
        before = register.back(here.store, here.settings, by)
    name = "The models that modbot ships score" if before is None else f"Model {before} scores"
    say(f"{name} from the next comment on.")


def drop(number: Number, by: As = "", config: Config = None) -> None:
    """Remove a learned model that is not in use, with its files, in the name of --as."""
    with opened(config) as here:
        register.drop(here.store, here.settings, number, by)
    say(f"Model {number} is dropped. What it was learned from stays on record.")


def _told(each: Shifted) -> str:
    return (
        f"{each.clause} has a threshold of its own for {each.category}, {each.threshold:g}. It does not move "
        f"with the model: what scored {each.threshold:g} scores {each.alike:.2f} with it. To have the same "
        f"comments picked, write {each.alike:.2f} into the policy."
    )


def _line(each: Line) -> tuple[object, ...]:
    gained = (each.gained, each.gained_hidden, each.gained_left_up)
    return each.category, *gained, each.lost, each.lost_hidden, each.lost_left_up


def _change(each: Difference) -> str:
    parts = [f"{name} {each.before[name]:.2f} to {each.after[name]:.2f}" for name in each.before]
    return ", ".join(parts) + (f" ({each.choice})" if each.choice else "")
