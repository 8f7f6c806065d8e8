"""make screenshots: every screen with something on it, light, dark and as on a telephone."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from modbot import appeals, cases, deletions, demo, notes, review, users, wiring
from modbot.actions import carry_out
from modbot.policy import Mode, Policy
from modbot.rulings import Choice, Ruling
from modbot.service import Service
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.practice_page import Practice
from platforms.memory import memory_page
from tests.web import report_pictures
from tests.web.conftest import CHROMIUM, QUIET
from tests.web.member import cookie, session
from tests.web.office import serving

OUT = Path("build/screenshots")
PEOPLE = {
    "ana": ("Ana Diaz", "administrator"),
    "ben": ("Ben Okafor", "moderator"),
    "lee": ("Lee Park", "lead"),
    "ruth": ("Ruth Ortega", "records_officer"),
    "alma": ("Alma Reyes", "appeals_officer"),
}
SIZES: dict[str, tuple[ViewportSize, str]] = {
    "light": ({"width": 1280, "height": 800}, "light"),
    "dark": ({"width": 1280, "height": 800}, "dark"),
    "phone": ({"width": 390, "height": 844}, "light"),
    "phone-dark": ({"width": 390, "height": 844}, "dark"),
}


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    before: Callable[[Page], object] = lambda _: None
    who: str = "ana"


@contextmanager
def district() -> Iterator[tuple[str, Store]]:
    """The practice's invented district with all its comments, some of them decided, at a web address."""
    with tempfile.TemporaryDirectory() as folder:
        settings = demo.prepare(Path(folder) / "practice", 0)
        changed = settings.review.model_copy(update={"opinion_after_share": 0.0})
        settings = settings.model_copy(update={"review": changed})
        bot, feed = demo.build(settings)
        page = memory_page(demo.PAGE)
        for sample in demo.material().samples:
            page.post(sample.text, author=sample.author, post=sample.post)
        service = Service(bot)
        asyncio.run(service.run_once())
        _work(bot.store)
        asyncio.run(carry_out(bot.store, demo.PAGE, bot.pages[demo.PAGE]))
        hidden = _hidden(bot.store)
        deletions.propose(bot.store, hidden[0], "ben", "The district's counsel asks for it.")
        appeals.file(
            bot.store, hidden[-1], "ana", "I asked a question. Why is it gone?", "By telephone", None
        )
        app = create_app(Desk(settings, bot.store), Practice(demo.material(), page, feed))
        with serving(app) as address:
            yield address, bot.store
        bot.store.close()


def _work(store: Store) -> None:
    """What a morning's work leaves behind."""
    rules = wiring.policy_in_force(store)
    for name, (full_name, role) in PEOPLE.items():
        users.add(store, name, full_name, role)
    for line in review.waiting(store)[6:14]:
        cases.decide(store, rules, line.id, _sensible(store, rules, line))
    waiting = review.waiting(store)
    cases.decide(
        store,
        rules,
        waiting[-1].id,
        Ruling(choice=Choice.ESCALATE, by="ben", reason="A candidate?", version=waiting[-1].version),
    )
    cases.claim(store, waiting[5].id, "ben")
    notes.write(store, waiting[4].id, "ben", "The same shop wrote last week. It was told about the clause.")


def _sensible(store: Store, rules: Policy, line: review.Line) -> Ruling:
    """What a careful person would decide: the samples say themselves what they are there to show."""
    item = review.case(store, line.id).items[0]
    shows = {sample.text: sample.shows for sample in demo.material().samples}[item.text or ""]
    for finding in item.judged.findings if item.judged else ():
        clause = rules.find(finding.clause)
        if clause and clause.mode is Mode.ENFORCE and finding.category == shows and finding.spans:
            span = finding.spans[0]
            quote = (item.text or "")[span.start : span.end]
            return Ruling(choice=Choice.HIDE, by="ben", clause=clause.id, quote=quote, version=line.version)
    return Ruling(choice=Choice.LEAVE_UP, by="ana", reason_code="context", reason="", version=line.version)


def _hidden(store: Store) -> list[int]:
    return [each.line.id for each in review.decided(store).lines if each.choice == "hide"]


def shots(store: Store) -> list[Shot]:
    waiting = review.waiting(store)
    ordinary = next(line.id for line in waiting if line.priority == "ordinary" and not line.claimed_by)
    urgent = next(line.id for line in waiting if line.priority == "urgent")
    many = next((line.id for line in waiting if line.copies > 1), ordinary)
    hidden = _hidden(store)[0]
    appeal = review.appeals(store, 10)[0].id
    return [
        Shot("practice", "/practice", who=""),
        Shot("sign-in", "/sign-in", who=""),
        Shot("queue", "/queue"),
        Shot("queue-filter", "/queue", lambda page: page.locator(".filters summary").click()),
        Shot("case", f"/case/{ordinary}"),
        Shot("case-urgent", f"/case/{urgent}"),
        Shot("case-many", f"/case/{many}"),
        Shot("case-hide", f"/case/{ordinary}", lambda page: page.keyboard.press("h")),
        Shot("case-refer", f"/case/{urgent}", lambda page: page.keyboard.press("r")),
        Shot("case-hidden", f"/case/{hidden}"),
        Shot("decided", "/decided"),
        Shot("deletions", "/deletions", who="ruth"),
        Shot("deletion", f"/deletions/{hidden}", who="ruth"),
        Shot("retention", "/retention", who="ruth"),
        Shot("appeals", "/appeals", who="alma"),
        Shot("appeal", f"/appeals/{appeal}", who="alma"),
        Shot("help-article", "/help/getting-started"),
        Shot("shortcuts", "/queue", lambda page: page.keyboard.press("?")),
        Shot("palette", "/queue", lambda page: page.keyboard.press("Control+k")),
        *(
            Shot(name, f"/{name}")
            for name in ("search", "audit", "health", "policy", "people", "account", "help")
        ),
        Shot("search-found", "/search?text=board"),
        Shot("menu", "/queue", lambda page: page.locator(".me summary").click()),
        Shot("refused", "/people", who="ben"),
    ]


def take(browser: Browser, address: str, store: Store, only: list[str]) -> None:
    tokens = {name: session(store, name) for name in PEOPLE}
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = [shot for shot in shots(store) if not only or shot.name in only]
    for style, (size, scheme) in SIZES.items():
        context = browser.new_context(viewport=size)
        page = context.new_page()
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for shot in wanted:
            context.clear_cookies()
            if shot.who:
                context.add_cookies([cookie(tokens[shot.who], address)])
            page.goto(address + shot.path)
            shot.before(page)
            page.wait_for_timeout(300)
            file = OUT / f"{shot.name}-{style}.png"
            page.screenshot(path=file)
            print(file)
        context.close()


def main() -> None:
    with district() as (address, store), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *QUIET])
        take(browser, address, store, sys.argv[1:])
        if not sys.argv[1:] or "report" in sys.argv[1:]:
            report_pictures.take(browser, OUT)
        browser.close()


if __name__ == "__main__":
    main()
