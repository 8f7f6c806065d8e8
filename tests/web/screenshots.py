"""make screenshots: every screen with something on it, light, dark and as on a telephone.

A picture has the name of its screen's template, or one that begins with it where a screen is shown once more.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from modbot import cases, review
from modbot.alerts import calls
from modbot.alerts.watching import UrgentWatcher
from modbot.opinion import comes_after
from modbot.store import table
from modbot.tables import AuditEvent
from tests.web import report_pictures
from tests.web.conftest import CHROMIUM, QUIET
from tests.web.larch_hollow import CHIEF, hidden, larch_hollow
from tests.web.reached import COLLEAGUE, REACHED, Stage

OUT = Path("build/screenshots")
SIZES: dict[str, tuple[ViewportSize, str]] = {
    "light": ({"width": 1280, "height": 800}, "light"),
    "dark": ({"width": 1280, "height": 800}, "dark"),
    "phone": ({"width": 390, "height": 844}, "light"),
    "phone-dark": ({"width": 390, "height": 844}, "dark"),
}
REPORT = "report"


@dataclass(frozen=True)
class Shot:
    """A name in braces stands for one of NUMBERS."""

    path: str
    who: str = CHIEF
    key: str = ""
    click: str = ""


SHOTS = {
    "practice": Shot("/practice", who=""),
    "sign-in": Shot("/sign-in", who=""),
    "sign-in-confirm": Shot("/confirm?next=/people"),
    "queue": Shot("/queue"),
    "queue-filter": Shot("/queue", click=".filters summary"),
    "case": Shot("/case/{ordinary}"),
    "case-urgent": Shot("/case/{urgent}"),
    "case-many": Shot("/case/{many}"),
    "case-hide": Shot("/case/{ordinary}", key="h"),
    "case-escalate": Shot("/case/{ordinary}", key="e"),
    "case-refer": Shot("/case/{urgent}", key="r"),
    "case-hidden": Shot("/case/{hidden}"),
    "decided": Shot("/decided"),
    "search": Shot("/search"),
    "search-found": Shot("/search?text=board"),
    "bring-in": Shot("/bring-in"),
    "tasks": Shot("/tasks"),
    "appeals": Shot("/appeals", who="alma"),
    "appeals-one": Shot("/appeals/{appeal}", who="alma"),
    "deletions": Shot("/deletions", who="ruth"),
    "deletions-one": Shot("/deletions/{hidden}", who="ruth"),
    "retention": Shot("/retention", who="ruth"),
    "audit": Shot("/audit"),
    "audit-entry": Shot("/audit/{entry}"),
    "audit-checkpoints": Shot("/audit/checkpoints"),
    "health": Shot("/health"),
    "policy": Shot("/policy"),
    "policy-changes": Shot("/policy/changes"),
    "models": Shot("/models"),
    "people": Shot("/people"),
    "people-one": Shot(f"/people/{COLLEAGUE}"),
    "people-roles": Shot("/roles"),
    "account": Shot("/account"),
    "account-app": Shot("/account/app"),
    "help": Shot("/help"),
    "help-article": Shot("/help/getting-started"),
    # From here on people on call are being alerted.
    "call": Shot("/call/{call}"),
    "queue-ringing": Shot("/queue"),
}


def _waiting(fits: Callable[[review.Line], bool]) -> Callable[[Stage], int]:
    return lambda stage: next(line.id for line in review.waiting(stage.store) if fits(line))


def _called(stage: Stage) -> int:
    UrgentWatcher(stage.store, stage.settings).look()
    return min(calls.ringing(stage.store).values())


def _decision(stage: Stage) -> int:
    """The log's newest entry of one."""
    entries = table(AuditEvent).c
    with stage.store.read() as connection:
        newest = sa.select(sa.func.max(entries.seq)).where(entries.kind == "decision.made")
        return int(connection.execute(newest).scalar_one())


NUMBERS: dict[str, Callable[[Stage], int]] = {
    "ordinary": lambda stage: stage.fresh(False),
    "urgent": _waiting(lambda line: line.priority == "urgent"),
    "many": _waiting(lambda line: line.copies > 1),
    "hidden": lambda stage: hidden(stage.store)[0],
    "appeal": lambda stage: review.appeals(stage.store, 10)[0].id,
    "entry": _decision,
    "call": _called,
}


def take(browser: Browser, stage: Stage, only: list[str]) -> None:
    for name in (*SHOTS, *REACHED):
        if only and name not in only:
            continue
        context = browser.new_context(viewport=SIZES["light"][0])
        page = context.new_page()
        if name in SHOTS:
            _show(stage, page, SHOTS[name])
        else:
            REACHED[name](stage, page)
        for style, (size, scheme) in SIZES.items():
            page.set_viewport_size(size)
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.wait_for_timeout(150)
            page.screenshot(path=OUT / f"{name}-{style}.png", animations="disabled")
        print(OUT / f"{name}-*.png")
        context.close()


def _show(stage: Stage, page: Page, shot: Shot) -> None:
    path = re.sub(r"{(\w+)}", lambda found: str(NUMBERS[found[1]](stage)), shot.path)
    stage.enter(page, shot.who, path)
    assert urlsplit(page.url).path == urlsplit(path).path, page.url
    if shot.key:
        page.keyboard.press(shot.key)
    if shot.click:
        page.locator(shot.click).click()


@contextmanager
def staged() -> Iterator[Stage]:
    with larch_hollow() as (address, settings, store):
        share = settings.review.opinion_after_share

        def fresh(opinion_follows: bool) -> int:
            """The first of the queue that suits, let go by the chief."""
            number = next(
                line.id
                for line in review.waiting(store)
                if line.priority == "ordinary"
                and line.claimed_by in (None, CHIEF)
                and comes_after(line.id, CHIEF, share) is opinion_follows
            )
            cases.release(store, number, CHIEF)
            return number

        yield Stage(address, store, settings, CHIEF, fresh)


def main() -> None:
    only = sys.argv[1:]
    names = (*SHOTS, *REACHED, REPORT)
    if unknown := {*only}.difference(names):
        sys.exit(f"No picture is called {', '.join(unknown)}. There are: {' '.join(names)}")
    OUT.mkdir(parents=True, exist_ok=True)
    if only != [REPORT]:
        # The district first: a browser's event loop keeps others from running in this thread.
        with staged() as stage, chromium() as browser:
            take(browser, stage, only)
    if not only or REPORT in only:
        with chromium() as browser:
            report_pictures.take(browser, OUT)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *QUIET])
        yield browser
        browser.close()


if __name__ == "__main__":
    main()
