"""Comments that attack the screens they are shown on: nothing in them runs, and no screen breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from modbot import cases, users
from modbot.queue import URGENT
from modbot.rulings import Choice, Ruling
from modbot.tables import AuditEvent, Case
from tests.modbot.learning import in_shadow
from tests.modbot.scene import District, add_page, said
from tests.web.member import cookie, session
from tests.web.rarely import rarely
from tests.web.shift import Shift, shift, until

RUNS = "window.ran=(window.ran||0)+1"
HOSTILE = {
    "script": f"<script>{RUNS}</script>",
    "script that ends another": f"</script><script>{RUNS}</script><!--",
    "svg": f"<svg/onload={RUNS}><animate onbegin={RUNS} attributeName=x dur=1s>",
    "image": f'"><img src=x onerror="{RUNS}">',
    "attribute": f"' onmouseover='{RUNS}' autofocus onfocus={RUNS} x='",
    "htmx": f'<div hx-get="/account" hx-trigger="load" hx-on:htmx:load="{RUNS}">here</div>',
    "template": "{{ 7*7 }} {% include '/etc/passwd' %} ${7*7} <%= 7*7 %> %(name)s",
    "link": f'<a href="javascript:{RUNS}">javascript:{RUNS}</a>',
    "style": "<style>*{display:none}</style><link rel=stylesheet href=//evil.example/x.css>",
    "frame": f"<iframe srcdoc='<script>parent.{RUNS}</script>'></iframe><base href=//evil.example>",
    "form": "<form action=//evil.example><input name=_token><button>Leave up</button></form>",
    "bidi overrides": "\u202e\u2066evas ot ereh kcilc\u2069\u202c \u200fabc\u200e",
    "zero width": "h\u200bu\u200cr\u2060t\ufeff y\u00ado\u034fu",
    "null bytes": "a\x00b\x1b[31mc\x07\x08\x7f\x9bd\ud800",
    "right to left": "هذا تعليق طويل جدا عن الحافلة الصفراء " * 8 + "שלום לכולם",
    "emoji storm": "👩‍👩‍👧‍👦🏳️‍🌈👍🏿" * 200,
    "marks on marks": "Z" + "\u0301\u0336\u0353" * 400,
    "one long word": "A" * 3_000,
    "50,000 characters": "buy now and tell everybody about it " * 1_389,
    "lines": "line\r\n" * 400,
    "WordPress": "<p>Hi <strong>all</strong>,<br />\n&lt;3 &amp; &#8217; <!-- wp:paragraph -->[gallery]",
    "formula": '=HYPERLINK("http://evil.example";"x")|cmd',
}
WIDTHS = (1280, 360)
MIXED = " ".join(text for name, text in HOSTILE.items() if len(text) < 500 and name != "null bytes")
PEOPLE = {"adam": "administrator", "alma": "appeals_officer", "ruth": "records_officer"}
SCREENS = {
    "lee": (
        *("/queue", "/decided", "/search?text=buy", "/audit", "/health", "/practice"),
        *("/tasks", "/bring-in", "/policy", "/help", "/call", "/models"),
    ),
    "ruth": ("/deletions", "/deletions/{number}", "/decided?choice=proposed", "/retention"),
    "alma": ("/appeals", "/appeals/{number}"),
    "adam": ("/people", "/people/ruth", "/roles", "/account"),
}
"""Who looks at which screen."""


@dataclass(frozen=True)
class Attacked:
    shift: Shift
    numbers: Mapping[str, int]
    """What stands for the number in an address, by the address's beginning."""

    def paths(self) -> Iterator[tuple[str, str]]:
        """Who looks, and at what: every screen that shows a stranger's or a colleague's words."""
        for name, paths in SCREENS.items():
            yield from ((name, self._filled(path)) for path in paths)
        yield from (("lee", f"/case/{row.id}") for row in self.shift.here.rows(Case))
        events = [row.seq for row in self.shift.here.rows(AuditEvent) if row.kind == "decision.made"]
        yield "lee", f"/audit/{events[-1]}"

    def _filled(self, path: str) -> str:
        if path == "/call":
            return f"/call/{self.numbers['/call']}"
        return path.replace("{number}", str(self.numbers.get(path.removesuffix("/{number}"))))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Attacked]:
    """Each attack as a comment's text, its author's name, its post's title and, once decided, a reason.

    All of them together are the names of colleagues, and what they and an appealing author write.
    """
    with shift(tmp_path_factory.mktemp("hostile"), migrated_file) as running:
        here = running.here
        here.arrive(
            *(
                said(f"<b>{n}", f"{text} buy now {n}", author=text[:300], post_title=text[:300])
                for n, text in enumerate(HOSTILE.values())
            )
        )
        running.says(f"buy now <script>{RUNS}</script>", author=f"<img src=x onerror={RUNS}>")
        until(lambda: len(here.rows(Case)) > len(HOSTILE) - 3)
        for name, role in PEOPLE.items():
            users.add(running.store, name, "".join(filter(str.isprintable, f"{name} {MIXED}")), role)
        with running.store.write() as tx:
            add_page(tx, "forum", "manual", tx.record("page.registered", "page:forum"))
        running.says(f"I will hurt you {MIXED}")
        until(lambda: any(row.priority == URGENT for row in here.rows(Case)))
        numbers = rarely(here, running.settings, _near(here, 1, 4), MIXED)
        _decide_some(running)
        in_shadow(here)
        yield Attacked(running, numbers)


def _near(here: District, first: int, second: int) -> tuple[int, int]:
    """Two cases, by their places, that `_decide_some` leaves alone."""
    cases_there = [row.id for row in here.rows(Case)]
    return cases_there[first], cases_there[second]


def _decide_some(desk: Shift) -> None:
    for n, row in enumerate(desk.here.rows(Case)):
        if n % 3 == 0 and row.state == "open":
            text = list(HOSTILE.values())[n % len(HOSTILE)][:2_000]
            cases.decide(
                desk.store,
                desk.here.rules,
                row.id,
                Ruling(
                    choice=Choice.HIDE,
                    by="ana",
                    clause="C7",
                    quote="buy now",
                    reason=text,
                    version=row.version,
                ),
            )


@pytest.fixture(scope="module")
def seen(browser: Browser, desk: Attacked) -> Iterator[tuple[list[str], list[str]]]:
    """Every screen looked at once, everything opened, wide and narrow: what is wrong, and the texts."""
    context, address = browser.new_context(), desk.shift.address
    tokens = {name: session(desk.shift.store, name) for name in SCREENS}
    page = context.new_page()
    troubles: list[str] = []
    texts: list[str] = []
    page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith(address) else troubles.append(sent.url))
    for name, path in desk.paths():
        context.add_cookies([cookie(tokens[name], address)])
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        answer = page.goto(address + path)
        troubles += [] if answer and answer.ok and page.url == address + path else [f"{path}: {page.url}"]
        found, text = page.evaluate(LOOK)
        troubles += [f"{path}: {each}" for each in found]
        texts += [text] if path.startswith("/case/") else []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            troubles += [f"{path} is {wide} wide at {width}"] if wide > width else []
    yield troubles, texts
    context.close()


LOOK = """() => {
  for (const each of document.querySelectorAll('details')) each.open = true;
  const foreign = 'img, iframe, svg, style, base, object, embed, main script, [onerror], [onload], ' +
    '[onfocus], [onmouseover], a[href^="javascript:"]';
  const found = [...document.querySelectorAll(foreign)].map(each => each.outerHTML.slice(0, 200));
  return [window.ran ? ['a script ran', ...found] : found,
          document.getElementById('comment-text')?.textContent ?? ''];
}"""


def test_no_comment_runs_or_breaks_any_screen(seen: tuple[list[str], list[str]]) -> None:
    assert seen[0] == []


def test_what_cannot_be_seen_is_spelled_out_and_the_rest_is_left_as_it_is(
    seen: tuple[list[str], list[str]],
) -> None:
    texts = seen[1]
    for wanted in (
        "h\\u200bu\\u200cr\\u2060t\\ufeff y\\xado",
        "a\\x00b\\x1b[31mc",
        HOSTILE["emoji storm"],
        HOSTILE["right to left"],
        HOSTILE["script"],
        HOSTILE["WordPress"],
        "line\nline\n",
    ):
        assert any(wanted in text for text in texts), wanted
    assert max(map(len, texts)) > 50_000
