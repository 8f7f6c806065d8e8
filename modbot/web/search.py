"""Search through everything archived: hidden, deleted and edited comments too, and where each stands now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from modbot import review, wiring
from modbot.evidence import Piece
from modbot.review import Found
from modbot.roles import Permission
from modbot.search_words import folded
from modbot.store import storable
from modbot.web.case import opinion_follows, page_titles
from modbot.web.counts import waiting
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import address, day, end_of, number, start_of
from modbot.web.i18n import N_
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.READ))]

PAGE = 25
DEEPEST = 10_000
"""Results after which one has to narrow the search; counting past more of them takes ever longer."""
EXCERPT = 500
"""Characters of a comment that are shown at first."""
BEFORE = 120
"""Of these, before the first word that was looked for."""
CHOICES = {
    "hide": N_("Hide"),
    "proposed": N_("Propose to delete"),
    "leave_up": N_("Leave up"),
    "escalate": N_("Escalate"),
    "refer": N_("Refer"),
}
STILL_WAITING = ("waiting", "escalated", "referred")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """`pieces` are the excerpt with the words that were looked for; `whole` tells whether that is all."""

    found: Found
    pieces: tuple[Piece, ...]
    whole: bool
    told: bool
    """Whether its reader may know already what the machine takes it for."""
    link: str
    """To the comment on its platform; empty where the platform gave none that a browser may follow."""


@router.get("/search")
def show(
    request: Request,
    desk: AtDesk,
    who: Reader,
    text: str = "",
    author: str = "",
    on: str = "",
    since: str = "",
    until: str = "",
    clause: str = "",
    choice: str = "",
    start: str = "",
) -> Response:
    form = {"text": text, "author": author, "on": on, "since": since, "until": until}
    form |= {"clause": clause, "choice": choice}
    query = review.Query(
        text=text,
        author=author,
        page=storable(on),
        since=start_of(day(since), desk.zone),
        until=end_of(day(until), desk.zone),
        clause=storable(clause),
        choice=storable(choice),
    )
    asked = any(value.strip() for value in form.values())
    first = min(number(start) or 0, DEEPEST)
    with desk.store.view() as view:
        results = review.search(view, query, who.name, start=first, limit=PAGE) if asked else None
        titles, counts = wiring.policy_in_force(view).titles, waiting(view)
    return page(
        request,
        "search.html",
        who,
        asked=asked,
        form=form,
        hits=[_hit(each, text, told=_told(desk, who, each)) for each in results.found] if results else [],
        first=first,
        earlier=address("/search", **form, start=max(0, first - PAGE)) if first else "",
        later=_later(form, first, results.more if results else False),
        counts=counts,
        pages=page_titles(desk),
        clauses=titles,
        choices=CHOICES,
    )


def _later(form: dict[str, str], first: int, more: bool) -> str:
    return address("/search", **form, start=first + PAGE) if more and first + PAGE <= DEEPEST else ""


def _told(desk: Desk, who: SignedIn, found: Found) -> bool:
    case = found.outcome.case if found.outcome.word in STILL_WAITING else None
    return case is None or not opinion_follows(desk, who, case)


def _hit(found: Found, wanted: str, *, told: bool) -> Hit:
    text = found.text or ""
    words = folded(wanted)
    places = [match.span() for match in _WORD.finditer(text) if _is_wanted(match[0], words)]
    start = max(0, places[0][0] - BEFORE) if places and places[0][1] > EXCERPT else 0
    end = start + EXCERPT
    whole = start == 0 and end >= len(text)
    link = found.permalink if found.permalink.startswith(("https://", "http://")) else ""
    return Hit(found, tuple(_pieces(text, places, start, end)), whole, told, link)


def _is_wanted(word: str, words: Sequence[str]) -> bool:
    if not words:
        return False
    if word.isascii():  # `folded` would only look it through once more
        part = word.lower()
        return part in words or part.startswith(words[-1])
    return any(part in words or part.startswith(words[-1]) for part in folded(word))


def _pieces(text: str, places: Sequence[tuple[int, int]], start: int, end: int) -> list[Piece]:
    """The excerpt, cut where the words begin and end."""
    found, at = [Piece("… ")] if start else [], start
    for begins, ends in places:
        if start <= begins and ends <= end:
            found += [Piece(text[at:begins]), Piece(text[begins:ends], ("looked for",))]
            at = ends
    found.append(Piece(text[at:end]))
    return [*found, Piece(" …")] if end < len(text) else found
