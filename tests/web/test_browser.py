"""The practice page as a newcomer meets it: the real command, a real browser."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from modbot.demo import prepare
from tests.modbot.installation import MODBOT, environment
from tests.modbot.test_cli_run import FAST, WORDS, free_port

SWINDLE = "Join our <b>gift circle</b>, only today"
SLOW = 60_000
"""Milliseconds that this machine may take for a step."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running practice, where "gift circle" always makes a case."""
    folder = tmp_path_factory.mktemp("demo") / "practice"
    port = free_port()
    prepare(folder, port)
    with (folder / "policy.toml").open("a") as file:
        file.write(f"\n{WORDS}")
    settings = folder / "modbot.toml"
    settings.write_text(FAST + settings.read_text())
    practice = subprocess.Popen(
        [*MODBOT, "demo", str(folder), "--port", str(port)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield wait_for(f"http://127.0.0.1:{port}")
    finally:
        practice.terminate()
        _, err = practice.communicate(timeout=30)
    assert practice.returncode == 0, err
    assert "Traceback" not in err


def wait_for(url: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(f"{url}/healthz", timeout=5)
            return url
        time.sleep(0.2)
    raise AssertionError(f"nobody answers at {url}")


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh window on the practice page; nothing may be blocked or fail in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    window = context.new_page()
    troubles: list[str] = []
    window.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    window.on("pageerror", lambda error: troubles.append(str(error)))
    window.set_default_timeout(SLOW)
    window.goto(f"{address}/practice")
    yield window
    context.close()
    assert troubles == []


def write(page: Page, text: str) -> None:
    page.get_by_label("Write a comment yourself").fill(text)
    page.get_by_role("button", name="Post it").click()
    expect(page.get_by_text("Posted. It appears below in a moment.")).to_be_visible()


def test_the_whole_loop_by_keyboard_without_loading_the_page_again(page: Page) -> None:
    write(page, SWINDLE)
    card = page.locator(".card.waiting").filter(has_text=SWINDLE)
    expect(card).to_be_visible(timeout=SLOW)
    expect(card.locator("mark")).to_have_text("gift circle")
    public = page.locator("#posts .said").filter(has_text=SWINDLE)
    expect(public).to_be_visible()
    number = card.get_attribute("id")

    card.locator("summary", has_text="Hide").focus()
    page.keyboard.press("Enter")
    expect(card.get_by_label("The words that break it")).to_have_value("gift circle")
    card.get_by_role("button", name="Hide it").focus()
    page.keyboard.press("Enter")
    card = page.locator(f"#{number}")
    expect(card).to_contain_text("readers no longer see it", timeout=SLOW)
    expect(public).to_have_count(0)
    expect(page.locator("#posts")).to_contain_text("is hidden. Readers do not see this line.")
    expect(page.locator(f"#{number}-title")).to_be_focused()
    expect(page.locator("#entries")).to_contain_text("A person decided")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Leave up")).to_be_visible()
    expect(public).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Check the whole log").click()
    expect(page.locator("#proof")).to_contain_text("The log is whole")


def test_what_is_typed_stays_while_other_comments_arrive(page: Page) -> None:
    write(page, "Another gift circle, for the whole neighborhood")
    card = page.locator(".card.waiting").filter(has_text="whole neighborhood")
    expect(card).to_be_visible(timeout=SLOW)
    card.locator("summary", has_text="Hide").click()
    card.get_by_label("The words that break it").fill("our gift")
    before = page.locator("#entries tr").first.inner_text()
    expect(page.locator("#entries tr").first).not_to_have_text(before, timeout=SLOW)
    expect(card.get_by_label("The words that break it")).to_have_value("our gift")
    expect(card.get_by_label("The words that break it")).to_be_focused()


def test_samples_come_by_themselves_until_they_are_paused(page: Page) -> None:
    first = page.locator("#entries tr").first
    seen = first.inner_text()
    expect(first).not_to_have_text(seen, timeout=SLOW)
    page.get_by_role("button", name="Pause new comments").click()
    expect(page.get_by_role("button", name="Let comments come in again")).to_be_visible()
    page.wait_for_timeout(3_000)
    seen = first.inner_text()
    page.wait_for_timeout(5_000)
    assert first.inner_text() == seen
    page.get_by_role("button", name="Let comments come in again").click()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_sticks_out_at_any_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_has_a_name_and_every_part_a_heading(page: Page) -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, textarea, summary')]
        .filter(each => each.type !== 'hidden')
        .filter(each => !(each.labels?.length || each.textContent.trim() || each.ariaLabel))
        .map(each => each.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("main").count() == 1
    assert page.locator("h1").count() == 1
    for section in page.locator("section").all():
        assert page.locator(f"#{section.get_attribute('aria-labelledby')}").inner_text()


def test_the_first_stop_of_the_keyboard_leads_past_the_header(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Go to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"), timeout=SLOW)
