"""Every screen for everybody: axe-core finds nothing, all fits when enlarged, the keyboard reaches all.

The screens are read from the application, so that a new one is covered as soon as it has a route; those that
no address leads to are reached as by a person. In English they are looked at on a desktop; in Spanish,
whose words are longer, on a telephone. In both themes each, with everything opened.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from modbot import accounts, review, users
from modbot.demo import Feed, Material, Post
from modbot.opinion import comes_after
from modbot.sealing import seal
from modbot.web.pages import templates
from modbot.web.practice_page import Practice
from platforms.memory import memory_page
from tests.web.member import cookie, session
from tests.web.office import Office, office
from tests.web.rarely import FORUM, rarely
from tests.web.reached import COLLEAGUE, NEWCOMER, REACHED, Stage, routes, screens

pytestmark = pytest.mark.timeout(1_200)
"""One fixture looks at every screen, on a machine that may have other things to do."""
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIZES = {"en": DESKTOP, "es": PHONE}
ENLARGED = (640, 320)
"""Widths in CSS pixels of a window of 1280 at 200 % and at 400 %."""
VISITORS = {"/sign-in": "", "/practice": "", "/deletions": "ruth", "/appeals": "alma"}
"""Who looks at a screen, by the beginning of its path; adam, the administrator, at all others."""
NAMES = ("adam", "ruth", "alma", COLLEAGUE, NEWCOMER)


@dataclass(frozen=True)
class Rooms:
    """An office with something on every screen."""

    office: Office
    stage: Stage
    numbers: Mapping[str, int]
    """What stands for the number in an address, by the address's beginning."""

    def paths(self) -> dict[str, str]:
        """A path of each route that is a screen; those of cases by what they show as well."""
        many = next(each for each in review.waiting(self.office.store) if each.copies > 1)
        shown = {"hidden": self.numbers["/deletions"], "many": many.id}
        return {
            **{route: self.filled(route) for route in routes()},
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
        users.add(opened.store, NEWCOMER, "Nell Brandt", "moderator")
        yield Rooms(opened, staged(opened), numbers)


def staged(desk: Office) -> Stage:
    share = desk.settings.review.opinion_after_share

    def fresh(opinion_follows: bool) -> int:
        """Comments arrive until one makes such a case."""
        for _ in range(50):
            desk.here.comes_in(f"Buy now: {uuid.uuid4()}")
            number = desk.cases()[-1]
            if comes_after(number, "adam", share) is opinion_follows:
                return number
        raise AssertionError(f"none of 50 cases, at a share of {share}")

    return Stage(desk.address, desk.store, desk.settings, "adam", fresh)


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


@dataclass
class Tour:
    visits: dict[str, Visit]
    """By the screen's route, or its name among those that no address leads to."""
    drawn: set[str]
    """The templates that were asked for."""


@pytest.fixture(scope="module")
def tour(request: pytest.FixtureRequest, browser: Browser, rooms: Rooms) -> Tour:
    """Every screen in one language, looked at once for all tests."""
    language = request.param
    # Without motion: what fades in is pale until it is there.
    context = browser.new_context(viewport=SIZES[language], locale=language, reduced_motion="reduce")
    drawn: set[str] = set()
    with speaking(rooms.office, language), pytest.MonkeyPatch.context() as patch:
        given = templates.get_template
        patch.setattr(templates, "get_template", lambda name: (drawn.add(name), given(name))[1])
        visits = dict(visited(context.new_page(), rooms, language))
    context.close()
    return Tour(visits, drawn)


@contextmanager
def speaking(desk: Office, language: str) -> Iterator[None]:
    for name in NAMES:
        accounts.set_language(desk.store, name, language)
    try:
        yield
    finally:
        for name in NAMES:
            accounts.set_language(desk.store, name, "en")


def visited(page: Page, rooms: Rooms, language: str) -> Iterator[tuple[str, Visit]]:
    stage = rooms.stage
    for route, path in rooms.paths().items():
        answer = stage.enter(page, visitor(path), path)
        assert answer is not None
        assert (answer.ok, page.url) == (True, stage.address + path), route
        yield route, look(page, language, walk=language == "en")
    own = {template.removesuffix(".html").replace("_", "-") for template in screens()}
    for name, reach in REACHED.items():
        page.set_viewport_size(SIZES[language])
        reach(stage, page)
        # The others are screens that were walked around above, with something more on them.
        yield name, look(page, language, walk=language == "en" and name in own | {"case-refused"})


def visitor(path: str) -> str:
    return next((name for start, name in VISITORS.items() if path.startswith(start)), "adam")


def look(page: Page, language: str, *, walk: bool) -> Visit:
    assert page.locator(f"html[lang={language}]").count(), page.url
    size = SIZES[language]
    # The walk first: what it needs is as the page was loaded.
    keyboard = walked(page) if walk else []
    page.evaluate(OPEN, "details:not(.menu, .choice)")
    found = Visit(keyboard, examined(page, size), overflowing(page))
    # The choices lie over the page, so what is under them was looked at before.
    if page.evaluate(OPEN, ".choice"):
        found.barriers += examined(page, size, within="#bar")
        found.sticks_out += overflowing(page)
    return found


def examined(page: Page, *sizes: ViewportSize, within: str = "html") -> list[str]:
    """Light and dark, at these sizes. Between the themes only colours differ."""
    page.evaluate(AXE)
    found = []
    for size in sizes:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="light")
        found += [f"{size['width']} light: {each}" for each in page.evaluate(BARRIERS, [within, None])]
        page.emulate_media(color_scheme="dark")
        colours = [within, ["color-contrast"]]
        found += [f"{size['width']} dark: {each}" for each in page.evaluate(BARRIERS, colours)]
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
# What is closed axe-core passes over: all at once, also those of which one at a time may be open, by name or
# by the page's own script.
OPEN = """selector => {
  document.addEventListener('toggle', event => event.stopImmediatePropagation(), {capture: true});
  const closed = [...document.querySelectorAll(selector)].filter(each => !each.open);
  closed.forEach(each => { each.removeAttribute('name'); each.open = true; });
  return closed.length;
}"""
# By all of axe-core's rules, or by those that are named.
BARRIERS = """async ([within, named]) => {
  const only = named ? {runOnly: {type: 'rule', values: named}} : {};
  const {violations} = await axe.run(within, {resultTypes: ['violations'], preload: false, ...only});
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


@pytest.mark.parametrize("tour", SIZES, indirect=True)
def test_no_screen_has_a_barrier_that_axe_knows(tour: Tour) -> None:
    assert {name: visit.barriers for name, visit in tour.visits.items() if visit.barriers} == {}


@pytest.mark.parametrize("tour", SIZES, indirect=True)
def test_nothing_sticks_out_when_everything_is_enlarged(tour: Tour) -> None:
    assert {name: visit.sticks_out for name, visit in tour.visits.items() if visit.sticks_out} == {}


@pytest.mark.parametrize("tour", SIZES, indirect=True)
def test_no_screen_is_left_out(tour: Tour) -> None:
    assert screens() - tour.drawn == set()


@pytest.mark.parametrize("tour", ["en"], indirect=True)
def test_the_tab_key_reaches_everything_and_shows_where_it_is(tour: Tour) -> None:
    assert {name: visit.keyboard for name, visit in tour.visits.items() if visit.keyboard} == {}


def test_what_the_log_s_check_found_is_announced(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    page.goto(f"{desk.address}/audit")
    region = page.locator("#proof[role=status]")
    # An earlier check's result may stand there, of fewer entries.
    desk.here.comes_in("The clock in the gym is slow")
    whole = f"The log is whole: each of its {len(desk.here.kinds())} entries"
    expect(region).not_to_contain_text(whole)
    page.get_by_role("button", name="Check the whole log").press("Enter")
    expect(region).to_contain_text(whole, timeout=20_000)
    expect(page.get_by_role("button", name="Check the whole log")).to_be_focused()
    page.close()


def test_a_new_case_is_announced(signed_in: BrowserContext, desk: Office) -> None:
    page = signed_in.new_page()
    page.goto(f"{desk.address}/queue")
    region = page.locator("#arrived[role=status]")
    expect(region).to_have_text("")
    desk.here.comes_in("I will hurt you when the bell rings")
    expect(region).to_contain_text("Show 1 new case, 1 urgent", timeout=20_000)
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
