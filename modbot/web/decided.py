"""What was decided lately, by whom, and where it stands; each can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from modbot import review, wiring
from modbot.rulings import Choice
from modbot.web.case import Reader, page_titles, people
from modbot.web.counts import waiting
from modbot.web.desk import AtDesk
from modbot.web.fields import address, sent
from modbot.web.i18n import N_
from modbot.web.pages import page

router = APIRouter()

CHOICES = {
    Choice.LEAVE_UP.value: N_("left up"),
    Choice.HIDE.value: N_("hidden"),
    "proposed": N_("proposed for deletion"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The filter form as sent."""

    by: str = ""
    choice: str = ""
    clause: str = ""

    def address(self, **more: object) -> str:
        return address("/decided", **({"by": self.by, "choice": self.choice, "clause": self.clause} | more))


@router.get("/decided")
def show(
    request: Request,
    desk: AtDesk,
    who: Reader,
    sought: Annotated[Sought, Depends(sent(Sought))],
    start: str = "",
) -> Response:
    wanted = review.Sought(by=sought.by, choice=sought.choice, clause=sought.clause)
    with desk.store.view() as view:
        values: dict[str, Any] = {
            "found": review.decided(view, who.name, wanted, after=start),
            "sought": sought,
            "start": start,
            "clauses": wiring.policy_in_force(view).clause,
            "choices": CHOICES,
            "people": people(view),
            "pages": page_titles(desk),
            "counts": waiting(view),
        }
    return page(request, "decided.html", who, **values)
