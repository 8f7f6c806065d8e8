"""Models: which score here, what one in shadow would say instead, and who has it used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from modbot.errors import ModbotError, NotAllowed
from modbot.evidence import IN_WORDS
from modbot.learning import comparing, in_use, own_thresholds, register
from modbot.roles import Permission
from modbot.web.case import page_titles, people
from modbot.web.desk import AtDesk
from modbot.web.fields import RowNumber
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import page, tell
from modbot.web.refusals import explained
from modbot.web.signed_in import SignedIn, recently_proven, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.READ))]
Proven = Annotated[SignedIn, Depends(recently_proven(Permission.LEAD))]

ADOPTED = N_("It scores from the next comment on.")
RETURNED = N_("The models used before score from the next comment on.")
DROPPED = N_("The model is dropped.")
STATES = {
    "shadow": N_("In shadow"),
    "adopted": N_("In use"),
    "replaced": N_("Used before"),
    "dropped": N_("Dropped"),
}


@router.get("/models")
def show(request: Request, desk: AtDesk, who: Reader) -> Response:
    with desk.store.read() as connection:
        models = register.everything(connection)
        used = in_use.found(connection, desk.settings)
        shadow = next((each for each in models if each.state == register.SHADOW), None)
        found = None if shadow is None else comparing.compare(connection, shadow.id)
    return page(
        request,
        "models.html",
        who,
        models=models,
        used=used,
        adopted=next((each for each in models if each.id == used.number), None),
        shadow=shadow,
        shifted=own_thresholds.in_force(desk.store, shadow.figures) if shadow else [],
        found=found,
        states=STATES,
        in_words={category.value: words for category, words in IN_WORDS.items()},
        people=people(desk.store),
        pages=page_titles(desk),
    )


@router.post("/models/back")
def back(desk: AtDesk, who: Proven) -> Response:
    return _done(who, RETURNED, lambda: register.back(desk.store, desk.settings, who.name))


@router.post("/models/{number}/adopt")
def adopt(desk: AtDesk, who: Proven, number: RowNumber) -> Response:
    return _done(who, ADOPTED, lambda: register.adopt(desk.store, desk.settings, number, who.name))


@router.post("/models/{number}/drop")
def drop(desk: AtDesk, who: Proven, number: RowNumber) -> Response:
    return _done(who, DROPPED, lambda: register.drop(desk.store, desk.settings, number, who.name))


def _done(who: SignedIn, told: str, work: Callable[[], object]) -> Response:
    answer = RedirectResponse("/models", status_code=303)
    try:
        work()
    except NotAllowed:
        raise
    except ModbotError as error:
        return tell(answer, explained(error, who.language))
    with speaking(who.language):
        return tell(answer, gettext(told))
