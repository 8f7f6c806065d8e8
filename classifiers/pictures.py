"""Emoji by their names, for a reader that knows words alone: a knife is a knife in either form."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from classifiers.addresses import said
from classifiers.normalize import Normalized

PICTURE = re.compile("([\u2190-\u2bff\u3030\U0001f000-\U0001faff])\\1*[\ufe0f\u200d\U0001f3fb-\U0001f3ff]*")
"""A run of one picture counts as one."""
UNPAIRED = re.compile("[\ud800-\udfff]")
"""Half characters that stray programs send; the tokenizer refuses them."""


def readable(text: str) -> str:
    return named(text).text


def named(text: str) -> Normalized:
    """What the text says (`addresses`), with pictures by their names, and where each letter came from."""
    plain = said(text)
    whole = UNPAIRED.sub(" ", plain.text)
    if plain.text.isascii() or not PICTURE.search(whole):
        return Normalized(whole, plain.offsets)
    words: list[str] = []
    offsets: list[int] = []
    done = 0
    for match in PICTURE.finditer(whole):
        name = _name(match.group(1))
        words += [whole[done : match.start()], name]
        offsets += plain.offsets[done : match.start()]
        offsets += [plain.offsets[match.start()]] * len(name)
        done = match.end()
    return Normalized("".join(words) + whole[done:], [*offsets, *plain.offsets[done:]])


@lru_cache(maxsize=4096)
def _name(picture: str) -> str:
    return f" {unicodedata.name(picture, '').lower()} "
