"""The practice page: an invented district's page on one side, modbot's queue for it on the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from modbot import accounts, cases, checkpoints, review, sessions, wiring
from modbot.demo import PERSON, Feed, Material
from modbot.errors import AuditBroken, ModbotError, StaleCase
from modbot.rulings import Choice, Ruling
from modbot.web import listing, practice_board
from modbot.web.desk import AtDesk, Desk, desk_of
from modbot.web.guard import check_token
from modbot.web.i18n import N_, gettext, speaking, wanted
from modbot.web.pages import templates
from modbot.web.refusals import explained
from modbot.web.signed_in import address_of, set_cookie
from platforms.memory import MemoryPage

router = APIRouter()

LONGEST = 2_000
MANY = 1_000


@dataclass(frozen=True, slots=True)
class Practice:
    material: Material
    page: MemoryPage
    feed: Feed


def practice_of(request: Request) -> Practice:
    practice: Practice = request.app.state.practice
    return practice


AtPractice = Annotated[Practice, Depends(practice_of)]
Token = Annotated[str, Form()]


@router.get("/practice")
def show(request: Request, desk: AtDesk, practice: AtPractice) -> Response:
    lines = review.waiting(desk.store, MANY)
    waiting = sorted(line.id for line in lines)
    settled = [line.id for line in review.settled(desk.store, MANY)]
    last = listing.last_entry(desk.store)
    values = {
        "cards": _cards(desk, waiting),
        "settled": _cards(desk, settled),
        "entries": practice_board.log(desk.store),
        "seen": last,
        "waiting": len(waiting),
        "feed": practice.feed.state,
    }
    return _render(request, "practice.html", values | _page(desk, practice))


@router.get("/practice/news")
def news(
    request: Request, seen: int, waiting: int, feed: str, desk: AtDesk, practice: AtPractice
) -> Response:
    """What changed since the browser last asked: nothing (204), or the parts to replace."""
    last = listing.last_entry(desk.store)
    if last == seen and feed == practice.feed.state:
        return Response(status_code=204)
    numbers = listing.changed(desk.store, seen)
    count = len(review.waiting(desk.store, MANY))
    values = {
        "new": _cards(desk, [number for number in numbers if number > seen]),
        "changed": _cards(desk, [number for number in numbers if number <= seen]),
        "entries": practice_board.log(desk.store),
        "seen": last,
        "waiting": count,
        "recount": count != waiting,
        "feed": practice.feed.state,
        "refeed": feed != practice.feed.state,
    }
    return _render(request, "practice_news.html", values | _page(desk, practice))


@router.post("/practice/comments")
def write(
    request: Request,
    practice: AtPractice,
    token: Token,
    post: Annotated[str, Form()],
    text: Annotated[str, Form()] = "",
    author: Annotated[str, Form()] = "",
) -> Response:
    """Post one's own comment on the practice page."""
    check_token(request, token)
    with speaking(_language(request)):
        problem = _problem(practice, post, text)
    if not problem:
        practice.page.post(text.strip(), author=author.strip()[:80] or "You", post=post)
    values = {"problem": problem, "posted": not problem, "text": text if problem else "", "author": author}
    values |= {"posts": practice.material.posts, "chosen": post}
    return _part(request, "practice_compose.html", values)


def _problem(practice: Practice, post: str, text: str) -> str:
    if not text.strip():
        return gettext(N_("Write something first."))
    if len(text) > LONGEST:
        many, most = f"{len(text):,}", f"{LONGEST:,}"
        return gettext(N_("That is %(many)s characters; %(most)s fit here."), many=many, most=most)
    return "" if post in {each.id for each in practice.material.posts} else gettext(N_("Choose a post."))


@router.post("/practice/cases/{number}/decide")
def decide(
    request: Request,
    number: int,
    desk: AtDesk,
    token: Token,
    choice: Annotated[Choice, Form()],
    version: Annotated[int, Form()],
    clause: Annotated[str, Form()] = "",
    quote: Annotated[str, Form()] = "",
) -> Response:
    check_token(request, token)
    hiding = choice is Choice.HIDE
    ruling = Ruling(
        choice=choice,
        by=PERSON,
        clause=clause if hiding else "",
        # Browsers send a line end of a text field as two characters.
        quote=quote.replace("\r\n", "\n") if hiding else "",
        version=version,
    )
    delay = timedelta(seconds=desk.settings.review.undo_seconds)
    try:
        cases.decide(desk.store, wiring.policy_in_force(desk.store), number, ruling, delay=delay)
    except ModbotError as error:
        return _answer(request, desk, number, error)
    return _answer(request, desk, number)


@router.post("/practice/cases/{number}/undo")
def undo(request: Request, number: int, desk: AtDesk, token: Token) -> Response:
    check_token(request, token)
    try:
        cases.undo(desk.store, wiring.policy_in_force(desk.store), number, PERSON)
    except ModbotError as error:
        return _answer(request, desk, number, error)
    return _answer(request, desk, number)


@router.post("/practice/enter")
def enter(request: Request, desk: AtDesk, token: Token) -> Response:
    """To the desk without a password: on this page anybody at this machine decides in this name anyway."""
    check_token(request, token)
    with desk.store.write() as tx:
        accounts.greet(tx, PERSON, _language(request))
        key = sessions.start(tx, PERSON, address=address_of(request), agent="practice", how="practice")
    answer = RedirectResponse("/queue", status_code=303)
    set_cookie(request, answer, key)
    return answer


@router.post("/practice/feed")
def turn_feed(request: Request, practice: AtPractice, token: Token) -> Response:
    """Stop the samples from coming, or let them come again."""
    check_token(request, token)
    practice.feed.paused = not practice.feed.paused
    return _part(request, "practice_feed.html", {"feed": practice.feed.state})


@router.post("/practice/verify")
def verify(request: Request, desk: AtDesk, token: Token) -> Response:
    check_token(request, token)
    try:
        proof, broken = checkpoints.verify(desk.store), None
    except AuditBroken as error:
        proof, broken = None, error
    return _part(request, "practice_proof.html", {"proof": proof, "broken": broken})


def _page(desk: Desk, practice: Practice) -> dict[str, Any]:
    shown = practice_board.board(desk.store, practice.page)
    by_post = {post.id: [each for each in shown if each.post == post.id] for post in practice.material.posts}
    return {"posts": practice.material.posts, "comments": by_post, "material": practice.material}


def _cards(desk: Desk, numbers: Iterable[int]) -> list[practice_board.Card]:
    rules = wiring.policy_in_force(desk.store)
    return [practice_board.card(desk.store, desk.settings, rules, number) for number in numbers]


CHANGED = N_("This case changed while you looked at it. Here it is as it is now.")


def _answer(request: Request, desk: Desk, number: int, error: ModbotError | None = None) -> Response:
    """The case's card as it is now, with what went wrong."""
    if error is None:
        problem = ""
    elif isinstance(error, StaleCase):
        problem = gettext(CHANGED)
    else:
        problem = explained(error, _language(request))
    with speaking(_language(request)):
        values = {"card": _cards(desk, [number])[0], "problem": problem, "focus": True}
    return _part(request, "practice_case.html", values)


def _part(request: Request, name: str, values: Mapping[str, Any]) -> Response:
    """A part of the page for the script; the whole page for a browser without it."""
    if "HX-Request" not in request.headers:
        return RedirectResponse("/practice", status_code=303)
    return _render(request, name, values)


def _render(request: Request, name: str, values: Mapping[str, Any]) -> HTMLResponse:
    desk = desk_of(request)
    fixed = {"token": request.app.state.token, "zone": desk.zone, "undo": desk.settings.review.undo_seconds}
    with speaking(_language(request)):
        return templates.TemplateResponse(request, name, {**fixed, **values})


def _language(request: Request) -> str:
    return wanted(request.headers.get("accept-language", ""))
