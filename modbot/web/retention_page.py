"""How long records are kept: the schedule of each page, what is past its time, and the platforms' terms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from modbot.records import retention
from modbot.roles import Permission
from modbot.web.desk import AtDesk
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.AUDIT))]


@router.get("/retention")
def show(request: Request, desk: AtDesk, who: Reader) -> Response:
    found = retention.kept(desk.store, desk.settings)
    return page(request, "retention.html", who, found=found)
