"""What modbot connect says: what it will be able to do on a page, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from modbot.commands.output import note, say, when
from modbot.commands.platforms import FOR_COUNSEL
from modbot.config import PageSettings
from modbot.connecting import Question
from platforms.base import ActionKind, Capabilities, Effect, Identity
from platforms.oauth import Consent
from platforms.tokens import Token

IN_WORDS = {ActionKind.HIDE: "hide", ActionKind.UNHIDE: "show again", ActionKind.DELETE: "delete"}


def say_what_for(page: PageSettings, able: Capabilities, consent: Consent) -> None:
    say(f"Page {page.key} ({page.platform}). modbot will ask for these rights and no others:")
    for scope in consent.scopes:
        say(f"  {scope}")
    say("With them, modbot reads the comments there, and on a person's decision it can:")
    _say_effects(able.actions)
    _say_limits(able, able.actions)
    say()


def say_question(question: Question) -> None:
    say("Open this address in a browser and sign in there as who has the page:")
    say(f"\n  {question.url}\n")
    say(f"(Its answer comes back to {question.redirect}: that must be entered at the platform.)")


def say_outcome(
    page: PageSettings, consent: Consent, token: Token, identity: Identity, zone: ZoneInfo
) -> None:
    say(f"\nPage {page.key} is connected, as {identity.account}.")
    if not identity.can_moderate:
        note("That account may not hide or delete comments there: give it the platform's moderating role.")
    refused = sorted(set(consent.scopes) - set(token.scopes)) if token.scopes else []
    if refused:
        note(f"Not granted: {', '.join(refused)}. What needs it will fail.")
    if token.ends_at is None:
        say("The connection lasts until somebody ends it here or there.")
    else:
        say(f"It ends at {when(token.ends_at, zone)}. modbot tells two weeks before.")
    say("A modbot that is running uses it within five minutes.")


def say_by_settings(page: PageSettings, able: Capabilities, identity: Identity) -> None:
    """Of a page that answered and needs nobody's consent."""
    say(f"Page {page.key} ({page.platform}) is connected by its settings, as {identity.account}.")
    say(f"Nobody has to sign in for it. Which comments come in is told in the help, {page.platform}.")
    done = able.actions if identity.can_moderate else {}
    if done:
        say("On a person's decision modbot can:")
        _say_effects(done)
    elif able.actions:
        refused = ", ".join(IN_WORDS[kind] for kind in able.actions)
        say(f"Set up as it is, it lets modbot do none of this: {refused}. People carry it out there.")
    if able.by_hand:
        say("What is decided is a task that people carry out there:")
        _say_effects(able.by_hand)
    _say_limits(able, done)


def _say_effects(effects: Mapping[ActionKind, Effect]) -> None:
    for kind, effect in effects.items():
        say(f"  {IN_WORDS[kind]}{'' if effect.reversible else ' (final)'}: {effect.note}")


def _say_limits(able: Capabilities, done: Mapping[ActionKind, Effect]) -> None:
    missing = [words for kind, words in IN_WORDS.items() if kind not in done]
    never = "ban or block anybody, or write in the district's name but for the fixed answer of [auto_reply]"
    say(f"modbot cannot {', '.join([*missing, never])}.")
    if able.note:
        say(able.note)
    if able.storage_terms:
        say(f"{able.storage_terms} {FOR_COUNSEL}")
