"""The policy: the clauses in force word for word, the versions before, and what changed between two."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from modbot import elections, policy_changes, policy_versions, wiring
from modbot.errors import ConfigError
from modbot.evidence import IN_WORDS
from modbot.policy import Mode
from modbot.policy_versions import Version
from modbot.roles import Permission
from modbot.store import utcnow
from modbot.web.desk import AtDesk
from modbot.web.fields import number
from modbot.web.i18n import N_
from modbot.web.pages import page
from modbot.web.refusals import explained
from modbot.web.signed_in import SignedIn, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.READ))]

MODES = {
    Mode.OFF: (N_("Off"), N_("The machine does not look for it.")),
    Mode.ADVISE: (N_("Advice only"), N_("People see what may break it. Nothing can be hidden under it.")),
    Mode.ENFORCE: (N_("In force"), N_("A moderator may hide a comment under it.")),
}
PARTS = {
    "policy": N_("The policy itself"),
    "clause": N_("Clause"),
    "watch": N_("Watch"),
    "word_list": N_("Word list under"),
}
HOW = {"added": N_("new"), "removed": N_("removed"), "changed": N_("changed")}
FIELDS = {
    "name": N_("Name"),
    "version": N_("Version"),
    "adopted": N_("Adopted"),
    "notice": N_("Notice to commenters"),
    "viewpoint": N_("Promise on viewpoint"),
    "forum": N_("Statement on the forum"),
    "officials": N_("Officials"),
    "title": N_("Title"),
    "text": N_("Text"),
    "mode": N_("Mode"),
    "categories": N_("What the machine looks for"),
    "category": N_("What the machine looks for"),
    "urgent": N_("Alerts a person at once"),
    "thresholds": N_("Own thresholds"),
    "threshold": N_("Own threshold"),
    "signed_off_by": N_("Signed off by"),
    "signed_off_on": N_("Signed off on"),
    "note": N_("Note for reviewers"),
    "clause": N_("Clause"),
    "reason": N_("Reason"),
    "terms": N_("Words"),
}
"""A policy's fields in words. One that is missing here is shown under its own name."""


@router.get("/policy")
def show(request: Request, desk: AtDesk, who: Reader) -> Response:
    return page(
        request,
        "policy.html",
        who,
        rules=wiring.policy_in_force(desk.store),
        versions=policy_versions.history(desk.store),
        modes=MODES,
        in_words={str(category): words for category, words in IN_WORDS.items()},
        election=elections.standing(desk.settings, utcnow()),
    )


@router.get("/policy/changes")
def compare(request: Request, desk: AtDesk, who: Reader, old: str = "", new: str = "") -> Response:
    """What changed from the version of entry `old` to that of entry `new`; else the last change."""
    versions = policy_versions.history(desk.store)
    later = _chosen(versions, new, 0)
    earlier = _chosen(versions, old, 1)
    found: list[policy_changes.Change] = []
    problem = ""
    try:
        if earlier is not None and later is not None:
            before = policy_versions.read(desk.store, earlier.seq)
            found = policy_changes.changes(before, policy_versions.read(desk.store, later.seq))
    except ConfigError as error:
        problem = explained(error, who.language)
    return page(
        request,
        "policy_changes.html",
        who,
        versions=versions,
        earlier=earlier,
        later=later,
        changes=found,
        problem=problem,
        parts=PARTS,
        how=HOW,
        fields=FIELDS,
    )


def _chosen(versions: list[Version], given: str, otherwise: int) -> Version | None:
    """The version of that entry, or the one at that place of the list; None if there is none."""
    seq = number(given)
    found = next((each for each in versions if each.seq == seq), None)
    return found or (versions[otherwise] if otherwise < len(versions) else None)
