"""What the scripts of the desk do: keys and touch alone, rows that stay, a case that is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from modbot.tables import Case, Decision
from modbot.web.pages import templates
from tests.web.shift import Shift, shift, until
from tests.web.test_shift import ENLARGED, SLOW, arrives, enter, top_of

PLACE = re.compile(r'place\("[^"]+", _\("[^"]+"\), "([^"]+)"\)')
KEY = re.compile(r'data-key="([^"{]+)"')
SHOWN = re.compile(r"<kbd>(.*?)</kbd>")
LISTED = re.compile(r"<dt>(.*?)</dt>", re.S)
NUMBERS = set("123456789")
"""Told in the line of the choice that they belong to."""
ALWAYS = {"j", "k", "Enter", "Shift", "Esc", "Ctrl K", "?"}
"""Keys that belong to no one part of a page."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Shift]:
    with shift(tmp_path_factory.mktemp("keys"), migrated_file) as running:
        yield running


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    yield from opened(browser, viewport={"width": 1280, "height": 900})


@pytest.fixture
def telephone(browser: Browser) -> Iterator[BrowserContext]:
    yield from opened(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)


def opened(browser: Browser, **how: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(**how)
    context.set_default_timeout(SLOW)
    expect.set_options(timeout=SLOW)
    yield context
    expect.set_options(timeout=5_000)
    context.close()


def decided(desk: Shift, number: int) -> list[str]:
    return [row.choice for row in desk.here.rows(Decision) if row.case_id == number]


def sources() -> dict[str, str]:
    loader = templates.env.loader
    assert loader is not None
    return {name: loader.get_source(templates.env, name)[0] for name in loader.list_templates()}


def test_every_key_stands_in_the_list_and_the_list_has_no_other() -> None:
    pages = sources()
    live = {key for text in pages.values() for key in (*KEY.findall(text), *PLACE.findall(text))}
    live |= set(re.findall(r'covered\([^)]*key="([^"]+)"', "".join(pages.values())))
    listed = {
        key for row in LISTED.findall(pages["layout_keys_list.html"]) for key in _keys(SHOWN.findall(row))
    }
    assert listed == live - NUMBERS | ALWAYS


def _keys(parts: list[str]) -> list[str]:
    """One key after the other, or at once, is one shortcut; `j k` are two."""
    return [" ".join(parts)] if parts[0] in ("g", "Ctrl") else parts


def test_every_key_is_printed_on_what_it_presses(window: BrowserContext, desk: Shift) -> None:
    number = arrives(desk, "I will hurt you, buy now")
    page = enter(window, desk, "ana", "/queue")
    for path in ("/queue", f"/case/{number}"):
        page.goto(desk.address + path)
        assert page.evaluate(UNPRINTED) == [], path
    page.locator(".me summary").click()
    expect(page.get_by_role("button", name="Go to or do")).to_contain_text("CtrlK")
    page.get_by_role("button", name="Go to or do").click()
    expect(page.get_by_label("Go to or do")).to_be_focused()
    expect(page.locator("#palette-found li").first).to_be_visible()


UNPRINTED = """() => {
  const told = each => each.closest('a, button, summary, label') ?? each.labels[0];
  return [...document.querySelectorAll('[data-key]')].filter(each => !told(each).querySelector('kbd'))
    .map(each => each.outerHTML);
}"""


def test_a_lead_s_whole_work_by_keyboard_alone_at_200_percent(window: BrowserContext, desk: Shift) -> None:
    number = arrives(desk, "Buy now: a locker shelf, as good as new")
    page = enter(window, desk, "lee", f"/case/{number}")
    page.set_viewport_size(ENLARGED)
    page.keyboard.press("r")
    expect(page.locator("#refer input[type=radio]").first).to_be_focused()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#undo")).to_contain_text(f"Case {number}")
    page.wait_for_load_state()

    page.goto(f"{desk.address}/case/{number}")
    page.keyboard.press("e")
    expect(page.get_by_label("What should the lead look at?")).to_be_focused()
    page.keyboard.type("Is this an advertisement?")
    page.keyboard.press("Enter")
    expect(page.locator("#undo")).to_contain_text("escalated to a lead")
    page.wait_for_load_state()

    for second, path in (("d", "/decided"), ("a", "/audit"), ("q", "/queue")):
        page.keyboard.press("g")
        page.keyboard.press(second)
        page.wait_for_url(f"**{path}")
        page.wait_for_load_state()

    page.goto(f"{desk.address}/case/{number}")
    page.keyboard.press("Control+k")
    page.keyboard.type("leave")
    expect(page.locator("#palette-found [aria-selected=true]")).to_contain_text("Leave up")
    page.keyboard.press("Enter")
    expect(page.locator("#undo")).to_contain_text("left up")
    assert decided(desk, number) == ["refer", "escalate", "leave_up"]


def test_shift_and_l_leaves_up_at_once(window: BrowserContext, desk: Shift) -> None:
    number = arrives(desk, "buy now, four snow tires")
    page = enter(window, desk, "ana", f"/case/{number}")
    with page.expect_request(f"**/case/{number}/decide") as sent:
        page.keyboard.press("Shift+L")
    expect(page.locator("#undo")).to_contain_text("left up")
    assert "at_once=1" in (sent.value.post_data or "")
    assert decided(desk, number) == ["leave_up"]


def test_a_case_is_opened_hidden_and_shown_again_by_touch_alone_on_a_telephone(
    telephone: BrowserContext, desk: Shift
) -> None:
    text = "buy now, a cello with three strings"
    number = arrives(desk, text)
    page = enter(telephone, desk, "ana", "/queue")
    page.locator(f"#open-{number}").tap()
    expect(page.locator("#comment-text")).to_have_text(text)
    page.locator("summary").filter(has_text="Hide…").tap()
    page.get_by_role("button", name="Hide it, then the next case").tap()
    expect(page.locator("#undo")).to_contain_text("hidden under C7")
    until(lambda: text not in desk.public())
    page.get_by_role("button", name="Undo").tap()
    expect(page.get_by_text("The decision was taken back.")).to_be_visible()
    until(lambda: text in desk.public())
    page.get_by_role("button", name="Leave up").tap()
    expect(page.locator("#undo")).to_contain_text("left up")
    assert decided(desk, number) == ["hide", "leave_up", "leave_up"]


def test_single_keys_are_switched_off_in_this_browser_until_they_are_wanted_again(
    window: BrowserContext, desk: Shift
) -> None:
    number = arrives(desk, "buy now, a piano out of tune")
    page = enter(window, desk, "ana", f"/case/{number}")
    page.keyboard.press("?")
    page.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    _press(page, "l", "h", "?", "g", "q", "/")
    page.reload()
    expect(page.locator("#decide kbd")).to_be_hidden()
    assert page.locator("[aria-keyshortcuts]").count() == 0
    _press(page, "l", "s", "g", "d")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find a screen or an action")).to_be_visible()
    page.keyboard.press("Escape")
    assert (page.url, decided(desk, number)) == (f"{desk.address}/case/{number}", [])
    page.locator(".me summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Single-key shortcuts").check()
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(page.locator("#undo")).to_contain_text("left up")
    assert decided(desk, number) == ["leave_up"]


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("details.choice[open]")).to_have_count(0)


def test_the_row_under_the_mouse_stays_where_it_is_when_a_case_comes(
    window: BrowserContext, desk: Shift
) -> None:
    number = arrives(desk, "buy now, eleven left boots")
    page = enter(window, desk, "ana", "/queue")
    row = page.locator(f"#open-{number}")
    row.hover()
    before, height = top_of(row), page.evaluate("scrollY")
    arrives(desk, "I will hurt you behind the gym")
    expect(page.get_by_role("link", name=re.compile("Show 1 new case, 1 urgent"))).to_be_in_viewport()
    assert abs(top_of(row) - before) < 2
    assert page.evaluate("scrollY") == height
    assert page.evaluate("id => document.querySelector(':hover #' + id) !== null", f"open-{number}")


def test_a_case_is_kept_as_long_as_somebody_works_on_it(window: BrowserContext, desk: Shift) -> None:
    number = arrives(desk, "buy now, a barrel of pickles")
    asked: list[str] = []
    page = enter(window, desk, "ana", "/queue")
    page.clock.install()
    page.on("requestfinished", lambda sent: asked.append(sent.url) if "/claim" in sent.url else None)
    with page.expect_response("**/claim?*"):
        page.goto(f"{desk.address}/case/{number}")
    first = _until(desk, number)
    page.keyboard.press("Shift")
    assert len(asked) == 1
    page.clock.fast_forward(61_000)
    with page.expect_response("**/claim?*"):
        page.keyboard.press("Shift")
    assert _until(desk, number) > first


def _until(desk: Shift, number: int) -> datetime:
    (until,) = (row.claimed_until for row in desk.here.rows(Case) if row.id == number)
    assert isinstance(until, datetime)
    return until


def test_leave_up_is_what_stands_first_and_stands_out(window: BrowserContext, desk: Shift) -> None:
    number = arrives(desk, "buy now, a well-read dictionary")
    page = enter(window, desk, "ana", f"/case/{number}")
    verbs = page.locator("#bar .verbs :is(button, summary):visible")
    expect(verbs.first).to_contain_text("Leave up")
    expect(page.locator("#bar .verbs .first:visible")).to_have_count(1)
    expect(page.locator("#bar .verbs .first:visible")).to_contain_text("Leave up")
