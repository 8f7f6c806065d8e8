"""What was written, flagged and decided in a span of the log, by page and by clause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import by_hand
from modbot.reports.extent import Extent, noted
from modbot.reports.figures import NO_CLAUSE, REFERRED
from modbot.review.proposed import deleting
from modbot.store import bodies_of, table
from modbot.tables import Action, Comment, Decision, Page, Presence, Verdict, Withdrawal

comments, presences, verdicts = table(Comment), table(Presence), table(Verdict)
decisions, actions, withdrawals = table(Decision), table(Action), table(Withdrawal)
pages = table(Page)
# Rows are fetched all at once where there are thousands: one by one takes twice as long.

SETTLING = ("leave_up", "hide")
"""Choices that say whether the comment stays; the others leave the case open."""
_AT_ONCE = 10_000


class Tally:
    """Counts by what was counted, page and clause; a clause of "" counts for the page alone."""

    def __init__(self) -> None:
        self.pages: Counter[tuple[str, str]] = Counter()
        self.clauses: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, page: str, clause: str = "", count: int = 1) -> None:
        self.pages[name, page] += count
        if clause:
            self.clauses[name, clause] += count

    def total(self, name: str) -> int:
        return sum(count for (each, _), count in self.pages.items() if each == name)


@dataclass(frozen=True, slots=True)
class Settled:
    """A person's last word of the span about one item."""

    decision: int
    comment: int
    page: str
    native_id: str
    choice: str
    clause: str
    by: str


def count(connection: Connection, extent: Extent) -> Tally:
    tally = Tally()
    _archived(connection, extent, tally)
    _flagged(connection, extent, tally)
    _decided(connection, extent, tally)
    _referred(connection, extent, tally)
    _carried_out(connection, extent, tally)
    for each in noted(connection, extent, "record.disposed"):
        tally.add("disposed", each.subject)
    return tally


def _archived(connection: Connection, extent: Extent, tally: Tally) -> None:
    # Unary plus in effect: grouping by a plain column would walk the index of all pages instead of the span.
    page = sa.func.coalesce(comments.c.page, "").label("page")
    first = sa.func.sum(sa.case((comments.c.number == 1, 1), else_=0))
    rows = connection.execute(
        sa.select(page, first, sa.func.count()).where(extent.holds(comments.c.id)).group_by(page)
    )
    for where, new, every in rows:
        tally.add("seen", where, count=new)
        tally.add("edited", where, count=every - new)
    gone = (
        sa.select(comments.c.page, sa.func.count())
        .join(comments, comments.c.id == presences.c.comment_id)
        .where(extent.holds(presences.c.id), presences.c.present.is_(False))
        .group_by(comments.c.page)
    )
    own = _own_deletions(connection, extent)
    for where, number in connection.execute(gone.select_from(presences)):
        tally.add("gone", where, count=number - own[where])


def _own_deletions(connection: Connection, extent: Extent) -> Counter[str]:
    """By page, what the platform told of our own deletions: neither author nor platform took those down."""
    rows = connection.execute(
        sa.select(presences.c.id, comments.c.page)
        .join(comments, comments.c.id == presences.c.comment_id)
        .join(
            actions,
            sa.and_(
                actions.c.page == comments.c.page,
                actions.c.native_id == comments.c.native_id,
                actions.c.id < presences.c.id,
            ),
        )
        .where(extent.holds(presences.c.id), presences.c.present.is_(False), actions.c.kind == "delete")
        .distinct()
    ).all()
    # Whose the deletion was stands in the entry; the words of one may have been released since.
    said = bodies_of(connection, [row.id for row in rows])
    return Counter(row.page for row in rows if "action" in said.get(row.id, ("action",)))


def _flagged(connection: Connection, extent: Extent, tally: Tally) -> None:
    rows = connection.execute(
        sa.select(comments.c.page, verdicts.c.level, verdicts.c.clauses, verdicts.c.score_id)
        .join(comments, comments.c.id == verdicts.c.comment_id)
        .where(extent.holds(verdicts.c.id), verdicts.c.level != "clear")
    ).all()
    for page, level, clauses, score in rows:
        if score is None:
            tally.add("not_scored", page)
            continue
        tally.add("flagged", page, likeliest(clauses))
        if level == "urgent":
            tally.add("urgent", page)


def likeliest(clauses: str) -> str:
    return clauses.split(" ")[0] or NO_CLAUSE


def _decided(connection: Connection, extent: Extent, tally: Tally) -> None:
    settled = settled_in(connection, extent)
    flagged_under = _clauses_of(connection, [each for each in settled if each.choice == "leave_up"])
    proposed = _proposed(connection, settled)
    for each in settled:
        up = each.choice == "leave_up"
        clause = flagged_under.get(each.decision, NO_CLAUSE) if up else each.clause
        tally.add("reviewed", each.page, clause)
        name = "left_up" if up else "proposed" if each.decision in proposed else "hidden"
        tally.add(name, each.page, clause)
    for now, before in _reversed(connection, extent):
        tally.add("corrected" if now.by == before.by else "overturned", now.page)


def _referred(connection: Connection, extent: Extent, tally: Tally) -> None:
    """Each comment once, by the last of its referrals that stood when the span ended."""
    taken_back = sa.select(withdrawals.c.decision_id).where(withdrawals.c.withdrawn <= extent.last)
    rows = connection.execute(
        sa.select(comments.c.id, comments.c.page, decisions.c.id.label("decision"))
        .select_from(decisions.join(comments, comments.c.id == decisions.c.comment_id))
        .where(
            extent.holds(decisions.c.id),
            decisions.c.choice == "refer",
            decisions.c.id.not_in(taken_back),
        )
        .order_by(decisions.c.id)
    ).all()
    last = {row.id: row for row in rows}.values()
    said = bodies_of(connection, [row.decision for row in last])
    for row in last:
        tally.add("referred", row.page)
        tally.add(REFERRED[said[row.decision]["referral"]], row.page)


def _proposed(connection: Connection, settled: Sequence[Settled]) -> set[int]:
    """Those of the decisions that propose a deletion, because nothing can be hidden there."""
    hides = [each.decision for each in settled if each.choice == "hide"]
    return {number for some in _chunks(hides) for number in deleting(connection, some)}


def settled_in(connection: Connection, extent: Extent) -> list[Settled]:
    """One for each item that was decided, in the order of the decisions."""
    rows = connection.execute(
        _settling(decisions, comments).where(extent.holds(decisions.c.id)).order_by(decisions.c.id)
    ).all()
    last = {(each.page, each.native_id): each for each in (Settled(*row) for row in rows)}
    return sorted(last.values(), key=lambda each: each.decision)


def _settling(of: Any, about: Any) -> sa.Select[Any]:
    return (
        sa.select(
            of.c.id,
            of.c.comment_id,
            about.c.page,
            about.c.native_id,
            of.c.choice,
            of.c.clause,
            of.c.decided_by,
        )
        .select_from(of.join(about, about.c.id == of.c.comment_id))
        .where(of.c.choice.in_(SETTLING))
    )


def _clauses_of(connection: Connection, settled: Sequence[Settled]) -> dict[int, str]:
    """Decision → the clause under which its comment had been flagged when it was made."""
    by_comment = {each.comment: each.decision for each in settled}
    found: dict[int, str] = {}
    for some in _chunks(sorted(by_comment)):
        rows = connection.execute(
            sa.select(verdicts.c.id, verdicts.c.comment_id, verdicts.c.clauses)
            .where(verdicts.c.comment_id.in_(some))
            .order_by(verdicts.c.id)
        ).all()
        for number, comment, clauses in rows:
            if number < by_comment[comment]:
                found[by_comment[comment]] = likeliest(clauses)
    return found


def _reversed(connection: Connection, extent: Extent) -> Iterator[tuple[Settled, Settled]]:
    """Each decision of the span that let a hidden item stand again, with the hide that it took back."""
    earlier, of_item = decisions.alias(), comments.alias()
    hides = (
        sa.select(decisions.c.id, sa.func.max(earlier.c.id))
        .select_from(decisions.join(comments, comments.c.id == decisions.c.comment_id))
        .join(
            of_item,
            sa.and_(of_item.c.page == comments.c.page, of_item.c.native_id == comments.c.native_id),
        )
        .join(earlier, earlier.c.comment_id == of_item.c.id)
        .where(
            extent.holds(decisions.c.id),
            decisions.c.choice == "leave_up",
            earlier.c.id < decisions.c.id,
            earlier.c.choice.in_(SETTLING),
        )
        .group_by(decisions.c.id)
    )
    pairs = [tuple(row) for row in connection.execute(hides)]
    known: dict[int, Settled] = {}
    for some in _chunks(sorted({number for pair in pairs for number in pair})):
        rows = connection.execute(_settling(decisions, comments).where(decisions.c.id.in_(some)))
        known |= {row[0]: Settled(*row) for row in rows}
    for now, before in pairs:
        if known[before].choice == "hide":
            yield known[now], known[before]


def _carried_out(connection: Connection, extent: Extent, tally: Tally) -> None:
    """From the receipts: what was asked of the platform, and what it confirmed or refused."""
    finished = list(noted(connection, extent, "action.done", "action.by_hand", "action.failed"))
    asked: dict[int, Any] = {}
    for some in _chunks([each.body["action"] for each in finished if each.body]):
        rows = connection.execute(
            sa.select(actions.c.id, actions.c.page, actions.c.native_id, actions.c.kind, pages.c.platform)
            .join(pages, pages.c.key == actions.c.page)
            .where(actions.c.id.in_(some))
        )
        asked |= {row.id: row for row in rows}
    for each in finished:
        action = asked.get(each.body["action"]) if each.body else None
        if action is None:
            continue
        if each.kind == "action.failed":
            # What only people can do is a task then, not a refusal.
            if not by_hand.only_people(action.platform, action.kind):
                tally.add("failed", action.page)
        elif action.kind == "hide":
            tally.add("carried_out", action.page)
        elif action.kind == "delete":
            tally.add("deleted", action.page)
        elif action.kind == "unhide":
            clause = _hidden_under(connection, action.page, action.native_id, each.seq)
            tally.add("restored", action.page, clause)


def _hidden_under(connection: Connection, page: str, native_id: str, before: int) -> str:
    """The clause of the last hide of the item before an entry."""
    rows = connection.execute(
        sa.select(decisions.c.id, decisions.c.clause)
        .select_from(comments.join(decisions, decisions.c.comment_id == comments.c.id))
        .where(
            comments.c.page == page,
            comments.c.native_id == native_id,
            decisions.c.choice == "hide",
            decisions.c.id < before,
        )
    )
    return max(((row.id, row.clause) for row in rows), default=(0, NO_CLAUSE))[1]


def _chunks(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))
