"""A moderator's work as a moderator does it: the whole bot, a real browser, keys and mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from modbot import sessions
from modbot.tables import Action, Case, CaseComment, Decision
from tests.web.member import PASSWORD, cookie, session
from tests.web.shift import Shift, code_after, shift, until

SLOW = 60_000
"""Milliseconds that this machine may take for a step."""
ENLARGED: ViewportSize = {"width": 640, "height": 450}
"""CSS pixels of a window of 1280 by 900 at 200 %."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: object) -> Iterator[Shift]:
    with shift(tmp_path_factory.mktemp("shift"), migrated_file) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=SLOW)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def window(browser: Browser, desk: Shift) -> Iterator[BrowserContext]:
    """A browser of its own in which nothing may be blocked or fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    troubles: list[str] = []
    context.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.set_default_timeout(SLOW)
    yield context
    context.close()
    # What the server refuses on purpose is an error to the browser's console as well.
    assert [each for each in troubles if not re.search(r"status of 40[19]", each)] == []


def enter(context: BrowserContext, desk: Shift, name: str, path: str) -> Page:
    context.add_cookies([cookie(session(desk.store, name), desk.address)])
    page = context.new_page()
    page.goto(desk.address + path)
    return page


def arrives(desk: Shift, text: str) -> int:
    """The number of the case that a comment with these words makes."""
    before = {row.id for row in desk.here.rows(Case)}
    desk.says(text)
    (number,) = until(lambda: {row.id for row in desk.here.rows(Case)} - before)
    return int(number)


def top_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["y"]


def sign_in_by_keyboard(page: Page, secret: str) -> None:
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("The six digits")).to_be_focused()
    page.keyboard.type(code_after(secret))
    page.keyboard.press("Enter")


def test_from_signing_in_to_taking_a_decision_back_by_keyboard_alone_at_200_percent(
    window: BrowserContext, desk: Shift
) -> None:
    secret = desk.enroll("ana")
    page = window.new_page()
    page.set_viewport_size(ENLARGED)
    page.goto(f"{desk.address}/queue")
    sign_in_by_keyboard(page, secret)
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    expect(page.get_by_text("Nothing waits here")).to_be_visible()

    reader = window.new_page()
    reader.goto(f"{desk.address}/practice")
    reader.get_by_label("Write a comment yourself").fill("Buy now, half price prom dresses 👗")
    reader.get_by_role("button", name="Post it").click()
    on_page = reader.locator("#posts .said").filter(has_text="half price prom dresses")
    expect(on_page).to_be_visible()

    expect(page.locator("[data-row]")).to_contain_text("half price prom dresses")
    expect(page.locator("#waiting-count")).to_contain_text("1")
    page.bring_to_front()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#comment-text mark")).to_have_text("Buy now")
    expect(page.get_by_text("This may be a commercial offer.")).to_be_visible()
    expect(page.get_by_text("Promotes commercial services or products").first).to_be_visible()
    page.wait_for_load_state()

    page.keyboard.press("h")
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="Hide it, then the next case")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#undo")).to_contain_text("hidden under C7")
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    page.wait_for_load_state()
    until(lambda: desk.public() == [])
    expect(on_page).to_have_count(0)

    page.keyboard.press("u")
    expect(page.get_by_text("The decision was taken back. The case waits again.")).to_be_visible()
    page.wait_for_load_state()
    until(lambda: desk.public() == ["Buy now, half price prom dresses 👗"])
    expect(on_page).to_be_visible(timeout=SLOW)
    page.keyboard.press("l")
    expect(page.locator("#undo")).to_contain_text("left up")


def test_whoever_comes_too_late_is_told_what_the_other_decided(
    browser: Browser, window: BrowserContext, desk: Shift
) -> None:
    number = arrives(desk, "Buy now: stickers for your locker")
    other = browser.new_context()
    ana, ben = (
        enter(window, desk, "ana", f"/case/{number}"),
        enter(other, desk, "ben", f"/case/{number}"),
    )
    expect(ben.get_by_text("is deciding this case at the moment")).to_be_visible()
    ana.keyboard.press("l")
    expect(ana.locator("#undo")).to_contain_text(f"Case {number}: left up")
    ben.keyboard.press("l")
    expect(ben.get_by_role("heading", name="Somebody was first")).to_be_visible()
    expect(ben.get_by_role("alert")).to_contain_text(re.compile(f"Ana decided case {number} at .*: left up"))
    made = [row for row in desk.here.rows(Decision) if row.case_id == number]
    assert [row.decided_by for row in made] == ["ana"]
    other.close()


def test_of_two_who_decide_in_the_same_moment_one_does_and_the_other_is_told(
    browser: Browser, window: BrowserContext, desk: Shift
) -> None:
    number = arrives(desk, "Buy now: a trumpet, hardly played")
    other = browser.new_context()
    both = [
        enter(window, desk, "ana", f"/case/{number}"),
        enter(other, desk, "ben", f"/case/{number}"),
    ]
    for page in both:
        page.evaluate("() => void setTimeout(() => document.getElementById('decide').requestSubmit(), 300)")
    for page in both:
        expect(
            page.locator("#undo").or_(page.get_by_role("heading", name="Somebody was first"))
        ).to_be_visible()
    assert sum(page.locator("#undo").count() for page in both) == 1
    assert len([row for row in desk.here.rows(Decision) if row.case_id == number]) == 1
    other.close()


def test_a_session_that_is_ended_leads_to_signing_in_and_back(window: BrowserContext, desk: Shift) -> None:
    page = enter(window, desk, "ben", "/queue")
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    with desk.store.write() as tx:
        sessions.end(tx, "ben", why="ended in a test", by="lee")
    page.wait_for_url("**/sign-in?next=/queue")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_threat_goes_to_the_top_and_what_is_in_focus_stays_where_it_is(
    window: BrowserContext, desk: Shift
) -> None:
    number = arrives(desk, "Buy now, a whole garage of band shirts")
    page = enter(window, desk, "ana", "/queue")
    row = page.locator(f"#open-{number}")
    page.keyboard.press("k")
    expect(row).to_be_focused()
    before = top_of(row)
    threat = arrives(desk, "I will hurt you after the game")
    offer = page.get_by_role("link", name="Show 1 new case, 1 urgent")
    expect(offer).to_be_visible(timeout=SLOW)
    expect(row).to_be_focused()
    page.keyboard.press(".")
    expect(page.locator(".cases li").first).to_have_id(f"row-{threat}")
    expect(page.locator(".cases li").first).not_to_contain_text("hurt you")
    expect(row).to_be_focused()
    assert abs(top_of(row) - before) < 130
    expect(page.locator("#waiting-count")).to_contain_text("urgent")

    page.goto(f"{desk.address}/case/{threat}")
    expect(page.locator("#comment-text")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.locator("#comment-text")).to_contain_text("I will hurt you")
    for each in (number, threat):
        page.goto(f"{desk.address}/case/{each}")
        page.keyboard.press("l")
        expect(page.locator("#undo")).to_be_visible()


def test_226_copies_are_one_case_with_226_records(window: BrowserContext, desk: Shift) -> None:
    first = arrives(desk, "Buy now at the big sale on the corner, everything must go")
    for n in range(225):
        desk.says("Buy now at the big sale on the corner, everything must go" + "!" * (n % 3), f"Reader {n}")
    until(lambda: sum(row.case_id == first for row in desk.here.rows(CaseComment)) == 226)
    page = enter(window, desk, "ana", f"/case/{first}")
    expect(page.get_by_role("heading", name="226 near-identical comments")).to_be_visible()
    expect(page.get_by_text("This decision covers all 226 comments listed above.")).to_be_visible()
    wordings = page.get_by_role("region", name="Every wording that the decision covers")
    assert [int(each) for each in wordings.locator("tbody td:first-child").all_inner_texts()] == [76, 75, 75]
    page.keyboard.press("h")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#undo")).to_contain_text("hidden under C7 (226 comments)")
    made = {row.id for row in desk.here.rows(Decision) if row.case_id == first}
    assert len(made) == 226
    assert len({row.native_id for row in desk.here.rows(Action) if row.decision_id in made}) == 226
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page.get_by_text("The decision was taken back.")).to_be_visible()
    until(lambda: sum("big sale" in text for text in desk.public()) == 226)
    page.wait_for_load_state()
    page.keyboard.press("l")
    expect(page.locator("#undo")).to_contain_text("left up (226 comments)")


def test_quoted_words_are_picked_in_the_comment_itself(window: BrowserContext, desk: Shift) -> None:
    text = "👩‍👩‍👧 Tonight only\r\nbuy now \u202eand call\u202c 555-0142"
    number = arrives(desk, text)
    page = enter(window, desk, "ana", f"/case/{number}")
    page.keyboard.press("h")
    quote = page.get_by_label("The words that break it")
    expect(quote).to_have_value("buy now")
    page.locator("#comment-text").evaluate(
        """text => {
          const range = document.createRange();
          range.setStart(text.firstChild, text.firstChild.length - 5);
          range.setEnd(text.lastChild, 9);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
          text.dispatchEvent(new Event('mouseup', {bubbles: true}));
        }"""
    )
    expect(quote).to_have_value(re.compile("^only\nbuy now"))
    page.keyboard.press("2")
    page.get_by_role("button", name="Hide it, then the next case").click()
    expect(page.locator("#undo")).to_be_visible()
    page.goto(f"{desk.address}/case/{number}")
    expect(page.get_by_text("Quoted words:")).to_contain_text("only buy now \\u202ean")


QUICKLY = """keys => new Promise(done => {
  document.getElementById('bar').addEventListener('toggle', () => setTimeout(done), {capture: true});
  if (keys.length < 2 || keys[0] === keys[1]) done();
  for (const key of keys) document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
})"""
"""Presses keys in one go, before the browser tells the page that anything opened; ends when it has."""


def test_keys_pressed_faster_than_the_browser_tells_of_them_are_not_lost(
    window: BrowserContext, desk: Shift
) -> None:
    number = arrives(desk, "Buy now, a whole closet of cleats")
    page = enter(window, desk, "ana", f"/case/{number}")
    page.evaluate(QUICKLY, ["h", "1"])
    expect(page.get_by_role("button", name="Hide it, then the next case")).to_be_focused()
    page.keyboard.press("Escape")
    page.evaluate(QUICKLY, ["l", "l"])
    expect(page.locator("#undo")).to_contain_text(f"Case {number}: left up")
    assert len([row for row in desk.here.rows(Decision) if row.case_id == number]) == 1


def test_shift_takes_effect_at_once(window: BrowserContext, desk: Shift) -> None:
    number = arrives(desk, "Buy now, tires and rims")
    page = enter(window, desk, "ana", f"/case/{number}")
    page.keyboard.press("h")
    page.keyboard.press("1")
    page.get_by_role("button", name="Hide it, then the next case").click(modifiers=["Shift"])
    expect(page.locator("#undo")).not_to_contain_text("told in")
    until(lambda: not any("tires and rims" in text for text in desk.public()))


def test_keys_rest_while_somebody_types(window: BrowserContext, desk: Shift) -> None:
    number = arrives(desk, "Buy now, kittens")
    page = enter(window, desk, "ana", f"/case/{number}")
    page.keyboard.press("n")
    page.keyboard.type("hello l e r s ? / q")
    expect(page.get_by_label("Write a note")).to_have_value("hello l e r s ? / q")
    page.get_by_role("button", name="Save the note").click()
    expect(page.locator("#notes ~ ul")).to_contain_text("hello l e r s ? / q")
    page.wait_for_load_state()
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_role("heading", name="Decided", exact=True)).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("Control+k")
    page.keyboard.type(str(number))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Case {number}")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("l")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page).not_to_have_url(re.compile(f"/case/{number}$"))
    assert [row for row in desk.here.rows(Decision) if row.case_id == number] == []
