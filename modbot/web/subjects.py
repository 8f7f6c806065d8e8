"""What a log entry is about, in words and with a link to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from modbot.web.fields import address
from modbot.web.i18n import N_


@dataclass(frozen=True, slots=True)
class Subject:
    words: str
    """To be translated; `%(what)s` stands for `what`, which may be a stranger's text."""
    what: str
    link: str = ""


def of(subject: str, names: Mapping[str, str]) -> Subject:
    """`names` are people's full names. A subject of no known sort is shown as it stands."""
    sort, _, what = subject.partition(":")
    if sort == "user":
        return Subject("%(what)s", names.get(what, what), address("/audit", about=subject))
    if sort in _SORTS:
        words, link = _SORTS[sort]
        return Subject(words, what, link(what))
    return Subject("%(what)s", subject)


_SORTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "case": (N_("case %(what)s"), lambda what: f"/case/{what}"),
    "comment": (N_("comment %(what)s"), lambda what: address("/audit", about=f"comment:{what}")),
    "entry": (N_("entry %(what)s"), lambda what: f"/audit/{what}"),
    "model": (N_("model %(what)s"), lambda _: "/models"),
    "page": (N_("page %(what)s"), lambda what: address("/audit", about=f"page:{what}")),
    "policy": (N_("the policy in force"), lambda _: "/policy"),
}
