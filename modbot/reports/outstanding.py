"""What a reader must know first: where a week differs from what is usual or owed; or that it does not."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from modbot.reports.capture import Registered
from modbot.reports.figures import Value
from modbot.reports.phrases import capital, counted, day_and_time, in_hours, listed, long, number, were
from modbot.reports.sentences import FEW, clause_name
from modbot.reports.threats import SOON
from modbot.reports.weekly import Report

SHORT = 0.25
"""Hours that a page may go unwatched before anybody is told."""
PATIENT = 24.0
"""Hours after which a waiting case is old."""
MUCH = 50
"""New comments by which a week must differ from the usual before anybody is told."""
TWICE = 2.0
RELIABLE = 0.667
"""Krippendorff's floor for tentative conclusions; below it a clause should only advise."""


def stands_out(report: Report) -> list[str]:
    """What a reader must know first; empty when the week was like the others."""
    if not report.course[-1]:
        return []
    found = [
        *_threats(report),
        *_retired(report),
        *_gaps(report),
        *_queue(report),
        *_volume(report),
        *_neutrality(report),
        *_agreement(report),
        *_training(report),
        *_rules(report),
        *_pages(report),
    ]
    return [capital(each) for each in found]


def _threats(report: Report) -> Iterator[str]:
    unseen = report.value("urgent_unseen")
    if _more(unseen, 0):
        told = counted(unseen, "comments")
        yield f"{told} that may be a threat had not been looked at when the week ended."
    late, slow = report.value("view_late"), report.value("view_median_minutes")
    if _more(late, 0):
        longest = report.value("view_longest_minutes")
        worst = f"; the longest wait was {long(in_hours(longest))}" if _more(longest, SOON) else ""
        yield (
            f"{counted(late, 'comments')} that may be a threat waited more than {SOON:.0f} minutes for a "
            f"person to look{worst}."
        )
    elif _more(slow, SOON):
        yield (
            f"half of the possible threats waited {long(in_hours(slow))} or more for a person to look; "
            f"{SOON:.0f} minutes is the aim."
        )


def _retired(report: Report) -> Iterator[str]:
    """Somebody may not have meant it, and no gap tells of it."""
    zone = report.basis.zone
    for out, pages in sorted(report.taken_out().items(), key=lambda each: each[0].start):
        names = listed([page.name for page in pages])
        since = f"{names} {were(len(pages))} taken out of the settings ({day_and_time(out.start, zone)})"
        if out.end is None:
            yield f"{since}: modbot does not read there any more, and counts no gap."
        else:
            back = day_and_time(out.end, zone)
            yield f"{since} and put back ({back}): in between modbot did not read there, and counts no gap."


def _gaps(report: Report) -> Iterator[str]:
    for hours, pages in _longest(report, "gap_hours"):
        if names := [page.name for page in pages if not page.is_retired]:
            yield (
                f"{listed(names)} {were(len(names))} not watched for {long(hours)} of the week. What people "
                "wrote then was read later; what they changed or took back meanwhile was not seen."
            )
        if names := [page.name for page in pages if page.is_retired]:
            yield (
                f"{listed(names)} {were(len(names))} not watched for {long(hours)} before that. What people "
                "wrote then was not read."
            )
    for hours, pages in _longest(report, "partly_hours"):
        names = [page.name for page in pages]
        yield (
            f"a part of {listed(names)} was closed to modbot for {long(hours)} of the week: what was "
            "written there is missing until somebody opens it."
        )


def _longest(report: Report, name: str) -> list[tuple[float, list[Registered]]]:
    """Hours that are worth telling, the most first, with the pages that have them."""
    found: dict[float, list[Registered]] = {}
    for page in report.measured.pages:
        hours = report.value(name, "page", page.key)
        if isinstance(hours, int | float) and hours > SHORT:
            found.setdefault(hours, []).append(page)
    return sorted(found.items(), key=lambda each: each[0], reverse=True)


def _queue(report: Report) -> Iterator[str]:
    age = report.value("oldest_hours")
    if _more(age, PATIENT):
        waiting = counted(report.value("waiting"), "cases")
        yield f"the oldest case had waited {long(age)} when the week ended; {waiting} waited in all."
    if _more(report.value("failed"), 0):
        yield f"the platforms refused {counted(report.value('failed'), 'actions')} that a person had decided."
    if _more(report.value("not_scored"), 0):
        told = counted(report.value("not_scored"), "comments")
        yield f"the classifiers could not judge {told}; people look at them."
    if _more(report.value("overturned"), 0):
        told = counted(report.value("overturned"), "decisions")
        yield f"{told} to hide a comment {were(report.value('overturned'))} taken back by somebody else."


def calm(report: Report) -> str:
    """Of a week in which nothing stands out: what is known to be as it should. What is withheld is not."""
    waiting = report.value("waiting") == 0 or isinstance(report.value("oldest_hours"), int | float)
    unseen = report.value("urgent_unseen") == 0 and report.value("view_late") == 0
    usual = _usual(report) is not None and isinstance(report.value("seen"), int)
    good = {
        "no long gap": True,
        "no threat left waiting": unseen,
        "no old case": waiting,
        "no change of the rules": True,
        "about as many comments as usual": usual,
    }
    told = f"Nothing: {listed([words for words, is_known in good.items() if is_known])}."
    if report.is_public and not (unseen and waiting):
        told += " Of threats or cases that wait this version tells nothing, because the numbers are small."
    return told


def _usual(report: Report) -> float | None:
    """New comments in the middle one of the weeks before; None where they are too few to tell."""
    before = [each for each in report.run("seen")[:-1] if isinstance(each, int)]
    return None if len(before) < 2 else median(before)


def _volume(report: Report) -> Iterator[str]:
    now, usual = report.value("seen"), _usual(report)
    if now == 0 and _more(report.value("seen", back=1), 0):
        yield "nobody wrote a comment on any page."
        return
    if not isinstance(now, int) or usual is None:
        return
    if abs(now - usual) >= MUCH and (now >= TWICE * usual or now * TWICE <= usual):
        word = "more" if now > usual else "fewer"
        yield f"people wrote far {word} comments than usual: {number(now)} instead of {number(round(usual))}."


def _neutrality(report: Report) -> Iterator[str]:
    if report.basis.panel.state == "failed":
        yield f"the running model did not pass the neutrality audit. {report.basis.panel.pairs}"


def _agreement(report: Report) -> Iterator[str]:
    alpha = report.value("agreement")
    if isinstance(alpha, int | float) and alpha < RELIABLE and _more(report.value("second_looks"), FEW):
        yield f"two reviewers of a case agreed too seldom: alpha {alpha:.2f}, where {RELIABLE} is the least."
    for clause in report.parts("agreement", "clause"):
        alpha, looks = (report.value(name, "clause", clause) for name in ("agreement", "second_looks"))
        if isinstance(alpha, int | float) and alpha < RELIABLE and _more(looks, FEW):
            yield (
                f"two reviewers of cases under {clause_name(report, clause)} agreed too seldom: alpha "
                f"{alpha:.2f}. Below {RELIABLE} a clause should only advise."
            )


def _training(report: Report) -> Iterator[str]:
    """Names are not for everybody."""
    last = report.week.sunday
    untrained = [each.person for each in report.basis.due if each.until is None or each.until <= last]
    if untrained and not report.is_public:
        yield f"training has ended, or none is on record, of {listed(untrained)}, who may decide."


def _rules(report: Report) -> Iterator[str]:
    if _more(report.value("changes"), 0):
        yield (
            f"{counted(report.value('changes'), 'changes')} of the rules took effect, listed below, so this "
            "week does not compare with earlier ones in every figure."
        )


def _pages(report: Report) -> Iterator[str]:
    silent = report.silent()
    if silent:
        yield f"nobody has written for four weeks and more on {listed([page.name for page in silent])}."


def _more(value: Value, limit: float) -> bool:
    return isinstance(value, int | float) and value > limit
