"""modbot drill: find out whether a threat would reach a person."""

from __future__ import annotations

import time
from collections.abc import Sequence

import typer

from modbot import health, wiring
from modbot.alerts import calls, drill, listing
from modbot.commands.installation import Installation, opened
from modbot.commands.options import As, Config
from modbot.commands.output import note, say
from modbot.errors import ConfigError
from modbot.judging import judge_all
from modbot.policy import Level

app = typer.Typer(no_args_is_help=True)

LOOK_SECONDS = 0.5
NOBODY_THERE = 15
"""Seconds after which a running modbot would have sent something."""


@app.command()
def threat(by: As = "", config: Config = None) -> None:
    """Alert the people on call as for a threat, marked as a drill, until one answers. Status 1: none did.

    The running modbot sends; this begins, watches and ends it.
    """
    with opened(config) as here:
        found = _would_be_found(here) and _is_scored(here)
        number = drill.start(here.store, here.settings, by)
        note(f"Drill {number} has begun. Everything that is sent says that it is a drill. Ctrl-C ends it.")
        try:
            answered = _watch(here, number)
        finally:
            calls.end_drill(here.store, here.settings, number, by or "modbot")
        note("The drill is over; everybody who was alerted is told so.")
    raise typer.Exit(0 if answered and found else 1)


@app.command()
def end(by: As = "", config: Config = None) -> None:
    """End a drill that was left standing."""
    with opened(config) as here:
        number = drill.under_way(here.store)
        if number is None:
            raise ConfigError("No drill is under way.", remedy="Begin one with: modbot drill threat")
        calls.end_drill(here.store, here.settings, number, by or "modbot")
    say(f"Drill {number} is over; everybody who was alerted is told so.")


def _would_be_found(here: Installation) -> bool:
    """Whether classifiers and policy call a threat urgent; the sample is not stored."""
    ensemble, limits = wiring.load_ensemble(here.settings)
    rules = wiring.load_policy(here.settings)
    (judged,) = judge_all(ensemble, rules, limits, [drill.SAMPLE])
    if judged.verdict.level is Level.URGENT:
        say(f"✓ A threat is found: urgent under {', '.join(judged.verdict.clauses)}")
        return True
    say("✗ A threat is NOT found: the sample's verdict is " + judged.verdict.level.value)
    note("  What to do: look at the classifiers with modbot doctor, and at `urgent` in the policy.")
    return False


def _is_scored(here: Installation) -> bool:
    """Whether the running modbot scores what comes in, as far as its rows tell."""
    figures = health.measure(here.store)
    waits = figures.oldest_unscored_seconds > health.PATIENCE
    if not (waits or figures.not_scored):
        say("✓ No comment waits for its score")
        return True
    say("✗ Comments wait for their score: a threat among them would alert nobody")
    note("  What to do: see that modbot runs, and what modbot doctor says of the classifiers.")
    return False


def _tell_once(said: set[str], told: Sequence[listing.Told]) -> None:
    for each in told:
        text = f"✓ {each.person} was alerted through {each.channel}"
        if each.state != "sent":
            text = f"✗ {each.channel} did not take it: {each.failure}" if each.failure else ""
        if text and text not in said:
            said.add(text)
            say(text)


def _watch(here: Installation, number: int) -> bool:
    """Tell what happens until somebody answers, or nobody does after everybody was alerted."""
    started = time.monotonic()
    steps = len(here.settings.on_call.person)
    longest = steps * here.settings.on_call.step_minutes * 60 + NOBODY_THERE
    said: set[str] = set()
    alert_id = calls.look(here.store, number).alert_id
    while (passed := time.monotonic() - started) < longest:
        call, alert = calls.look(here.store, number), listing.one(here.store, alert_id)
        told = [each for each in alert.told if each.step] if alert else []
        _tell_once(said, told)
        if call.state == "acknowledged":
            say(f"✓ {call.acknowledged_by} answered after {passed:.0f} seconds")
            return True
        if call.state == "ended":
            return False
        if passed > NOBODY_THERE and not any(each.attempts for each in told):
            say("✗ Nothing was sent: no modbot is running on this database")
            note("  What to do: start it with modbot run, then drill again.")
            return False
        time.sleep(LOOK_SECONDS)
    say("✗ Nobody answered")
    return False
