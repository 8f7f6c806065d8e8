"""What comes up rarely: an appeal, a proposed deletion, a task, a call. Screens without them are empty."""

from __future__ import annotations

from modbot import appeals, cases, deletions, notes, outbox
from modbot.alerts.watching import UrgentWatcher
from modbot.config import Settings
from modbot.rulings import Choice, Ruling
from modbot.tables import Call, Case
from tests.modbot.scene import District, said

FORUM = '[[page]]\nkey = "forum"\nplatform = "manual"\ntitle = "Parents\' forum"\n'
"""A place that no program can reach; `rarely` needs it among the registered pages."""


def rarely(here: District, settings: Settings, hide: tuple[int, int], words: str) -> dict[str, int]:
    """Hide two cases of the blog that hold "buy now"; `words` are everybody's reason.

    Returns what stands for the number in the addresses: /deletions, /appeals, /call.
    """
    for number in hide:
        _hide(here, number, words)
    here.confirmed("blog")
    first, second = hide
    deletions.propose(here.store, first, "ben", words)
    notes.write(here.store, second, "ben", words)
    appeal = appeals.file(here.store, second, "ben", words, words[:200], None)
    _task(here, words)
    UrgentWatcher(here.store, settings).look()
    return {"/deletions": first, "/appeals": appeal, "/call": here.rows(Call)[-1].id}


def _hide(here: District, number: int, words: str) -> None:
    (version,) = (row.version for row in here.rows(Case) if row.id == number)
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="buy now", reason=words, version=version)
    cases.decide(here.store, here.rules, number, ruling)


def _task(here: District, words: str) -> None:
    before = {row.id for row in here.rows(Case)}
    text = f"buy now, whatever this is: {words}"
    here.arrive(said("forum-1", text[:3_000], author=words[:200], post_title=words[:200]), page="forum")
    here.score()
    (number,) = {row.id for row in here.rows(Case)} - before
    _hide(here, number, words)
    (due,) = outbox.due(here.store, "forum")
    outbox.failed(here.store, due, f"Hide it with the site's own tools. {words[:200]}")
