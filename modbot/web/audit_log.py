"""The log, readable: filtered, entry by entry, with its checkpoints and the proof of the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from modbot import audit, logbook
from modbot.audit import KINDS, Entry
from modbot.checkpoints import Proof
from modbot.errors import StaleCase
from modbot.proving import prove
from modbot.roles import Permission
from modbot.store import SYSTEM, storable
from modbot.web import subjects
from modbot.web.background import Background
from modbot.web.case import opinion_follows
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import address, day, end_of, number, start_of
from modbot.web.i18n import N_
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require
from modbot.web.subjects import Subject

router = APIRouter()

Auditor = Annotated[SignedIn, Depends(require(Permission.AUDIT))]
Watching = Annotated[SignedIn, Depends(require(Permission.AUDIT, active=False))]

GROUPS = {
    "action": N_("Changes on the platforms"),
    "capture": N_("Capture"),
    "case": N_("Cases"),
    "comment": N_("Comments"),
    "decision": N_("Decisions"),
    "model": N_("Learned models"),
    "page": N_("Pages"),
    "policy": N_("The policy"),
    "record": N_("Records"),
    "user": N_("People"),
}
"""The part of a kind before its dot, in words. One that is missing here is shown as it stands."""


@dataclass(frozen=True, slots=True)
class Line:
    entry: Entry
    meaning: str
    who: str
    """Empty for modbot itself."""
    about: Subject


@dataclass(frozen=True, slots=True)
class Part:
    """One field of an entry's content. What is not plain is a structure, and shown as it is stored."""

    name: str
    text: str
    plain: bool


def proof_of(request: Request) -> Background[Proof]:
    proof: Background[Proof] = request.app.state.proof
    return proof


Proving = Annotated[Background[Proof], Depends(proof_of)]


@router.get("/audit")
def show(
    request: Request,
    desk: AtDesk,
    who: Auditor,
    proof: Proving,
    kind: str = "",
    actor: str = "",
    about: str = "",
    since: str = "",
    until: str = "",
    before: str = "",
) -> Response:
    wanted = logbook.Wanted(
        kind=kind,
        actor=storable(actor),
        subject=storable(about.strip()),
        since=start_of(day(since), desk.zone),
        until=end_of(day(until), desk.zone),
    )
    leaf = logbook.leaf(desk.store, wanted, number(before))
    names = logbook.names(desk.store)
    form = {"kind": kind, "actor": actor, "about": about, "since": since, "until": until}
    return page(
        request,
        "audit.html",
        who,
        leaf=leaf,
        lines=[_line(entry, names) for entry in leaf.entries],
        form=form,
        older=leaf.older and address("/audit", **form, before=leaf.older),
        first=address("/audit", **form) if number(before) is not None else "",
        kinds=_grouped(),
        names=names,
        length=logbook.length(desk.store),
        proof=proof.standing,
    )


@router.post("/audit/proof")
def begin(request: Request, desk: AtDesk, who: Auditor, proof: Proving) -> Response:
    """Prove the whole log in the background."""
    proof.start(lambda progress: prove(desk.store, desk.settings, progress=progress))
    if "HX-Request" not in request.headers:
        return RedirectResponse("/audit", status_code=303)
    return _proof(request, desk, who, proof)


@router.get("/audit/proof")
def ask(request: Request, desk: AtDesk, who: Watching, proof: Proving) -> Response:
    """How the proof stands; asked every second while it runs."""
    return _proof(request, desk, who, proof)


def _proof(request: Request, desk: Desk, who: SignedIn, proof: Background[Proof]) -> Response:
    length = logbook.length(desk.store)
    return page(request, "audit_proof.html", who, proof=proof.standing, length=length)


@router.get("/audit/checkpoints")
def signed(request: Request, desk: AtDesk, who: Auditor) -> Response:
    audit_settings = desk.settings.audit
    return page(
        request,
        "audit_checkpoints.html",
        who,
        signatures=logbook.signatures(desk.store),
        folder=str(desk.settings.path(audit_settings.checkpoint_folder)),
        minutes=audit_settings.checkpoint_minutes,
        length=logbook.length(desk.store),
    )


@router.get("/audit/{seq}")
def entry(request: Request, desk: AtDesk, who: Auditor, seq: str) -> Response:
    wanted = number(seq)
    record = None if wanted is None else logbook.record(desk.store, wanted)
    if record is None:
        raise StaleCase("The log has no entry %(seq)s.", remedy="Go back to the log and choose one.", seq=seq)
    line = _line(record.entry, logbook.names(desk.store))
    return page(
        request,
        "audit_entry.html",
        who,
        line=line,
        record=record,
        parts=_parts(record.content),
        named=record.waiting is None or not opinion_follows(desk, who, record.waiting),
        no_payload=audit.NO_PAYLOAD,
    )


def _line(entry: Entry, names: dict[str, str]) -> Line:
    actor = "" if entry.actor == SYSTEM else names.get(entry.actor, entry.actor)
    return Line(entry, KINDS.get(entry.kind, entry.kind), actor, subjects.of(entry.subject, names))


def _grouped() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(group, its name, its kinds with their meanings) for the form."""
    return [
        (
            group,
            GROUPS.get(group, group),
            [(kind, meaning) for kind, meaning in KINDS.items() if kind.startswith(f"{group}.")],
        )
        for group in logbook.kinds_of(tuple(KINDS))
    ]


def _parts(content: Any) -> list[Part]:
    """The content's own fields; one nameless part where it is no object."""
    fields = content if isinstance(content, dict) else {"": content}
    return [_part(name.replace("_", " "), value) for name, value in fields.items() if value is not None]


def _part(name: str, value: Any) -> Part:
    if isinstance(value, str):
        return Part(name, value, plain=True)
    plain = not isinstance(value, dict | list)
    return Part(name, json.dumps(value, indent=2, ensure_ascii=False), plain=plain)
