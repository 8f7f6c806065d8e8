"""modbot platforms: what can be done where, told by the adapters themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

import platforms
from modbot.commands.options import Json
from modbot.commands.output import as_json, facts, say, table
from modbot.errors import ConfigError
from platforms.base import ActionKind, Capabilities, Effect, Platform
from platforms.manual import Manual
from platforms.push import Pushed

app = typer.Typer()

HEADS = (
    "platform",
    *("hide", "show again", "delete"),
    *("new comments", "edits", "deletions", "mentions", "messages"),
)
FOR_COUNSEL = "Let counsel read these terms beside the records schedule: modbot keeps what it archived."
ACTIONS = {ActionKind.HIDE: "hide", ActionKind.UNHIDE: "show again", ActionKind.DELETE: "delete"}


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="[PLATFORM]", help="Tell more about this one.")] = "",
    as_data: Json = False,
) -> None:
    """What modbot can do on each platform it knows."""
    if name and name not in platforms.names():
        known = ", ".join(platforms.names())
        raise ConfigError(f"There is no platform '{name}'.", remedy=f"Write one of: {known}.")
    found = {each: platforms.load(each) for each in ([name] if name else platforms.names())}
    if as_data:
        as_json({each: _document(adapter) for each, adapter in found.items()})
    elif name:
        _tell(found[name])
    else:
        table(HEADS, matrix(found))
        say("\nMore about one of them: modbot platforms NAME")


def matrix(found: Mapping[str, type[Platform]]) -> list[tuple[str, ...]]:
    """One row for each platform, under HEADS."""
    return [(name, *_row(adapter)) for name, adapter in found.items()]


def _row(adapter: type[Platform]) -> tuple[str, ...]:
    able = adapter.capabilities
    actions = tuple(_action(able, kind) for kind in ActionKind)
    private = ("yes" if able.mentions else "no", "yes" if able.direct_messages else "no")
    return (*actions, _news(adapter), able.sees_edits, able.sees_deletions, *private)


def _action(able: Capabilities, kind: ActionKind) -> str:
    if kind in able.by_hand and kind not in able.actions:
        return "by hand"
    effect = able.actions.get(kind)
    return "no" if effect is None else "reversible" if effect.reversible else "final"


def _news(adapter: type[Platform]) -> str:
    """How new comments come."""
    if issubclass(adapter, Manual):
        return "by hand"
    return "push, poll" if issubclass(adapter, Pushed) else "poll"


def _tell(adapter: type[Platform]) -> None:
    able = adapter.capabilities
    facts(dict(zip(HEADS, (adapter.name, *_row(adapter)), strict=True)))
    say()
    for kind, words in ACTIONS.items():
        effect = able.possible.get(kind)
        say(f"{words}: {effect.note if effect else 'modbot cannot.'}")
    say(
        "Nobody is ever banned or blocked, and nothing is written in the district's name"
        " but for the fixed answer of [auto_reply], where the district turns it on."
    )
    if able.note:
        say(able.note)
    if able.storage_terms:
        say(f"{able.storage_terms} {FOR_COUNSEL}")


def _document(adapter: type[Platform]) -> dict[str, Any]:
    able = adapter.capabilities
    rest = (
        "native_revisions",
        "sees_edits",
        "sees_deletions",
        "mentions",
        "direct_messages",
        "answers",
        "note",
        "storage_terms",
    )
    return {
        "actions": _effects(able.actions),
        "by_hand": _effects(able.by_hand),
        "new_comments": _news(adapter),
        **{name: getattr(able, name) for name in rest},
    }


def _effects(effects: Mapping[ActionKind, Effect]) -> dict[str, Any]:
    return {kind.value: {"reversible": each.reversible, "note": each.note} for kind, each in effects.items()}
