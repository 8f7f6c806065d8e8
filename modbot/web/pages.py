"""Templates: text is escaped, missing names are errors, words are in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from modbot import resources
from modbot.evidence import severity
from modbot.policy import REPORT
from modbot.roles import Permission
from modbot.visible import visible
from modbot.web import counts, i18n, quoting, refusals
from modbot.web.desk import desk_of
from modbot.web.static_files import static

if TYPE_CHECKING:  # signed_in shows its refusals with this module
    from modbot.web.signed_in import SignedIn

TOLD = "told"
"""The cookie that carries one message over a redirect."""
LONGEST_MESSAGE = 1_000


def page(
    request: Request, template: str, who: SignedIn | None, *, status: int = 200, **context: Any
) -> Response:
    """One screen or part of one, with what layout.html needs; `who` is None before signing in.

    A screen that has counted the queue already gives its `counts`.
    """
    desk = desk_of(request)
    fixed: dict[str, Any] = {
        "who": who,
        "zone": desk.zone,
        "district": desk.settings.district.name,
        "practice": hasattr(request.app.state, "practice"),
        "here": request.url.path,
        "told": unquote(request.cookies.get(TOLD, "")),
    }
    if "counts" not in context:
        fixed["counts"] = counts.NOTHING if who is None else counts.Later(desk.store)
    with i18n.speaking(language_of(request, who)):
        answer = templates.TemplateResponse(request, template, {**fixed, **context}, status_code=status)
    if TOLD in request.cookies and "HX-Request" not in request.headers:
        answer.delete_cookie(TOLD, path="/")
    return answer


def language_of(request: Request, who: SignedIn | None) -> str:
    """The person's own; the browser's before somebody has signed in."""
    return who.language if who else i18n.wanted(request.headers.get("accept-language", ""))


def of_policy(text: str, of: str) -> str:
    """The district's words as they are. What is part of every policy is ours: in the reader's language.

    `of`: the id of the clause or watch.
    """
    return i18n.gettext(text) if of == REPORT.id else text


def policy_language(of: str) -> str:
    """The code of the language in which `of_policy` gives its texts: a district's policy is in English."""
    return i18n.spoken() if of == REPORT.id else i18n.SOURCE


def tell(response: Response, message: str) -> Response:
    """Show the message, as text, at the head of the next page that this browser loads."""
    response.set_cookie(
        TOLD, quote(message[:LONGEST_MESSAGE]), max_age=60, httponly=True, samesite="lax", path="/"
    )
    return response


def _environment() -> Environment:
    loader = FileSystemLoader(resources.folder("web") / "templates")
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # They change with the program alone; to look every time costs as much as a short page.
        auto_reload=False,
    )
    i18n.install(made)
    made.filters |= {"visible": visible, "shown": quoting.shown, "worded": refusals.worded}
    made.filters |= {"of_policy": of_policy, "policy_language": policy_language, "severity": severity}
    made.globals |= {"Permission": Permission, "static": static}
    return made


templates = Jinja2Templates(env=_environment())
