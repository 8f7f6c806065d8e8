"""Screens that no address leads to: what a person does to come to them, each until its screen is there.

Where a picture has the name of a template, it is that template's screen. What is pressed is found by what it
sends, because its words are in the person's language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyotp
import sqlalchemy as sa
from fastapi.routing import APIRoute
from playwright.sync_api import Page, Response

from modbot import accounts, cases, resources, sessions, wiring
from modbot.config import Settings
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.sealing import seal
from modbot.sessions import limits
from modbot.store import Store, table, utcnow
from modbot.tables import Session
from modbot.web.app import SCREENS
from tests.web.member import PASSWORD, cookie, enroll, session

PARTS = {
    *("/queue/counts", "/queue/news", "/audit/proof", "/health/now", "/health/checkup", "/account/session"),
    *("/", "/next", "/sign-in/district", "/sign-in/district/back"),
    *("/healthz", "/metrics", "/push/{page}", "/ack/{token}"),
}
"""Routes that answer with a part of a screen, lead elsewhere, or speak to a platform or a messenger."""
COLLEAGUE, NEWCOMER = "ben", "nell"
"""Two moderators that every stage needs; the newcomer's way of signing in changes with each step."""


@dataclass(frozen=True)
class Stage:
    """An application that is served at `address`, and where its people and cases come from."""

    address: str
    store: Store
    settings: Settings
    chief: str
    """An administrator."""
    fresh: Callable[[bool], int]
    """A case that nobody holds; True: whose machine's opinion the chief sees after choosing."""
    tokens: dict[str, str] = field(default_factory=dict)

    def enter(self, page: Page, who: str, path: str) -> Response | None:
        """Somebody who has just shown who they are goes there; nobody, for an empty name."""
        page.context.clear_cookies()
        if who:
            page.context.add_cookies([cookie(self._token(who), self.address)])  # type: ignore[list-item]
        return page.goto(self.address + path)

    def _token(self, who: str) -> str:
        here = sessions.find(self.store, self.tokens.get(who, ""), limits(self.settings.web))
        if here is None or not here.proven(utcnow()):
            self.tokens[who] = session(self.store, who)
        return self.tokens[who]

    def opens(self, page: Page, *, opinion_follows: bool = False) -> int:
        """The chief opens a fresh case; its number."""
        number = self.fresh(opinion_follows)
        self.enter(page, self.chief, f"/case/{number}")
        return number


Reach = Callable[[Stage, Page], object]


def routes() -> list[str]:
    """Of all screens but the practice, which is there only where it is wanted."""
    found = [route for screen in SCREENS for route in screen.routes if isinstance(route, APIRoute)]
    return [route.path for route in found if "GET" in (route.methods or ()) and route.path not in PARTS]


def screens() -> set[str]:
    """The templates that are a whole screen."""
    files = (resources.folder("web") / "templates").glob("*.html")
    whole = re.compile(r"{% extends \"(layout|base)\.html\" %}")
    return {file.name for file in files if whole.search(file.read_text(encoding="utf-8"))} - {"layout.html"}


def at(path: str, who: str | None = None) -> Reach:
    """What is not there, or not for this person; for the chief, unless another is named."""
    return lambda stage, page: stage.enter(page, stage.chief if who is None else who, path)


def typed(keys: str, shown: str) -> Reach:
    """The chief presses these keys in the queue; then `shown` is to be seen."""

    def reach(stage: Stage, page: Page) -> None:
        stage.enter(page, stage.chief, "/queue")
        page.keyboard.press(keys)
        page.locator(shown).wait_for()

    return reach


def clicked(path: str, what: str, shown: str) -> Reach:
    def reach(stage: Stage, page: Page) -> None:
        stage.enter(page, stage.chief, path)
        page.locator(what).click()
        page.locator(shown).wait_for()

    return reach


def _signs_in(page: Page, name: str, secret: str, shown: str) -> None:
    page.locator("#name").fill(name)
    page.locator("#password").fill(secret)
    page.locator("form[action='/sign-in'] button").click()
    page.locator(shown).wait_for()


def sign_in_refused(stage: Stage, page: Page) -> None:
    stage.enter(page, "", "/sign-in")
    _signs_in(page, "nobody", "not a password", ".bad")


def sign_in_password(stage: Stage, page: Page) -> None:
    code = accounts.new_code(stage.store, NEWCOMER, keep_totp=False)
    stage.enter(page, "", "/sign-in")
    _signs_in(page, NEWCOMER, code, "#again")


def sign_in_code(stage: Stage, page: Page) -> None:
    accounts.new_code(stage.store, NEWCOMER, keep_totp=False)
    enroll(stage.store, stage.settings, NEWCOMER)
    stage.enter(page, "", "/sign-in")
    _signs_in(page, NEWCOMER, PASSWORD, "#code")


def account_codes(stage: Stage, page: Page) -> None:
    accounts.new_code(stage.store, NEWCOMER, keep_totp=False)
    stage.enter(page, NEWCOMER, "/account")
    page.locator("form[action='/account/app'] button").click()
    page.locator("#code").wait_for()
    sealed = seal(stage.settings.path(stage.settings.web.key_file))
    secret = accounts.pending_totp(stage.store, sealed, NEWCOMER)
    assert secret is not None
    page.locator("#code").fill(pyotp.TOTP(secret).at(utcnow()))
    page.locator("form[action='/account/app/confirm'] button").click()
    page.locator(".codes").wait_for()


def case_stale(stage: Stage, page: Page) -> None:
    number = stage.fresh(False)
    cases.claim(stage.store, number, COLLEAGUE)
    stage.enter(page, stage.chief, f"/case/{number}")
    _leaves_up(stage, number, Sampling())
    page.locator("#decide button").click()
    page.locator(".door").wait_for()


def case_first_choice(stage: Stage, page: Page) -> None:
    stage.opens(page, opinion_follows=True)
    page.locator("#decide button").click()
    page.locator("#decide [name=first_choice][value=leave_up]").wait_for(state="attached")


def case_refused(stage: Stage, page: Page) -> None:
    stage.opens(page)
    page.locator("summary[data-key=h]").click()
    page.locator("#quote").fill("words that nobody wrote")
    page.locator("#hide button[type=submit]").click()
    page.locator("#hide .bad").wait_for()


def case_after(stage: Stage, page: Page) -> None:
    stage.opens(page)
    page.locator("#decide button").click()
    page.wait_for_url("**after=*")
    page.locator("#undo button").wait_for()


def case_second_look(stage: Stage, page: Page) -> None:
    number = stage.fresh(False)
    _leaves_up(stage, number, Sampling(share=1.0))
    stage.enter(page, stage.chief, f"/case/{number}")


def bring_in_done(stage: Stage, page: Page) -> None:
    stage.enter(page, stage.chief, "/bring-in")
    page.locator("#text").fill("Is the gate on Fern Street open on Sundays?")
    page.locator("form[action='/bring-in'] button").click()
    page.locator(".good.panel").wait_for()


def session_ending(stage: Stage, page: Page) -> None:
    stage.enter(page, COLLEAGUE, "/queue")
    early = utcnow() - limits(stage.settings.web).absolute + timedelta(seconds=90)
    begun = _begun_at(stage, early)
    page.reload()
    page.locator("#ending .warning").wait_for()
    # The log knows when it began, and a check of the log would tell of it.
    _begun_at(stage, begun)


def _begun_at(stage: Stage, moment: datetime) -> datetime:
    """Set when the colleague's newest session began; when it was before."""
    theirs = table(Session)
    with stage.store.write(logged=False) as tx:
        newest = sa.select(theirs.c.id, theirs.c.started_at).where(theirs.c.name == COLLEAGUE)
        row = tx.execute(newest.order_by(theirs.c.id.desc()).limit(1)).one()
        tx.execute(sa.update(theirs).where(theirs.c.id == row.id).values(started_at=moment))
    before: datetime = row.started_at
    return before


def _leaves_up(stage: Stage, number: int, sampling: Sampling) -> None:
    rules = wiring.policy_in_force(stage.store)
    ruling = Ruling(choice=Choice.LEAVE_UP, by=COLLEAGUE)
    cases.decide(stage.store, rules, number, ruling, sampling=sampling)


REACHED: Mapping[str, Reach] = {
    "sign-in-refused": sign_in_refused,
    "sign-in-password": sign_in_password,
    "sign-in-code": sign_in_code,
    "account-codes": account_codes,
    "people-code": clicked(f"/people/{NEWCOMER}", f"form[action='/people/{NEWCOMER}/code'] button", ".given"),
    "case-blind": lambda stage, page: stage.opens(page, opinion_follows=True),
    "case-first-choice": case_first_choice,
    "case-refused": case_refused,
    "case-after": case_after,
    "case-second-look": case_second_look,
    "case-stale": case_stale,
    "bring-in-done": bring_in_done,
    "audit-proof": clicked("/audit", "form[action='/audit/proof'] button", "#proof .good"),
    "shortcuts": typed("?", "#keys"),
    "palette": typed("Control+k", "#palette"),
    "menu": clicked("/queue", ".me summary", ".me .sheet"),
    "menu-more": clicked("/queue", ".more summary", ".more .sheet"),
    "session-ending": session_ending,
    "refused": at("/people", NEWCOMER),
    "missing": at("/nothing"),
    "call-gone": at("/ack/no-such-link", ""),
}
"""By the name of the picture that is taken of it."""
