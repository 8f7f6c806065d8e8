"""Health: is every page read, every comment scored, every decision carried out? And if not, what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from modbot import backlog, doctor, health, wiring
from modbot.alerts import calls
from modbot.backlog import Watched
from modbot.checkups.finding import Finding
from modbot.config import Settings
from modbot.credentials import Connection
from modbot.deliveries import Standing
from modbot.health import Figures
from modbot.learning import register
from modbot.quotas import Spent
from modbot.roles import Permission
from modbot.store import utcnow
from modbot.web.background import Background
from modbot.web.desk import AtDesk, Desk
from modbot.web.i18n import N_
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.READ))]
Watching = Annotated[SignedIn, Depends(require(Permission.READ, active=False))]
# What a checkup finds names files and accounts of the machine.
Lead = Annotated[SignedIn, Depends(require(Permission.LEAD))]
LeadWatching = Annotated[SignedIn, Depends(require(Permission.LEAD, active=False))]

STATES = {
    "fine": N_("Read as it should be"),
    "failing": N_("Cannot be read"),
    "partly": N_("Read in part"),
    "unchecked": N_("Edits not looked at"),
    "behind": N_("Behind"),
    "new": N_("Not read yet"),
    "ended": N_("Read to its end"),
    "left": N_("No longer watched"),
}
ACTIONS = {"hide": N_("Hide"), "unhide": N_("Show again"), "delete": N_("Delete")}


@dataclass(frozen=True, slots=True)
class Row:
    """A page as the table shows it. `lag` in seconds; None when it was never read."""

    page: Watched
    state: str
    lag: float | None
    unchecked: bool
    """For so long that people have to know, it was not looked through for edits and deletions."""
    resting: bool
    """It is left alone for long on purpose, to spare its quota."""
    pushed: Standing | None
    quotas: Sequence[Spent]
    together: Sequence[str]
    """The other pages that use up the same quota."""
    connected: Connection | None
    stranded: int
    """Decided actions that wait, though it is no longer in the settings."""


def checkup_of(request: Request) -> Background[list[Finding]]:
    checkup: Background[list[Finding]] = request.app.state.checkup
    return checkup


Checkup = Annotated[Background[list[Finding]], Depends(checkup_of)]


@router.get("/health")
def show(request: Request, desk: AtDesk, who: Reader, checkup: Checkup) -> Response:
    return page(request, "health.html", who, **_figures(desk), checkup=checkup.standing)


@router.get("/health/now")
def now(request: Request, desk: AtDesk, who: Watching) -> Response:
    """The figures alone, which the page asks for again and again."""
    return page(request, "health_now.html", who, **_figures(desk))


@router.post("/health/checkup")
def begin(request: Request, desk: AtDesk, who: Lead, checkup: Checkup) -> Response:
    """Look at everything that `modbot doctor` looks at, in the background."""
    checkup.start(lambda _: list(doctor.look_over(desk.settings)))
    if "HX-Request" not in request.headers:
        return RedirectResponse("/health", status_code=303)
    return page(request, "health_checkup.html", who, checkup=checkup.standing)


@router.get("/health/checkup")
def ask(request: Request, who: LeadWatching, checkup: Checkup) -> Response:
    return page(request, "health_checkup.html", who, checkup=checkup.standing)


def _figures(desk: Desk) -> dict[str, Any]:
    figures = health.measure(desk.store)
    with desk.store.read() as connection:
        shadow = register.in_state(connection, register.SHADOW)
    watched, sharing = backlog.watched(desk.store), wiring.sharing(desk.settings)
    known = {each.key for each in watched}
    rows = [
        _row(each, figures, desk, [key for key in sharing.get(each.key, ()) if key in known])
        for each in watched
    ]
    return {
        "rows": rows,
        "states": STATES,
        "actions": ACTIONS,
        "figures": figures,
        "held_up": backlog.held_up(desk.store),
        "shadow": shadow,
        "unusable": figures.adopted.trouble(desk.settings) if figures.adopted else "",
        "calling": calls.list_of(desk.store, calls.calls.c.state == "calling"),
        "late": figures.oldest_unscored_seconds > health.PATIENCE,
        "unsigned": health.is_unsigned(figures, desk.settings),
        "well": not health.complaints(figures, desk.settings, desk.ended),
        "at": utcnow(),
    }


def _row(watched: Watched, figures: Figures, desk: Desk, sharing: Sequence[str]) -> Row:
    """`sharing`: the pages that use up one quota with it, first the one under whose name it is counted."""
    key, due, now = watched.key, watched.next_poll_at, utcnow()
    overdue = health.seconds_since(due or watched.polled_at, now)
    return Row(
        watched,
        _state(watched, overdue, desk.settings, desk.ended),
        health.seconds_since(watched.polled_at, now),
        unchecked=health.is_unchecked(watched.unchecked_since, desk.settings),
        resting=due is not None and (due - now).total_seconds() > health.PATIENCE,
        pushed=next((each for each in figures.pushed if each.page == key), None),
        quotas=[each for each in figures.quotas if each.page in (sharing[:1] or [key])],
        together=[each for each in sharing if each != key],
        connected=next((each for each in figures.connections if each.page == key), None),
        stranded=figures.stranded.get(key, 0),
    )


def _state(watched: Watched, lag: float | None, settings: Settings, ended: Collection[str]) -> str:
    """`lag` in seconds since it should have been read again."""
    if watched.key not in {page.key for page in settings.page}:
        return "left"
    if watched.key in ended:
        return "ended"
    if watched.failing_since is not None:
        return "failing"
    if lag is None:
        return "new"
    if lag > health.allowed_lag(settings):
        return "behind"
    if watched.unreadable:
        return "partly"
    return "unchecked" if health.is_unchecked(watched.unchecked_since, settings) else "fine"
