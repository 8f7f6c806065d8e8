"""modbot platforms: what can be done where, told by the adapters themselves."""

from __future__ import annotations

from typing import Any

import typer

import platforms
from modbot.commands.options import Json
from modbot.commands.output import as_json, say, table
from platforms.base import ActionKind, Capabilities

app = typer.Typer()


@app.command()
def show(as_data: Json = False) -> None:
    """What modbot can do on each platform it knows."""
    found = {name: platforms.load(name).capabilities for name in platforms.names()}
    if as_data:
        as_json({name: _document(able) for name, able in found.items()})
        return
    actions, sight = ("hide", "show again", "delete"), ("edits", "deletions", "mentions", "messages")
    table(("platform", *actions, *sight), [(name, *_row(able)) for name, able in found.items()])
    for name, able in found.items():
        for kind, effect in able.actions.items():
            say(f"{name}, {kind}: {effect.note}")
        if able.note:
            say(f"{name}: {able.note}")


def _row(able: Capabilities) -> tuple[str, ...]:
    actions = tuple(_action(able, kind) for kind in ActionKind)
    private = ("yes" if able.mentions else "no", "yes" if able.direct_messages else "no")
    return (*actions, able.sees_edits, able.sees_deletions, *private)


def _action(able: Capabilities, kind: ActionKind) -> str:
    effect = able.actions.get(kind)
    return "no" if effect is None else "reversible" if effect.reversible else "final"


def _document(able: Capabilities) -> dict[str, Any]:
    actions = {
        kind.value: {"reversible": effect.reversible, "note": effect.note}
        for kind, effect in able.actions.items()
    }
    rest = ("native_revisions", "sees_edits", "sees_deletions", "mentions", "direct_messages", "note")
    return {"actions": actions} | {name: getattr(able, name) for name in rest}
