"""What the case screen shows, put together from the case, the policy and who looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifiers.base import Category
from modbot import codebook
from modbot.codebook import Chapter
from modbot.evidence import Advice, Piece, severity
from modbot.policy import REPORT, Clause, Mode, Policy, Watch
from modbot.proposals import deletable, final_only
from modbot.queue import WAITING
from modbot.review import Decided, Line, Seen, View
from modbot.rulings import Choice
from modbot.web import grounds
from modbot.web.grounds import Reason

LINKS = ("https://", "http://")
CHOICES = tuple(each.value for each in Choice)


@dataclass(frozen=True, slots=True)
class Copies:
    """One wording among near-identical comments: how often, and on how many comments of each page."""

    text: str | None
    records: Sequence[int]
    pages: Mapping[str, int]
    severe: str
    """As of a `Line`."""

    @property
    def count(self) -> int:
        return len(self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    view: View
    item: Seen
    """The first comment in its newest revision."""
    earlier: Sequence[Seen]
    """Its earlier revisions, the newest first."""
    opinion: bool
    """Whether the machine's opinion is shown."""
    pieces: Sequence[Piece]
    reasons: Sequence[Reason]
    advice: Sequence[Advice]
    """What is seen by classifiers that do not count."""
    clauses: Sequence[Clause | Watch]
    """What the case may break, as the policy has it now."""
    hideable: Sequence[Clause]
    advised: Sequence[Clause]
    """Clauses of the case under which nothing may be hidden."""
    offered: bool
    """Whether Hide is offered outright: a clause of the case may be hidden under, or it has none."""
    reported: bool
    """It may report somebody else's threat: Hide is never offered outright, whatever else it may be."""
    quote: str
    copies: Sequence[Copies]
    waits: bool
    chapters: Sequence[Chapter]
    """What the codebook says of the clauses' categories."""
    settled: Decided | None
    """The decision that counts."""
    outcome: str
    """As `grounds.outcome` says."""
    deletable: bool
    """Whether something of it could be deleted for good, if the records officer releases it."""
    final: Sequence[str]
    """Pages among those of the case where nothing can be hidden, only deleted for good."""

    @property
    def severe(self) -> str:
        return self.view.line.severe

    @property
    def threatens(self) -> bool:
        """Whether the machine's opinion, where it is shown, takes it for a threat."""
        return any(reason.finding.category == Category.THREATS for reason in self.reasons)

    @property
    def link(self) -> str:
        """To the comment on its page, where the platform gave an address that a browser may follow."""
        return _web(self.item.permalink)

    @property
    def page_link(self) -> str:
        """To the page that the comment stands on."""
        return _web(self.view.place.url)

    @property
    def marks(self) -> Mapping[str, Sequence[str]]:
        """Why words of the text are marked → the different words that are."""
        found: dict[str, dict[str, None]] = {}
        for piece in self.pieces:
            for reason in piece.reasons:
                found.setdefault(reason, {})[piece.text] = None
        return {reason: list(texts) for reason, texts in found.items()}


def sheet(view: View, rules: Policy, *, opinion: bool = True) -> Sheet:
    item = view.items[0]
    findings = item.judged.findings if item.judged and opinion else ()
    named = view.line.clauses if opinion else ()
    clauses = [each for name in named if (each := _clause(rules, name))]
    hideable = grounds.hideable(named, rules)
    may_be_hidden = not clauses or any(each.id in named for each in hideable)
    reported = REPORT.id in view.line.clauses
    offered = bool(hideable) and may_be_hidden and not reported
    return Sheet(
        view=view,
        item=item,
        earlier=[each for each in reversed(view.revisions) if _same(each, item) and each.id != item.id],
        opinion=opinion,
        pieces=grounds.pieces(item.text or "", findings),
        reasons=grounds.explained(item.text, item.judged, rules) if item.judged and opinion else [],
        advice=item.judged.advice if item.judged and opinion else (),
        clauses=clauses,
        hideable=hideable,
        advised=[each for each in clauses if isinstance(each, Clause) and each.mode is not Mode.ENFORCE],
        offered=offered,
        reported=reported,
        quote=grounds.quote(item.text or "", findings) if offered else "",
        copies=copies(view.items),
        waits=is_waiting(view.line),
        chapters=_chapters(clauses),
        settled=grounds.settling(view),
        outcome=grounds.outcome(view),
        deletable=any(deletable(each) for each in view.platforms.values()),
        final=final_pages(view),
    )


def _web(address: str) -> str:
    return address if address.startswith(LINKS) else ""


def final_pages(view: View) -> list[str]:
    """The keys of the case's pages whose platform can only delete."""
    keys = dict.fromkeys(each.page for each in view.items)
    return [key for key in keys if final_only(view.platforms[key])]


def _clause(rules: Policy, name: str) -> Clause | Watch | None:
    return rules.find(name) or rules.find_watch(name)


def _chapters(clauses: Sequence[Clause | Watch]) -> list[Chapter]:
    found = [
        chapter
        for each in clauses
        for chapter in (
            codebook.for_clause(each) if isinstance(each, Clause) else [codebook.chapters()[each.category]]
        )
    ]
    return list({each.category: each for each in found}.values())


def _same(one: Seen, other: Seen) -> bool:
    return (one.page, one.native_id) == (other.page, other.native_id)


def copies(items: Sequence[Seen]) -> list[Copies]:
    """Every different wording, the most frequent first; nothing that a decision covers is left out."""
    by_text: dict[str | None, list[Seen]] = {}
    for each in items:
        by_text.setdefault(each.text, []).append(each)
    found = [
        Copies(
            text,
            [each.id for each in same],
            Counter(each.page for each in same),
            next(filter(None, (severity(each.judged) for each in same)), ""),
        )
        for text, same in by_text.items()
    ]
    return sorted(found, key=lambda each: -each.count)


def is_waiting(line: Line) -> bool:
    """For a decision, or for this viewer's second opinion."""
    return line.state in WAITING or line.second_look
