"""The help: the documentation that ships with modbot, rendered as pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from modbot import resources
from modbot.errors import StaleCase
from modbot.roles import Permission
from modbot.web.i18n import LANGUAGES, N_, SOURCE
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.READ))]

# Who reviews comes first, then who runs modbot, then who extends it. A page that is not named comes last.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        N_("Working with comments"),
        ("getting-started", "reviewing", "appeals", "deletions", "terms", "policy", "concepts"),
    ),
    (N_("Running modbot"), ("operating", "alerts", "reports", "learning", "people")),
    (N_("Extending modbot"), ("add-a-platform", "add-a-classifier", "discord-webhooks")),
)
PLATFORMS, OTHERS = N_("Platforms"), N_("More")


@dataclass(frozen=True, slots=True)
class Heading:
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    name: str
    title: str
    lead: str
    """The first paragraph, as text."""
    body: Markup
    headings: tuple[Heading, ...]
    language: str


@router.get("/help")
def index(request: Request, who: Reader) -> Response:
    return page(request, "help.html", who, groups=_groups(who.language))


@router.get("/help/{name}")
def article(request: Request, who: Reader, name: str) -> Response:
    found = articles(who.language).get(name)
    if found is None:
        raise StaleCase("The help has no such page.", remedy="See all of its pages at /help.")
    return page(request, "help_article.html", who, article=found)


def _groups(language: str) -> list[tuple[str, list[Article]]]:
    known = articles(language)
    files = resources.folder("docs").glob("platforms/*.md")
    of_platforms = ("platforms", *sorted(file.stem for file in files))
    named = {*of_platforms, *(name for _, names in GROUPS for name in names)}
    others = tuple(name for name in known if name not in named)
    groups = [*GROUPS[:2], (PLATFORMS, of_platforms), *GROUPS[2:], (OTHERS, others)]
    found = [(title, [known[name] for name in names if name in known]) for title, names in groups]
    return [(title, listed) for title, listed in found if listed]


@cache
def articles(language: str = SOURCE) -> dict[str, Article]:
    """Every page of the documentation by the name of its file: in this language where there is one in it."""
    docs = resources.folder("docs")
    files = [*sorted(docs.glob("*.md")), *sorted(docs.glob("platforms/*.md"))]
    known = {file.stem: render(file.stem, file.read_text(encoding="utf-8")) for file in files}
    if language == SOURCE or language not in LANGUAGES:
        return known
    own = sorted((docs / language).glob("*.md"))
    return known | {file.stem: render(file.stem, file.read_text(encoding="utf-8"), language) for file in own}


def render(name: str, text: str, language: str = SOURCE) -> Article:
    """A Markdown file whose first heading is its title. HTML in it is shown as text."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    title, rest = _headline(tokens)
    headings = list(_anchored(rest))
    for token in _inside(rest):
        if token.type == "link_open":
            token.attrSet("href", _served(str(token.attrGet("href"))))
    lead = next((each.content for each in rest if each.type == "inline"), "")
    body = Markup(markdown.renderer.render(rest, markdown.options, {}))  # noqa: S704 - our own files, HTML off
    return Article(name, title, _plain(lead), body, tuple(headings), language)


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Wide ones scroll by themselves; whoever uses the keyboard must be able to get into them.
    markdown.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.add_render_rule("fence", _fence)
    return markdown


def _fence(_renderer: Any, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    return str(Markup('<pre tabindex="0"><code>{}</code></pre>\n').format(tokens[index].content))


def _headline(tokens: list[Token]) -> tuple[str, list[Token]]:
    if len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return tokens[1].content, tokens[3:]
    return "", tokens


def _anchored(tokens: list[Token]) -> list[Heading]:
    """Give every heading its anchor; returns those of the second level."""
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = re.sub(r"[^\w -]", "", inline.content.lower()).replace(" ", "-")
            opening.attrSet("id", anchor)
            if opening.tag == "h2":
                found.append(Heading(anchor, _plain(inline.content)))
    return found


def _inside(tokens: Sequence[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or ()]


def _served(target: str) -> str:
    """Links between the files lead to their pages here."""
    return re.sub(r"^(?:\.\./|platforms/)?([\w-]+)\.md(?=#|$)", r"/help/\1", target)


def _plain(markdown: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", markdown).replace("\n", " ")
