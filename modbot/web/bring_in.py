"""Bring in a comment: pasted, or as a CSV file, from a place that modbot cannot read by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from modbot import bringing_in
from modbot.bringing_in import LARGEST_FILE, Brought
from modbot.errors import ConfigError, NotBroughtIn
from modbot.web.case import Decider
from modbot.web.desk import AtDesk
from modbot.web.fields import sent
from modbot.web.pages import page
from modbot.web.refusals import explained
from platforms.manual import Row

router = APIRouter()

Words = Annotated[str, Form(max_length=100_000)]
Line = Annotated[str, Form(max_length=2_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """The form as sent."""

    on: Line = ""
    text: Words = ""
    author: Line = ""
    written: Line = ""
    link: Line = ""

    @property
    def row(self) -> Row:
        # Browsers send every line break of a text field as two characters.
        text = self.text.replace("\r\n", "\n")
        author, link = self.author.strip(), self.link.strip()
        # As browsers send a time: 2026-11-22T08:00
        return Row(text=text, author=author, written_at=self.written.strip(), link=link)


NOTHING = Pasted()


@router.get("/bring-in")
def show(request: Request, desk: AtDesk, who: Decider) -> Response:
    return _page(request, desk, who)


@router.post("/bring-in")
def paste(
    request: Request, desk: AtDesk, who: Decider, given: Annotated[Pasted, Depends(sent(Pasted))]
) -> Response:
    try:
        brought = bringing_in.one(desk.store, desk.settings, given.on, given.row, who.name)
    except (ConfigError, NotBroughtIn) as error:
        return _page(request, desk, who, given=given, problem=explained(error, who.language))
    # The next comment is often from the same place.
    return _page(request, desk, who, given=Pasted(on=given.on), brought=brought)


@router.post("/bring-in/file")
def upload(
    request: Request, desk: AtDesk, who: Decider, file: Annotated[UploadFile, File()], on: Line = ""
) -> Response:
    content = file.file.read(LARGEST_FILE + 1)
    try:
        brought = bringing_in.file(desk.store, desk.settings, on, file.filename or "", content, who.name)
    except (ConfigError, NotBroughtIn) as error:
        return _page(request, desk, who, given=Pasted(on=on), problem=explained(error, who.language))
    return _page(request, desk, who, given=Pasted(on=on), brought=brought)


def _page(
    request: Request,
    desk: AtDesk,
    who: Decider,
    *,
    given: Pasted = NOTHING,
    problem: str = "",
    brought: Brought | None = None,
) -> Response:
    values: dict[str, Any] = {
        "places": bringing_in.open_to_it(desk.settings),
        "given": given,
        "problem": problem,
        "brought": brought,
    }
    return page(request, "bring_in.html", who, status=422 if problem else 200, **values)
