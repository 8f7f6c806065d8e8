"""How long records are kept: whether somebody has said so, beside what the platforms' terms say."""

from __future__ import annotations

from collections.abc import Iterator

from modbot.checkups.finding import Finding, fine, look
from modbot.config import Settings
from modbot.records import retention

NAME = "The records officer names the schedule's item and the years: [retention] in modbot.toml."


def keeping(settings: Settings) -> Iterator[Finding]:
    unnamed = [page.key for page in settings.page if not settings.retention_of(page).authority]
    if unnamed:
        yield look("retention", f"nobody has said how long {', '.join(unnamed)} is kept", NAME)
    elif settings.page:
        yield fine("retention", "every page has its schedule; what is past its time: modbot retention")
    for page in settings.page:
        terms, said = retention.terms(page.platform), settings.retention_of(page)
        if not terms:
            continue
        what = f"retention {page.key}"
        if said.authority:
            yield fine(what, f"{said.authority}, {said.years} years. {terms}")
        else:
            yield look(what, terms, "Let counsel read these terms beside the records schedule.")
