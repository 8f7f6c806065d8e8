"""Tables that were changed behind modbot's back no longer agree with the log, and that is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyotp
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from modbot import accounts, cases, checkpoints, notes, reconcile, second_looks, sessions, users
from modbot.errors import AuditBroken
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.sealing import Seal
from modbot.store import Store, table
from modbot.tables import (
    Account,
    Action,
    Case,
    CaseComment,
    Comment,
    Decision,
    Note,
    Score,
    SecondOpinion,
    Session,
    Unscored,
    User,
    Verdict,
)
from tests.modbot.scene import District, deleted, district, said
from tests.modbot.test_checkpoints import tamper

pytestmark = pytest.mark.faults


@pytest.fixture
def here(store: Store) -> District:
    found = district(store)
    found.comes_in("Hello", "Buy now, half price", "I will hurt you")
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
    cases.decide(store, found.rules, found.rows(Case)[0].id, ruling)
    threat = found.rows(Case)[1].id
    again = Ruling(choice=Choice.LEAVE_UP, by="ana")
    notes.write(store, threat, "ana", "A figure of speech")
    cases.decide(store, found.rules, threat, again, sampling=Sampling(share=1))
    second_looks.decide(store, found.rules, threat, replace(again, by="ben"))
    found.arrive(deleted("1"), said("4", "Waits for its score"))
    return found


def test_what_modbot_wrote_agrees_with_the_log(here: District) -> None:
    reconcile.check(here.store)


FORGERIES: dict[str, Callable[[], list[sa.Executable]]] = {
    "a decision by somebody else": lambda: [sa.update(table(Decision)).values(decided_by="ben")],
    "another choice": lambda: [sa.update(table(Decision)).values(choice="leave_up")],
    "another clause": lambda: [sa.update(table(Decision)).values(clause="C1")],
    "another second opinion": lambda: [sa.update(table(SecondOpinion)).values(choice="hide")],
    "a second opinion by somebody else": lambda: [sa.update(table(SecondOpinion)).values(given_by="lee")],
    "a second opinion taken out": lambda: [sa.delete(table(SecondOpinion))],
    "a note taken out": lambda: [sa.delete(table(Note))],
    "a note by somebody else": lambda: [sa.update(table(Note)).values(written_by="ben")],
    "a decision taken out": lambda: [sa.delete(table(Action)), sa.delete(table(Decision))],
    "an action taken out": lambda: [sa.delete(table(Action))],
    "a comment taken out": lambda: [
        sa.delete(each)
        for each in map(table, (Unscored, Action, Decision, CaseComment, Verdict, Score, Comment))
    ],
    "a verdict taken out": lambda: [sa.delete(table(Verdict))],
    "a case taken out": lambda: [sa.delete(table(CaseComment)), sa.delete(table(Case))],
    "a comment that no longer waits": lambda: [sa.delete(table(Unscored))],
    "an action that nobody asked for": lambda: [sa.update(table(Action)).values(id=1)],
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_in_the_tables_is_found_although_the_chain_is_whole(here: District, forgery: str) -> None:
    tamper(here, *FORGERIES[forgery]())
    checkpoints.verify(here.store)
    with pytest.raises(AuditBroken):
        reconcile.check(here.store)


PEOPLE: dict[str, Callable[[], sa.Executable]] = {
    "a role that nobody gave": lambda: sa.update(table(User)).values(role="administrator"),
    "access that was ended": lambda: sa.update(table(User)).values(active=True),
    "a person whom nobody added": lambda: sa.insert(table(User)).values(
        name="eve", added=1, full_name="Eve", role="lead", active=True
    ),
    "a person taken out": lambda: sa.delete(table(User)).where(table(User).c.name == "zed"),
    "somebody else's password": lambda: sa.update(table(Account)).values(password="$argon2id$eve"),
    "no code asked for": lambda: sa.update(table(Account)).values(totp_confirmed=False),
    "a session that nobody began": lambda: sa.update(table(Session)).values(id=1),
    "a session of somebody else": lambda: sa.update(table(Session)).values(name="ana"),
    "a session with a token of one's own": lambda: sa.update(table(Session)).values(token="eve"),
    "another identity": lambda: sa.update(table(Account)).values(sso_subject="eve"),
}


def test_people_whom_somebody_changed_behind_modbots_back_are_found(store: Store) -> None:
    here = district(store)
    users.add(store, "zed", "Zed", "viewer")
    users.deactivate(store, "zed")
    seal = Seal(Fernet(Fernet.generate_key()))
    secret = accounts.begin_totp(store, seal, "ana")
    accounts.confirm_totp(store, seal, "ana", pyotp.TOTP(secret).now())
    with store.write() as tx:
        sessions.start(tx, "ben", address="::1", agent="", how="password")
    kept = {each: [row._asdict() for row in here.rows(each)] for each in (User, Account, Session)}
    for forgery in PEOPLE.values():
        reconcile.check(store)
        tamper(here, forgery())
        with pytest.raises(AuditBroken):
            reconcile.check(store)
        for model, rows in kept.items():
            tamper(here, sa.delete(table(model)), sa.insert(table(model)).values(rows))
