"""The report's page as plain data, for the printed version: what stands in the HTML, and nothing of HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, TypeAlias

Node: TypeAlias = "str | list[Any]"
"""Text, or [tag, attributes, children]."""
KEPT = ("class", "scope", "colspan", "src", "alt")
ALONE = ("meta", "img")
AROUND = ("html", "body")
BLOCKS = (
    *("main", "header", "section", "div", "h1", "h2", "h3", "p", "ul", "li", "dl", "dt", "dd"),
    *("figure", "figcaption", "table", "caption", "thead", "tbody", "tr", "th", "td"),
)


def tree(html: str) -> Node:
    """The body of our own page. White space is as a browser shows it: single, and none around blocks."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.body


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.body: list[Any] = ["body", {}, []]
        self._open = [self.body]
        self._in_head = False

    @property
    def _before(self) -> list[Node]:
        """What the open element holds so far."""
        children: list[Node] = self._open[-1][2]
        return children

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_head = self._in_head or tag == "head"
        if self._in_head or tag in AROUND:
            return
        if tag in BLOCKS:
            self._trim()
        node = [tag, {name: value or "" for name, value in attrs if name in KEPT}, []]
        self._before.append(node)
        if tag not in ALONE:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if self._in_head:
            self._in_head = tag != "head"
        elif tag not in AROUND:
            if tag in BLOCKS:
                self._trim()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        text = re.sub(r"[ \t\r\n]+", " ", data)
        if not self._before or self._before[-1][0] in BLOCKS:
            text = text.lstrip(" ")
        if text and not self._in_head:
            self._before.append(text)

    def _trim(self) -> None:
        """No space at the end of what stands before."""
        last = self._before[-1] if self._before else ""
        if isinstance(last, str) and last.endswith(" "):
            self._before[-1:] = [last.rstrip(" ")] if last.strip(" ") else []
