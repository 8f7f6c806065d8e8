"""Every screen for everybody: axe-core finds nothing, all fits when enlarged, the keyboard reaches all.

The screens are read from the application, so that a new one is covered as soon as it has a route.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from modbot.web.app import SCREENS
from tests.web.member import cookie, session
from tests.web.office import Office, office

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
ENLARGED = (640, 320)
"""Widths in CSS pixels of a window of 1280 at 200 % and at 400 %."""
NO_SCREENS = re.compile(r"^/(healthz|metrics|static)|^/$")
KNOWN = {"/queue", "/search", "/audit", "/health", "/policy", "/help", "/people", "/account", "/sign-in"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), migrated_file) as opened:
        yield opened


@pytest.fixture(scope="module")
def signed_in(browser: Browser, desk: Office) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP)
    context.add_cookies([cookie(session(desk.store, "adam"), desk.address)])  # type: ignore[list-item]
    yield context
    context.close()


@dataclass
class Visit:
    """What is wrong with one screen, as lines to be read."""

    barriers: list[str]
    sticks_out: list[str]
    keyboard: list[str]


@pytest.fixture(scope="module")
def visits(browser: Browser, desk: Office, signed_in: BrowserContext) -> dict[str, Visit]:
    """Every screen, looked at once: by its path. Signing in is seen by a stranger."""
    stranger = browser.new_context(viewport=DESKTOP)
    found = {path: visit for context in (stranger, signed_in) for path, visit in tour(context, desk)}
    stranger.close()
    return found


def tour(context: BrowserContext, desk: Office) -> Iterator[tuple[str, Visit]]:
    """Every route that answers with a whole page of its own."""
    page = context.new_page()
    for path in routes():
        address = desk.address + filled(path, desk)
        answer = page.goto(address)
        if answer is not None and answer.ok and page.url == address and "<html" in answer.text():
            # The walk first: what it needs is as the page was loaded.
            keyboard = walked(page)
            yield path, Visit(examined(page), overflowing(page), keyboard)
    page.close()


def routes() -> list[str]:
    found = [route for screen in SCREENS for route in screen.routes if isinstance(route, APIRoute)]
    paths = [route.path for route in found if "GET" in (route.methods or ())]
    return [path for path in paths if not NO_SCREENS.search(path)]


def filled(path: str, desk: Office) -> str:
    """A route's path with something that is there for each of its parameters."""
    there = {"seq": 3, "name": "concepts" if path.startswith("/help") else "ana"}
    return re.sub(r"{(\w+)[^}]*}", lambda part: str(there.get(part[1], desk.cases()[0])), path)


def examined(page: Page) -> list[str]:
    """Light and dark, on a desktop and on a phone. Between the themes only colours differ."""
    page.evaluate(AXE)
    found = []
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light")
        found += [f"{size['width']} light: {each}" for each in violations(page)]
        page.emulate_media(color_scheme="dark")
        found += [f"{size['width']} dark: {each}" for each in violations(page, "color-contrast")]
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    return found


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds by all of its rules, or by these alone."""
    options = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = page.evaluate(f"axe.run({json.dumps(options)}).then(result => result.violations)")
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def overflowing(page: Page) -> list[str]:
    found = []
    for width in ENLARGED:
        page.set_viewport_size({"width": width, "height": 450})
        found += [f"at {width}: {each}" for each in page.evaluate(STICKS_OUT)]
    page.set_viewport_size(DESKTOP)
    return found


def walked(page: Page) -> list[str]:
    """Press Tab through the page; what got the focus unseen, and what never got it."""
    found = _to_the_end(page)
    if page.evaluate(LEFT_OUT):  # the walk began where the page put the focus; go round once more
        found += _to_the_end(page)
    return found + [f"never reached: {each}" for each in page.evaluate(LEFT_OUT)]


def _to_the_end(page: Page) -> list[str]:
    found: list[str] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None:
            return found
        if not at["seen"]:
            found.append(f"focus not seen: {at['html']}")
    return [*found, "the keyboard never leaves it"]


STICKS_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.outerHTML.slice(0, 150))"""
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const style = getComputedStyle(at), box = at.getBoundingClientRect();
  at.dataset.reached = 'yes';
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  return {html: at.outerHTML.slice(0, 150), seen: ring && box.width > 0 && box.height > 0};
}"""
# Of radio buttons the keyboard reaches the chosen one, and the others by its arrows.
LEFT_OUT = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(each => !each.disabled && !['hidden', 'radio'].includes(each.type) && each.tabIndex >= 0)
  .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.dataset.reached)
  .map(each => each.outerHTML.slice(0, 150))"""


def test_no_screen_has_a_barrier_that_axe_knows(visits: dict[str, Visit]) -> None:
    assert {path: visit.barriers for path, visit in visits.items() if visit.barriers} == {}


def test_nothing_sticks_out_when_everything_is_enlarged(visits: dict[str, Visit]) -> None:
    assert {path: visit.sticks_out for path, visit in visits.items() if visit.sticks_out} == {}


def test_the_tab_key_reaches_everything_and_shows_where_it_is(visits: dict[str, Visit]) -> None:
    assert {path: visit.keyboard for path, visit in visits.items() if visit.keyboard} == {}


def test_the_screens_that_everybody_knows_are_among_them(visits: dict[str, Visit]) -> None:
    assert set(visits) >= KNOWN
    assert any(path.startswith("/case/") for path in visits)


def test_shortcuts_and_palette_open_without_a_barrier(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    page.goto(f"{desk.address}/queue")
    for keys, name in (("?", "#keys"), ("Control+k", "#palette")):
        page.keyboard.press(keys)
        expect(page.locator(name)).to_be_visible()
        assert examined(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(name)).to_be_hidden()
    page.close()


def test_what_the_log_s_check_found_is_announced(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    page.goto(f"{desk.address}/audit")
    region = page.locator("#proof[role=status]")
    expect(region).to_have_text("")
    page.get_by_role("button", name="Check the whole log").press("Enter")
    expect(region).to_contain_text("The log is whole", timeout=20_000)
    expect(page.get_by_role("button", name="Check the whole log")).to_be_focused()
    assert examined(page) == []
    page.close()


def test_a_new_case_is_announced(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    page.goto(f"{desk.address}/queue")
    region = page.locator("#arrived[role=status]")
    expect(region).to_have_text("")
    desk.here.comes_in("I will hurt you when the bell rings")
    expect(region).to_contain_text("Show 1 new case, 1 urgent", timeout=20_000)
    page.close()


def test_a_page_that_is_not_there_has_no_barrier(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    for path in ("/nothing", "/case/1", "/audit/999999"):
        page.goto(desk.address + path)
        assert page.title()
        assert examined(page) == [], path
    page.close()


def test_a_search_by_the_keyboard_alone(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    page.goto(f"{desk.address}/queue")
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/search"))
    expect(page.get_by_label("Words in the comment")).to_be_focused()
    page.keyboard.type("prom dre")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Results 1 to 1")).to_be_visible()
    expect(page.locator(".results")).to_contain_text("Decided: hide, under C7")
    page.close()
