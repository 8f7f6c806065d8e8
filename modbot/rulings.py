"""What makes a person's ruling on a case admissible; everything here reads and refuses, nothing writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

import platforms
from classifiers.normalize import normalize
from modbot import codebook, standing
from modbot.case_rows import Item
from modbot.errors import AlreadyDecided, DecisionRefused, NotAllowed, StaleCase, Words
from modbot.policy import Mode, Policy
from modbot.proposals import final_only
from modbot.queue import WAITING
from modbot.revisions import newest_of
from modbot.roles import LEADS
from modbot.store import Transaction, bodies_of, storable, table
from modbot.tables import Decision, SecondLook
from platforms.base import ActionKind

decisions, looks = table(Decision), table(SecondLook)


class Choice(StrEnum):
    LEAVE_UP = "leave_up"
    HIDE = "hide"
    ESCALATE = "escalate"
    REFER = "refer"


REFERRALS = ("threat", "privacy", "civil_rights")
STATES = {
    "open": Words("open"),
    "claimed": Words("claimed"),
    "decided": Words("decided"),
    "closed": Words("closed"),
}
SETTLED = {"decided": Words("already decided"), "closed": Words("already closed")}
IDLE = {
    "decided": Words("already decided, and nothing of it is hidden"),
    "closed": Words("already closed, and nothing of it is hidden"),
}
RECORD_VERSION = 2
"""Of the content of decisions and second opinions. Those of version 1 do not say so, and hold fewer keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A person's choice with its grounds, before it is checked and stored."""

    choice: Choice
    by: str
    clause: str = ""
    quote: str = ""
    """The words that break the clause, exactly as they stand in the comment."""
    reason: str = ""
    reason_code: str = ""
    """One of `codebook.reasons`."""
    referral: str = ""
    swap_test: bool | None = None
    """Would the person decide the same of the opposite opinion in the same words? None: not asked."""
    opinion_first: bool | None = None
    """Whether the machine's opinion was on the screen before the person chose; None: not known."""
    first_choice: str = ""
    """What the person chose before the machine's opinion was shown, where it was shown after."""
    version: int | None = None
    """The case's version as the person saw it; None decides on whatever is there now."""


@dataclass(frozen=True, slots=True)
class View:
    """A case as the ruling finds it: its row, its items, and the role of who rules."""

    row: sa.Row[Any]
    items: Sequence[Item]
    role: str


def check(tx: Transaction, policy: Policy, ruling: Ruling, view: View) -> list[str]:
    """The quoted words of each item, as they stand in it.

    Raises NotAllowed, DecisionRefused or StaleCase.
    """
    _refuse_if_stale(tx, view.row, ruling)
    _refuse_if_for_a_lead(view.row, ruling, view.role)
    _refuse_if_unseen(view.row, ruling, view.items)
    if ruling.choice is not Choice.REFER:
        _refuse_if_idle(tx, view.row, view.items)
    _refuse_if_edited(tx, view.items)
    return _check_grounds(tx, policy, ruling, view.items)


def check_opinion(
    tx: Transaction, policy: Policy, ruling: Ruling, row: sa.Row[Any], items: Sequence[Item]
) -> list[str]:
    """The same of a second opinion, which changes nothing: it is about the words that were decided."""
    if ruling.choice is Choice.REFER:
        raise DecisionRefused("A referral is no opinion on whether it stays.", remedy="Refer it by itself.")
    if ruling.version is not None and ruling.version != row.version:
        raise _changed(row)
    return _check_grounds(tx, policy, ruling, items)


def as_content(policy: Policy, ruling: Ruling) -> dict[str, Any]:
    """What goes on record of a ruling and of the policy behind it, the quoted words aside."""
    clause, about = policy.find(ruling.clause), policy.policy
    return {
        "record_version": RECORD_VERSION,
        "choice": ruling.choice.value,
        "clause": ruling.clause,
        "clause_text": clause.text if clause else "",
        "clause_mode": clause.mode.value if clause else "",
        "signed_off_by": clause.signed_off_by if clause else "",
        "signed_off_on": _day(clause.signed_off_on) if clause else None,
        "reason": ruling.reason,
        "reason_code": ruling.reason_code,
        "referral": ruling.referral,
        "swap_test": ruling.swap_test,
        "opinion_first": ruling.opinion_first,
        "first_choice": ruling.first_choice,
        "policy": policy.sha256,
        "policy_name": about.name,
        "policy_version": about.version,
        "policy_adopted": _day(about.adopted),
        "notice": about.notice,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _check_grounds(tx: Transaction, policy: Policy, ruling: Ruling, items: Sequence[Item]) -> list[str]:
    if ruling.reason_code and ruling.reason_code not in codebook.codes(policy, ruling.choice):
        raise DecisionRefused(
            "'%(code)s' is no reason for this choice.",
            remedy="Pick one from the list, or write the reason in your words.",
            code=ruling.reason_code,
        )
    if ruling.choice is Choice.REFER and ruling.referral not in REFERRALS:
        raise DecisionRefused(
            "A referral needs to say to whom.", remedy="Give one of: %(known)s.", known=", ".join(REFERRALS)
        )
    if ruling.choice is Choice.HIDE:
        return _check_hide(tx, policy, ruling, items)
    if ruling.clause and policy.find(ruling.clause) is None:
        raise _no_clause(policy, ruling)
    return [storable(ruling.quote)] * len(items)


def _no_clause(policy: Policy, ruling: Ruling) -> DecisionRefused:
    known = ", ".join(each.id for each in policy.clause)
    return DecisionRefused(
        "Hiding needs a clause of the policy; '%(clause)s' is none.",
        remedy="Give one of: %(known)s.",
        clause=ruling.clause,
        known=known,
    )


def _check_hide(tx: Transaction, policy: Policy, ruling: Ruling, items: Sequence[Item]) -> list[str]:
    clause = policy.find(ruling.clause)
    if clause is None:
        raise _no_clause(policy, ruling)
    if clause.mode is not Mode.ENFORCE:
        raise DecisionRefused(
            "Clause %(clause)s is in mode '%(mode)s': nothing may be hidden under it.",
            remedy="Leave it up, or escalate it. Counsel's sign-off in the policy file turns 'enforce' on.",
            clause=clause.id,
            mode=clause.mode.value,
        )
    for platform in sorted({item.platform for item in items}):
        effect = platforms.load(platform).capabilities.possible.get(ActionKind.HIDE)
        if not (effect and effect.reversible) and not final_only(platform):
            raise DecisionRefused(
                "%(platform)s lets nobody take a comment down from here.",
                remedy="Escalate it: a lead has to do it on the platform itself.",
                platform=platform,
            )
    return _quotes(tx, ruling, items)


def _quotes(tx: Transaction, ruling: Ruling, items: Sequence[Item]) -> list[str]:
    """Exactly as quoted in one comment at least, and in each with its own capitals, spaces and disguises."""
    bodies = bodies_of(tx.connection, [item.comment_id for item in items])
    texts = [bodies.get(item.comment_id, {}).get("text", "") for item in items]
    if not ruling.quote.strip() or not any(ruling.quote in text for text in texts):
        raise DecisionRefused(
            "Hiding needs the words that break the clause, exactly as they stand in the comment.",
            remedy="Copy them from the comment. If no words can be quoted, leave it up.",
        )
    found = [_quoted(ruling.quote, text) for text in texts]
    lacking = [item.native_id for item, words in zip(items, found, strict=True) if not words]
    if lacking:
        raise DecisionRefused(
            "These words do not stand in every comment of the case: not in %(lacking)s.",
            remedy="Quote words that all of them hold, or leave them up.",
            lacking=", ".join(lacking[:5]),
        )
    return found


def _quoted(quote: str, text: str) -> str:
    """The words as they stand in the text, where they may be in disguise; empty where they do not."""
    if match := _loosely(quote).search(text):
        return match.group()
    plain = normalize(text)
    match = _loosely(normalize(quote).text).search(plain.text)
    if not match or not match.group():
        return ""
    start, end = plain.original_span(*match.span())
    return text[start:end]


@lru_cache(maxsize=8)
def _loosely(words: str) -> re.Pattern[str]:
    """The words with any capitals and spaces; one comment of a case after the other is searched."""
    return re.compile(r"\s+".join(map(re.escape, words.split())), re.IGNORECASE)


def _refuse_if_edited(tx: Transaction, items: Sequence[Item]) -> None:
    for item in items:
        if newest_of(tx.connection, item.page, item.native_id) != item.comment_id:
            raise StaleCase(
                "The author edited comment %(comment)s a moment ago.",
                remedy="Wait until the new text is in the case, then look again.",
                comment=item.native_id,
            )


def _refuse_if_for_a_lead(row: sa.Row[Any], ruling: Ruling, role: str) -> None:
    settles = ruling.choice in (Choice.HIDE, Choice.LEAVE_UP)
    if row.escalated and settles and role not in LEADS:
        raise NotAllowed(
            "Case %(case)s was escalated: somebody with more say decides it.",
            remedy="Ask a lead.",
            case=row.id,
        )


def _refuse_if_unseen(row: sa.Row[Any], ruling: Ruling, items: Sequence[Item]) -> None:
    """One decision for many comments must be about the very ones that the person looked at."""
    if ruling.version is None and len(items) > 1:
        raise StaleCase(
            "Case %(case)s holds %(count)s comments; say which state of it you looked at.",
            remedy="Look at them with: modbot case show %(case)s, then add --version %(version)s",
            case=row.id,
            count=len(items),
            version=row.version,
        )


def _refuse_if_idle(tx: Transaction, row: sa.Row[Any], items: Sequence[Item]) -> None:
    """A settled case takes another decision only to bring back what it hides."""
    if row.state in WAITING:
        return
    if not any(_can_come_back(tx, row, item) for item in items):
        raise already_decided(tx, row, idle=True)


def _can_come_back(tx: Transaction, row: sa.Row[Any], item: Item) -> bool:
    place = item.page, item.native_id
    return standing.hidden_by(tx, *place) == row.id and not standing.deleted(tx, *place)


def _refuse_if_stale(tx: Transaction, row: sa.Row[Any], ruling: Ruling) -> None:
    settled = row.state not in WAITING
    if settled and ruling.choice not in (Choice.LEAVE_UP, Choice.REFER):
        raise already_decided(tx, row)
    if ruling.version is not None and ruling.version != row.version:
        raise already_decided(tx, row) if settled else _changed(row)


def _changed(row: sa.Row[Any]) -> StaleCase:
    return StaleCase(
        "Case %(case)s changed since you looked at it (it is %(state)s now).",
        remedy="Look again with: modbot case show %(case)s",
        case=row.id,
        state=STATES.get(row.state, row.state),
    )


def already_decided(tx: Transaction, row: sa.Row[Any], *, idle: bool = False) -> StaleCase:
    """Who decided a settled case meanwhile, and how, unless it waits for somebody's second opinion.

    `idle`: nothing of it is hidden that could be brought back.
    """
    remedy = "To decide it again, take the decision back first: modbot case undo %(case)s"
    last = tx.execute(
        sa.select(decisions).where(decisions.c.case_id == row.id).order_by(decisions.c.id.desc()).limit(1)
    ).first()
    state = (IDLE if idle else SETTLED).get(row.state, row.state)
    if last is None:
        return StaleCase("Case %(case)s is %(state)s.", remedy=remedy, case=row.id, state=state)
    waits = sa.select(looks.c.id).where(looks.c.case_id == row.id, looks.c.state == "waiting")
    told = tx.execute(waits).first() is None
    return AlreadyDecided(
        "Case %(case)s is %(state)s: %(by)s decided it.",
        by=last.decided_by,
        choice=last.choice if told else "",
        clause=last.clause if told else "",
        at=last.at,
        remedy=remedy,
        case=row.id,
        state=state,
    )
