"""Signing in, and what happens when a session ends: a real browser, the real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from playwright.sync_api import BrowserContext, Page, expect

from modbot import accounts, passwords, users
from modbot.store import table
from modbot.tables import Session
from tests.web.member import cookie, session
from tests.web.office import Office, office

PASSWORD = "purple tractor sings low"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Office]:
    with (
        pytest.MonkeyPatch.context() as patch,
        office(tmp_path_factory.mktemp("people"), migrated_file) as opened,
    ):
        # The same algorithm at a thousandth of its cost, which is there for attackers and not for tests.
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield opened


def enter(page: Page, desk: Office, name: str, secret: str, target: str = "/account") -> None:
    page.goto(f"{desk.address}/sign-in?next={target}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password or one-time code").fill(secret)
    page.get_by_role("button", name="Sign in").click()


def test_a_new_person_gets_a_code_a_password_and_an_app_and_signs_in_with_them(
    desk: Office, context: BrowserContext
) -> None:
    page = context.new_page()
    context.add_cookies([cookie(session(desk.store, "adam"), desk.address)])
    page.goto(f"{desk.address}/people")
    page.get_by_label("Full name").fill("Zoë Quist")
    page.get_by_label("Name to sign in").fill("zoe")
    page.get_by_role("button", name="Add this person").click()
    code = page.locator(".given").inner_text()
    context.clear_cookies()

    enter(page, desk, "zoe", code)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Keep this password").click()
    expect(page).to_have_url(f"{desk.address}/account")
    page.get_by_role("button", name="Set up an authenticator app").click()
    page.get_by_text("Cannot scan it?").click()
    app = pyotp.TOTP(page.locator(".key").inner_text().replace(" ", ""))
    page.get_by_label("six digits").fill(app.now())
    page.get_by_role("button", name="Finish").click()
    expect(page.locator(".codes li")).to_have_count(10)

    page.get_by_text("Zoë Quist").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in$"))
    enter(page, desk, "zoe", PASSWORD)
    page.get_by_label("six digits").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("not right, or was used before")
    page.get_by_label("six digits").fill(app.at(datetime.now(UTC) + timedelta(seconds=30)))
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{desk.address}/account")
    expect(page.locator("main")).to_contain_text("10 recovery codes left")


def test_a_session_that_is_ended_while_in_use_leads_to_the_sign_in_and_back(
    desk: Office, context: BrowserContext
) -> None:
    context.add_cookies([cookie(session(desk.store, "otto"), desk.address)])
    page = context.new_page()
    page.goto(f"{desk.address}/audit")
    assert users.end_sessions(desk.store, "otto", by="adam") == 1
    page.locator("main form[hx-post] button").first.click()
    expect(page).to_have_url(f"{desk.address}/sign-in?next=/audit")
    code = accounts.new_code(desk.store, "otto")
    page.get_by_label("Name").fill("otto")
    page.get_by_label("Password or one-time code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Keep this password").click()
    expect(page).to_have_url(f"{desk.address}/audit")


def test_what_cannot_easily_be_undone_asks_who_is_there_first(desk: Office, context: BrowserContext) -> None:
    code = accounts.new_code(desk.store, "adam")
    page = context.new_page()
    enter(page, desk, "adam", code, "/people/vic")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Keep this password").click()
    expect(page).to_have_url(f"{desk.address}/people/vic")
    long_ago = datetime.now(UTC) - timedelta(minutes=6)
    with desk.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Session)).values(proven_at=long_ago))
    page.reload()
    expect(page.get_by_text("confirm that it is you")).to_be_visible()
    page.locator("#role").select_option("auditor")
    page.get_by_role("button", name="Change role").click()
    expect(page).to_have_url(f"{desk.address}/confirm?next=/people/vic")
    page.get_by_label("Your password").fill("wrong")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page).to_have_url(f"{desk.address}/people/vic")
    page.locator("#role").select_option("auditor")
    page.get_by_role("button", name="Change role").click()
    expect(page.get_by_role("status")).to_contain_text("The role is changed")
    found = accounts.profile(desk.store, "vic")
    assert found is not None
    assert found.role == "auditor"
