"""Phone numbers, e-mail addresses and links in a text. Linear in length: libraries see short candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import phonenumbers
from linkify_it import LinkifyIt

from classifiers.base import Span

DIGITS = re.compile(r"(?<![\w.,/$-])[+(]?\d[\d ().-]{5,17}\d(?![\w%]|[.,/-]\d)")
EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@|\s?[\[(](?:at|@)[\])]\s?)[a-z0-9-]{1,63}"
    r"(?:(?:\.|\s?[\[(]dot[\])]\s?)[a-z0-9-]{2,63}){1,3}",
    re.IGNORECASE,
)
LINK = re.compile(
    r"(?<![\w@.])(?:h(?:tt|xx)ps?://|www\.)?[a-z0-9-]{1,63}(?:(?:\.|\[\.\]|\(dot\))[a-z0-9-]{2,63}){1,4}(?:[/?:][^\s<>\"]{0,200})?",
    re.IGNORECASE,
)
# Every phone number and every link holds one of these; most comments have none: no long search for them.
DIGITS_INSIDE = re.compile(r"\d[\d ().-]{5,17}\d")
DOT_INSIDE = re.compile(r"[.\])][a-z0-9-]{2}", re.IGNORECASE)
EVERYDAY_ENDINGS = re.compile(
    r"ai|app|biz|blog|cash|club|com?|dev|edu|fyi|gg|gov|help|info|io|link|live|ly|me|net|news|online|org|page|pro"
    r"|shop|site|store|today|top|tv|us|vip|website|work|xyz"
)
"""Bare names count only with these: "great.so happy" is a missing space, not an address in Somalia."""
SHORTENED = re.compile(r"https?://t\.co/", re.IGNORECASE)
"""X writes every link so, also to a picture or to another post: it is no contact detail."""
SCHOOLS = re.compile(r"\.(?:edu|gov|mil)\b|\bk12\.", re.IGNORECASE)


def find(text: str) -> list[Span]:
    """Contact details in `text`, in order, without overlaps; schools' and authorities' left out."""
    spans = [*_emails(text), *_links(text), *_phones(text)]
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return [span for span in found if not _says_nothing(text, span)]


def _says_nothing(text: str, span: Span) -> bool:
    return bool(SCHOOLS.search(text, span.start, span.end) or SHORTENED.match(text, span.start, span.end))


def _phones(text: str) -> Iterator[Span]:
    if not DIGITS_INSIDE.search(text):
        return
    for match in DIGITS.finditer(text):
        digits = sum(character.isdigit() for character in match.group())
        if 7 <= digits <= 15 and _is_phone(match.group(), digits):
            yield Span(match.start(), match.end(), "a phone number")


def _is_phone(candidate: str, digits: int) -> bool:
    """555 numbers are made up but meant as numbers: possible is enough, valid would miss them."""
    if digits == 7 and not re.fullmatch(r"\d{3}[ .-]\d{4}", candidate):
        return False
    try:
        number = phonenumbers.parse(candidate, "US")
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number)) or digits == 7


def _emails(text: str) -> Iterator[Span]:
    if "@" in text or "at]" in text or "at)" in text:
        for match in EMAIL.finditer(text):
            yield Span(match.start(), match.end(), "an e-mail address")


def _links(text: str) -> Iterator[Span]:
    if not DOT_INSIDE.search(text):
        return
    for match in LINK.finditer(text):
        plain = match.group().lower().replace("hxxp", "http").replace("[.]", ".").replace("(dot)", ".")
        if plain[-1].isdigit() and "/" not in plain:
            continue
        if _is_link(plain):
            yield Span(match.start(), match.end(), "a link")


def _is_link(candidate: str) -> bool:
    host = re.split(r"[/?:]", candidate.split("://")[-1], maxsplit=1)[0]
    sure = (
        candidate.startswith(("http", "www."))
        or EVERYDAY_ENDINGS.fullmatch(host.rpartition(".")[2]) is not None
    )
    return sure and bool(_linkify().test(candidate))


@cache
def _linkify() -> LinkifyIt:
    return LinkifyIt()
