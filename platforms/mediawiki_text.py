"""What an edit added to a page, whether that still stands there, taking it out, and putting it back. Pure.

A wiki keeps no comments: a comment is the lines that one revision added to a talk page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

TELLING = 12
"""A line with fewer characters, such as "Thanks", may stand anywhere by chance."""
MARKS = ":*# \t"
"""What replies are indented with; people change that without changing the words."""
_INDENT = re.compile(rf"[{MARKS}]*")

Lines = list[str]


def added(before: str, after: str) -> str:
    """The added lines in their order, without blank ones around them; empty where lines only went."""
    old, new = before.split("\n") if before else [], after.split("\n")
    start = _same(old, new)
    end = _same(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if not middle_old:
        return "\n".join(_trimmed(middle_new))
    matching = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
    found = [
        line
        for kind, _, _, first, last in matching.get_opcodes()
        if kind in ("insert", "replace")
        for line in middle_new[first:last]
    ]
    return "\n".join(_trimmed(found))


def stands_in(text: str, words: str) -> bool:
    """Whether any telling line of `words` stands in the page, however it is indented."""
    lines = [line.strip(MARKS) for line in words.split("\n")]
    telling = [line for line in lines if len(line) >= TELLING] or [line for line in lines if line]
    here = {line.strip(MARKS) for line in text.split("\n")}
    return any(line in here for line in telling)


def without(text: str, words: str) -> str | None:
    """The page without the words, which stand there as one; None if they do not."""
    lines, wanted = text.split("\n"), words.split("\n")
    at = _place(lines, wanted)
    if at is None:
        return None
    rest = lines[:at] + lines[at + len(wanted) :]
    # One of the two blank lines that were around them, or the one after the first paragraph.
    if at < len(rest) and not rest[at].strip() and (at == 0 or not rest[at - 1].strip()):
        del rest[at]
    return "\n".join(rest)


def with_again(text: str, before: str, words: str) -> str | None:
    """The page with the words where they stood in `before`; None if that place cannot be found any more."""
    lines, earlier, wanted = text.split("\n"), before.split("\n"), words.split("\n")
    at = _place(earlier, wanted)
    if at is None:
        return None
    if not text.strip():
        return words
    for line in reversed(earlier[:at]):
        if line.strip():
            return _inserted(lines, lines.index(line) + 1, wanted) if lines.count(line) == 1 else None
    for line in earlier[at + len(wanted) :]:
        if line.strip():
            return _inserted(lines, lines.index(line), wanted) if lines.count(line) == 1 else None
    return None


def answered_line(text: str, words: str) -> str | None:
    """The line above that is indented less: what the words answer. None for what answers nothing."""
    lines, wanted = text.split("\n"), words.split("\n")
    at, depth = _place(lines, wanted), _depth(wanted[0])
    if at is None or depth == 0:
        return None
    above = (line for line in reversed(lines[:at]) if line.strip())
    return next((line for line in above if _depth(line) < depth), None)


def _inserted(lines: Lines, at: int, wanted: Lines) -> str:
    """As a paragraph of its own, unless it is an indented reply, which needs no blank line."""
    apart = [] if _depth(wanted[0]) else [""]
    before = apart if at > 0 and lines[at - 1].strip() else []
    after = apart if at < len(lines) and lines[at].strip() else []
    return "\n".join([*lines[:at], *before, *wanted, *after, *lines[at:]])


def _place(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where they first stand, one after another."""
    if not any(line.strip() for line in wanted):
        return None
    ends = range(len(lines) - len(wanted) + 1)
    return next((at for at in ends if list(lines[at : at + len(wanted)]) == list(wanted)), None)


def _depth(line: str) -> int:
    found = _INDENT.match(line)
    return len(found.group().rstrip()) if found else 0


def _same(one: Lines, other: Lines) -> int:
    """How many lines both begin with."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _trimmed(lines: Lines) -> Lines:
    written = [at for at, line in enumerate(lines) if line.strip()]
    return lines[written[0] : written[-1] + 1] if written else []
