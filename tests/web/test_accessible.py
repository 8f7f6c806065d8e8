"""Every screen for everybody: axe-core finds nothing, all fits when enlarged, the keyboard reaches all.

The screens are read from the application, so that a new one is covered as soon as it has a route. In English
they are looked at on a desktop, in Spanish, whose words are longer, on a telephone; in both themes each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from modbot import accounts, review
from modbot.demo import Feed, Material, Post
from modbot.sealing import seal
from modbot.web.app import SCREENS
from modbot.web.practice_page import Practice
from platforms.memory import memory_page
from tests.web.member import cookie, session
from tests.web.office import Office, office
from tests.web.rarely import FORUM, rarely

pytestmark = pytest.mark.timeout(1_200)
"""One fixture looks at every screen, on a machine that may have other things to do."""
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIZES = {"en": DESKTOP, "es": PHONE}
ENLARGED = (640, 320)
"""Widths in CSS pixels of a window of 1280 at 200 % and at 400 %."""
PARTS = {
    *("/queue/counts", "/queue/news", "/audit/proof", "/health/now", "/health/checkup"),
    *("/", "/next", "/sign-in/district", "/sign-in/district/back"),
    *("/healthz", "/metrics", "/push/{page}", "/ack/{token}"),
}
"""Routes that answer with a part of a screen, lead elsewhere, or speak to a platform or a messenger."""
VISITORS = {"/sign-in": "", "/practice": "", "/deletions": "ruth", "/appeals": "alma"}
"""Who looks at a screen, by the beginning of its path; adam, the administrator, at all others."""
NAMES = ("adam", "ruth", "alma")


@dataclass(frozen=True)
class Rooms:
    """An office with something on every screen."""

    office: Office
    numbers: Mapping[str, int]
    """What stands for the number in an address, by the address's beginning."""

    def paths(self) -> dict[str, str]:
        """A path of each route that is a screen; those of cases by what they show as well."""
        many = next(each for each in review.waiting(self.office.store) if each.copies > 1)
        shown = {"hidden": self.numbers["/deletions"], "many": many.id}
        return {
            **{route: self.filled(route) for route in routes() if route not in PARTS},
            **{f"/case of one {what}": f"/case/{number}" for what, number in shown.items()},
            # Not among the screens, as it is there in the practice alone.
            "/practice": "/practice",
        }

    def filled(self, route: str) -> str:
        """A route's path with something that is there for each of its parameters."""
        number = next(
            (number for start, number in self.numbers.items() if route.startswith(start)),
            self.office.cases()[0],
        )
        name = "reports" if route.startswith("/help") else "ana"
        there = {"seq": 3, "name": name}
        return re.sub(r"{(\w+)[^}]*}", lambda part: str(there.get(part[1], number)), route)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Rooms]:
    page = memory_page("accessible")
    posts = (Post("routes", "New bus routes", "From Monday."),)
    practice = Practice(Material("Larch Hollow", posts, ()), page, Feed(page, ()))
    page.post("When does route 4 leave?", author="Pat", post="routes")
    folder = tmp_path_factory.mktemp("office")
    with office(folder, migrated_file, pages=FORUM, practice=practice) as opened:
        before = len(opened.cases())
        opened.here.comes_in("We buy now and then, skates: buy now", "A couch, buy now or never, three left")
        first, second = opened.cases()[before:]
        sealed = seal(opened.settings.path(opened.settings.web.key_file))
        accounts.begin_totp(opened.store, sealed, "adam")
        numbers = rarely(opened.here, opened.settings, (first, second), "The author asks what it broke")
        yield Rooms(opened, numbers)


@pytest.fixture(scope="module")
def desk(rooms: Rooms) -> Office:
    return rooms.office


@pytest.fixture(scope="module")
def signed_in(browser: Browser, desk: Office) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP)
    context.add_cookies([cookie(session(desk.store, "adam"), desk.address)])  # type: ignore[list-item]
    yield context
    context.close()


@dataclass
class Visit:
    """What is wrong with one screen, as lines to be read."""

    keyboard: list[str]
    barriers: list[str]
    sticks_out: list[str]


@pytest.fixture(scope="module")
def visits(request: pytest.FixtureRequest, browser: Browser, rooms: Rooms) -> dict[str, Visit]:
    """Every screen in one language, by its route, looked at once for all tests."""
    desk, language = rooms.office, request.param
    context = browser.new_context(viewport=SIZES[language], locale=language)
    with speaking(desk, language):
        found = tour(context, rooms, language)
    context.close()
    return found


@contextmanager
def speaking(desk: Office, language: str) -> Iterator[None]:
    for name in NAMES:
        accounts.set_language(desk.store, name, language)
    try:
        yield
    finally:
        for name in NAMES:
            accounts.set_language(desk.store, name, "en")


def tour(context: BrowserContext, rooms: Rooms, language: str) -> dict[str, Visit]:
    desk, page, found = rooms.office, context.new_page(), {}
    tokens = {name: session(desk.store, name) for name in NAMES} | {"": ""}
    for route, path in rooms.paths().items():
        enter(context, desk, tokens[visitor(path)])
        answer = page.goto(desk.address + path)
        assert answer is not None
        assert (answer.ok, page.url) == (True, desk.address + path), route
        assert page.locator(f"html[lang={language}]").count(), route
        found[route] = look(page, language)
    return found


def visitor(path: str) -> str:
    return next((name for start, name in VISITORS.items() if path.startswith(start)), "adam")


def enter(context: BrowserContext, desk: Office, token: str) -> None:
    context.clear_cookies()
    if token:
        context.add_cookies([cookie(token, desk.address)])  # type: ignore[list-item]


def look(page: Page, language: str) -> Visit:
    # The walk first: what it needs is as the page was loaded.
    found = Visit(
        walked(page) if language == "en" else [], examined(page, SIZES[language]), overflowing(page)
    )
    if page.evaluate(OPEN):
        page.set_viewport_size(SIZES[language])
        found.barriers += [f"opened: {each}" for each in page.evaluate(BARRIERS)]
        found.sticks_out += [f"opened: {each}" for each in overflowing(page)]
    return found


def routes() -> list[str]:
    found = [route for screen in SCREENS for route in screen.routes if isinstance(route, APIRoute)]
    return [route.path for route in found if "GET" in (route.methods or ())]


def examined(page: Page, *sizes: ViewportSize) -> list[str]:
    """Light and dark, at these sizes. Between the themes only colours differ."""
    page.evaluate(AXE)
    found = []
    for size in sizes:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light")
        found += [f"{size['width']} light: {each}" for each in page.evaluate(BARRIERS)]
        page.emulate_media(color_scheme="dark")
        found += [f"{size['width']} dark: {each}" for each in page.evaluate(BARRIERS, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    return found


def overflowing(page: Page) -> list[str]:
    found = []
    for width in ENLARGED:
        page.set_viewport_size({"width": width, "height": 450})
        found += [f"at {width}: {each}" for each in page.evaluate(STICKS_OUT)]
    return found


def walked(page: Page) -> list[str]:
    """Press Tab once around the page: what got the focus unseen, and what never got it."""
    for _ in range(page.evaluate(RECORD) + 5):
        page.keyboard.press("Tab")
    unseen, left_out = page.evaluate(RECORDED)
    return [*(f"focus not seen: {each}" for each in unseen), *(f"never reached: {each}" for each in left_out)]


STICKS_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.outerHTML.slice(0, 150))"""
# What is closed axe-core passes over: all panels at once, also those of which one at a time may be open. The
# menus of the head lie over the page and stay closed.
OPEN = """() => {
  const closed = [...document.querySelectorAll('details:not([open], .menu)')];
  closed.forEach(each => { each.removeAttribute('name'); each.open = true; });
  return closed.length;
}"""
# By all of axe-core's rules, or by those that are named.
BARRIERS = """async named => {
  const only = named ? {runOnly: {type: 'rule', values: named}} : {};
  const {violations} = await axe.run({resultTypes: ['violations'], preload: false, ...only});
  return violations.flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 200)}`));
}"""
RECORD = """() => {
  window.unseen = [];
  document.addEventListener('focusin', ({target}) => {
    const style = getComputedStyle(target), box = target.getBoundingClientRect();
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    if (!target.dataset.reached && !(ring && box.width > 0 && box.height > 0)) {
      unseen.push(target.outerHTML.slice(0, 150));
    }
    target.dataset.reached = 'yes';
  });
  const stops = [...document.querySelectorAll('*')].filter(each => each.tabIndex >= 0);
  // Day, month and the other parts of a date are a stop each.
  const inside = each => each.type?.startsWith('date') ? 8 : 1;
  return stops.filter(each => each.checkVisibility()).reduce((sum, each) => sum + inside(each), 0);
}"""
# Of radio buttons the keyboard reaches the chosen one, and the others by its arrows.
RECORDED = """() => [unseen,
  [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(each => !each.disabled && !['hidden', 'radio'].includes(each.type) && each.tabIndex >= 0)
  .filter(each => each.checkVisibility({visibilityProperty: true}) && !each.dataset.reached)
  .map(each => each.outerHTML.slice(0, 150))]"""


@pytest.mark.parametrize("visits", SIZES, indirect=True)
def test_no_screen_has_a_barrier_that_axe_knows(visits: dict[str, Visit]) -> None:
    assert {path: visit.barriers for path, visit in visits.items() if visit.barriers} == {}


@pytest.mark.parametrize("visits", SIZES, indirect=True)
def test_nothing_sticks_out_when_everything_is_enlarged(visits: dict[str, Visit]) -> None:
    assert {path: visit.sticks_out for path, visit in visits.items() if visit.sticks_out} == {}


@pytest.mark.parametrize("visits", ["en"], indirect=True)
def test_the_tab_key_reaches_everything_and_shows_where_it_is(visits: dict[str, Visit]) -> None:
    assert {path: visit.keyboard for path, visit in visits.items() if visit.keyboard} == {}


def test_shortcuts_and_palette_open_without_a_barrier(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    page.goto(f"{desk.address}/queue")
    for keys, name in (("?", "#keys"), ("Control+k", "#palette")):
        page.keyboard.press(keys)
        expect(page.locator(name)).to_be_visible()
        assert examined(page, DESKTOP, PHONE) == []
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
    assert examined(page, DESKTOP, PHONE) == []
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
    for path in ("/nothing", "/case/1", "/audit/999999", "/ack/no-such-link"):
        page.goto(desk.address + path)
        assert page.title()
        assert examined(page, DESKTOP, PHONE) == [], path
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
