"""The end of a session: told in time, put off by one button, and nothing that was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from modbot import users
from modbot.queue import ORDINARY, WAITING
from modbot.store import utcnow
from modbot.tables import Case
from tests.web.member import cookie, session
from tests.web.office import Office, office
from tests.web.test_signed_in import seen_at, turned_back

NOTE = "Ask the office whether this company was ever <b>hired</b>"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Office]:
    """Where people choose before they see the machine's opinion."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODBOT_REVIEW__OPINION_AFTER_SHARE", "1.0")
        with office(tmp_path_factory.mktemp("session"), migrated_file) as opened:
            yield opened


def sign_in(context: BrowserContext, desk: Office, name: str) -> None:
    context.add_cookies([cookie(session(desk.store, name), desk.address)])


def ordinary(desk: Office, by: str) -> int:
    """A case that waits for this person and is neither urgent nor for a lead."""
    waiting = [row for row in desk.here.rows(Case) if row.priority == ORDINARY and row.state in WAITING]
    return next(row.id for row in waiting if row.claimed_by in (None, by))


def test_before_a_session_ends_its_reader_is_told_and_stays_by_one_button(
    desk: Office, context: BrowserContext
) -> None:
    sign_in(context, desk, "ana")
    page = context.new_page()
    page.clock.install()
    page.goto(f"{desk.address}/appeals")
    notice, field = page.locator("#ending[aria-live=polite]"), page.get_by_label("Where to answer")
    with page.expect_response("**/account/session") as asked:
        page.clock.fast_forward("28:01")
    assert asked.value.status == 200
    expect(page.get_by_role("button", name="Stay signed in")).to_have_count(0)

    turned_back(desk.store, seen_at=timedelta(minutes=28, seconds=10))
    page.clock.fast_forward("28:01")
    expect(notice).to_contain_text("because nothing was sent or opened here for nearly 30 minutes")
    field.fill("Pat")
    page.get_by_role("button", name="Stay signed in").click()
    expect(notice).to_have_text("You stay signed in.")
    expect(field).to_be_focused()
    expect(field).to_have_value("Pat")
    assert utcnow() - seen_at(desk.store) < timedelta(minutes=28)


def test_the_end_that_nobody_can_put_off_is_told_in_words_of_its_own(
    desk: Office, context: BrowserContext
) -> None:
    sign_in(context, desk, "vic")
    turned_back(desk.store, started_at=timedelta(hours=10) - timedelta(seconds=110))
    page = context.new_page()
    page.goto(f"{desk.address}/help")
    expect(page.locator("#ending")).to_contain_text("nobody stays signed in for longer than 10 hours")
    expect(page.get_by_role("button", name="Stay signed in")).to_have_count(0)


def test_what_was_typed_is_back_after_signing_in_again_and_goes_when_it_is_sent(
    desk: Office, context: BrowserContext
) -> None:
    page, number = typed_too_late(desk, context)
    expect(page).to_have_url(re.compile(rf"/sign-in\?next=/case/{number}$"))
    sign_in(context, desk, "ana")
    page.goto(f"{desk.address}/case/{number}")
    field, notice = page.get_by_label("Write a note"), page.locator("#typed")
    expect(field).to_have_value(NOTE)
    expect(notice).to_contain_text("It is in its field again")
    expect(page.locator("#announced")).to_contain_text("It is in its field again")
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator("#notes + .plain-list")).to_contain_text(NOTE)
    expect(field).to_have_value("")
    expect(notice).to_be_hidden()


def test_what_was_typed_is_shown_where_its_form_is_gone_meanwhile(
    desk: Office, context: BrowserContext
) -> None:
    page, _ = typed_too_late(desk, context)
    sign_in(context, desk, "ana")
    page.goto(f"{desk.address}/help")
    expect(page.locator("#typed blockquote")).to_have_text(NOTE)
    page.reload()
    expect(page.locator("#typed")).to_be_hidden()


def test_what_was_typed_is_for_nobody_else(desk: Office, context: BrowserContext) -> None:
    page, number = typed_too_late(desk, context)
    sign_in(context, desk, "ben")
    page.goto(f"{desk.address}/case/{number}")
    expect(page.get_by_label("Write a note")).to_have_value("")
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_label("Write a note").fill(NOTE)
    page.locator(".me summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{desk.address}/sign-in")
    assert page.evaluate("sessionStorage.length") == 0


def typed_too_late(desk: Office, context: BrowserContext) -> tuple[Page, int]:
    """A note that ana sends after her session has ended; its page and its case."""
    sign_in(context, desk, "ana")
    page, number = context.new_page(), ordinary(desk, "ana")
    page.goto(f"{desk.address}/case/{number}")
    page.get_by_label("Write a note").fill(NOTE)
    users.end_sessions(desk.store, "ana", by="adam")
    page.get_by_role("button", name="Save the note").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    # Its script keeps what was typed, and comes after what can be seen.
    page.wait_for_load_state()
    return page, number


def test_who_has_to_show_again_that_it_is_they_finds_what_they_typed_again(
    desk: Office, context: BrowserContext
) -> None:
    sign_in(context, desk, "adam")
    page = context.new_page()
    page.goto(f"{desk.address}/people")
    page.get_by_label("Full name").fill("Zoë Quist")
    turned_back(desk.store, proven_at=timedelta(minutes=6))
    page.get_by_label("Name to sign in").fill("zoe")
    page.get_by_role("button", name="Add this person").click()
    expect(page).to_have_url(f"{desk.address}/confirm?next=/people")
    turned_back(desk.store, proven_at=timedelta(0))
    page.goto(f"{desk.address}/people")
    expect(page.get_by_label("Full name")).to_have_value("Zoë Quist")
    expect(page.get_by_label("Name to sign in")).to_have_value("zoe")


def test_what_a_page_tells_is_said_after_it_has_come(desk: Office, context: BrowserContext) -> None:
    """Screen readers tell of a change in a live region, seldom of what stood in it from the beginning."""
    sign_in(context, desk, "ben")
    page, number = context.new_page(), ordinary(desk, "ben")
    announced = page.locator("#announced[role=status]")
    page.goto(f"{desk.address}/case/{number}")
    expect(announced).to_have_text("")
    page.get_by_role("button", name="Leave up").click()
    expect(announced).to_have_text(
        "You chose: left up. Below is what the machine thinks. Choose again: the same, or something else."
    )
    page.get_by_role("button", name="Leave up").click()
    expect(announced).to_contain_text(f"Case {number}: left up.")
    page.get_by_role("button", name="Undo").click()
    expect(announced).to_have_text("The decision was taken back. The case waits again.")
