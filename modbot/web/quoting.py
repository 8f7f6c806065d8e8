"""A comment's words between the screen and the record: what a reader sees, and what stands in the comment.

Invisible characters are written out on the screen and line ends differ between browsers, so what somebody
selected or typed is looked up in the text as received before it is quoted.
"""

from __future__ import annotations

from modbot.visible import visible


def shown(text: str) -> str:
    """As `visible`, for a page: line ends and tabs are nothing that could mislead there."""
    return visible(text.replace("\r\n", "\n").replace("\t", " "))


def as_written(text: str, quoted: str) -> str | None:
    """The part of `text` that a reader sees as `quoted`, whatever the white space; None where none is."""
    seen, places = _seen(text)
    wanted = "".join(quoted.split())
    start = seen.find(wanted)
    if not wanted or start < 0:
        return None
    return text[places[start] : places[start + len(wanted) - 1] + 1]


def _seen(text: str) -> tuple[str, list[int]]:
    """What a reader sees without white space, and for each of its characters the place in the text."""
    found = [(each, place) for place, char in enumerate(text) if not char.isspace() for each in visible(char)]
    return "".join(each for each, _ in found), [place for _, place in found]
