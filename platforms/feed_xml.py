"""RSS 1.0, RSS 2.0 and Atom documents as entries, every text exactly as it stands there.

Feeds are other people's XML: a document type, and with it every entity of its own, is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.ElementTree import fromstring

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
RSS_1 = "{http://purl.org/rss/1.0/}"
THREAD = "{http://purl.org/syndication/thread/1.0}"
"""RFC 4685: what an entry answers."""
XHTML_DIV = "{http://www.w3.org/1999/xhtml}div"


class NoFeed(ValueError):
    """Not a feed that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One comment. `answers` is the id of what it answers: another comment, or the post itself."""

    id: str
    text: str
    author: str
    author_url: str
    link: str
    written_at: datetime | None
    edited_at: datetime | None
    answers: str
    xml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    title: str
    entries: tuple[Entry, ...]
    following: str
    """The address of the next older page (RFC 5005); empty where the feed names none."""
    hub: str = ""
    """Who pushes what is new in it (WebSub)."""
    itself: str = ""


def parse(body: bytes) -> Feed:
    """Raises NoFeed."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
        head = _first(root, "channel")
        entries = tuple(_entry(element) for element in root.iter() if _name(element) in ("item", "entry"))
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise NoFeed(f"{type(error).__name__} {error}") from None
    if _name(root) not in ("rss", "RDF", "feed"):
        raise NoFeed(f"its root is <{_name(root)}>")
    head = root if head is None else head
    return Feed(
        title=_text(head, "title"),
        entries=entries,
        following=_link(head, "next"),
        hub=_link(head, "hub"),
        itself=_link(head, "self"),
    )


def _entry(element: Element) -> Entry:
    author = _first(element, "author")
    published = _text(element, "pubDate", "published", f"{DUBLIN_CORE}date")
    updated = _text(element, "updated")
    link = _text(element, "link") or _link(element, "alternate")
    answered = element.find(f"{THREAD}in-reply-to")
    xml = tostring(element, encoding="unicode").rstrip()
    return Entry(
        id=_text(element, "guid", "id") or element.get(f"{RDF}about", "") or link or _digest(xml),
        text=_words(element),
        author=_text(element, f"{DUBLIN_CORE}creator") or _author(author),
        author_url=_text(author, "uri") if author is not None else "",
        link=link,
        written_at=_time(published or updated),
        edited_at=_time(updated) if published and updated != published else None,
        answers="" if answered is None else answered.get("ref", ""),
        xml=xml,
    )


def _digest(xml: str) -> str:
    """The name of an entry that has none: its edit is then another comment."""
    return f"sha256:{hashlib.sha256(xml.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _words(element: Element) -> str:
    """The whole text where there is one, else the summary; with its markup."""
    for name in (f"{CONTENT}encoded", "content", "description", "summary"):
        found = _first(element, name)
        if found is None:
            continue
        if found.get("type") == "xhtml":
            return _inside(found)
        if found.text:
            return found.text
    return ""


def _inside(element: Element) -> str:
    div = element.find(XHTML_DIV)
    around = element if div is None else div
    return (around.text or "") + "".join(tostring(child, encoding="unicode") for child in around)


def _author(element: Element | None) -> str:
    return "" if element is None else _text(element, "name") or (element.text or "").strip()


def _link(element: Element, relation: str) -> str:
    for each in element.iterfind(f"{ATOM}link"):
        if each.get("rel", "alternate") == relation:
            return each.get("href", "")
    return ""


def _text(element: Element, *names: str) -> str:
    for found in (_first(element, name) for name in names):
        if found is not None and found.text and found.text.strip():
            return found.text.strip()
    return ""


def _first(element: Element, name: str) -> Element | None:
    return next(_found(element, name), None)


def _found(element: Element, name: str) -> Iterator[Element]:
    """Children of that name in whichever of the three vocabularies."""
    for full in (name,) if name.startswith("{") else (name, f"{ATOM}{name}", f"{RSS_1}{name}"):
        yield from element.iterfind(full)


def _name(element: Any) -> str:
    """Without its namespace; comments and instructions have none."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def _time(text: str) -> datetime | None:
    """RFC 822 as in RSS, or RFC 3339 as in Atom; UTC where it names no zone."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
