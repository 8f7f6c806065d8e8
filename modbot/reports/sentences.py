"""What the figures say, in plain words: what stands out first, then one sentence above each chart."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from modbot.reports.changes import in_words
from modbot.reports.figures import NO_CLAUSE, WITHHELD, Value
from modbot.reports.phrases import counted, day, listed, long, number
from modbot.reports.weekly import Report

SOON = 15.0
"""Minutes within which a person should have looked at a possible threat."""
SHORT = 0.25
"""Hours that a page may go unwatched before anybody is told."""
PATIENT = 24.0
"""Hours after which a waiting case is old."""
MUCH = 50
"""New comments by which a week must differ from the usual before anybody is told."""
TWICE = 2.0
FEW = 9
"""Second looks under a clause up to which their agreement says little."""
RELIABLE = 0.667
"""Krippendorff's floor for tentative conclusions; below it a clause should only advise."""


def stands_out(report: Report) -> list[str]:
    """What a reader must know first; empty when the week was like the others."""
    if not report.course[-1]:
        return []
    found = [
        *_threats(report),
        *_gaps(report),
        *_queue(report),
        *_volume(report),
        *_neutrality(report),
        *_agreement(report),
        *_training(report),
        *_rules(report),
        *_pages(report),
    ]
    return [_capital(each) for each in found]


def _threats(report: Report) -> Iterator[str]:
    unseen = report.value("urgent_unseen")
    if _more(unseen, 0):
        told = counted(unseen, "comments")
        yield f"{told} that may be a threat had not been looked at when the week ended."
    slow = report.value("view_median_minutes")
    if _more(slow, SOON):
        yield (
            f"half of the possible threats waited {long(_hours(slow))} or more for a person to look; "
            f"{SOON:.0f} minutes is the aim."
        )


def _gaps(report: Report) -> Iterator[str]:
    missing: dict[float, list[str]] = {}
    for page in report.measured.pages:
        hours = report.value("gap_hours", "page", page.key)
        if isinstance(hours, int | float) and hours > SHORT:
            missing.setdefault(hours, []).append(page.name)
    for hours, names in sorted(missing.items(), reverse=True):
        yield (
            f"{listed(names)} {_were(len(names))} not watched for {long(hours)} of the week. What people "
            "wrote then was read later; what they changed or took back meanwhile was not seen."
        )


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
        yield f"{told} to hide a comment {_were(report.value('overturned'))} taken back by somebody else."


def calm(report: Report) -> str:
    """Of a week in which nothing stands out: what is known to be as it should. What is withheld is not."""
    waiting = report.value("waiting") == 0 or isinstance(report.value("oldest_hours"), int | float)
    unseen = report.value("urgent_unseen") == 0
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
    if isinstance(alpha, int | float) and alpha < RELIABLE:
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


def _hours(minutes: Value) -> Value:
    return minutes / 60 if isinstance(minutes, int | float) else minutes


def trend(report: Report) -> str:
    seen, flagged = report.value("seen"), report.value("flagged")
    if seen is None:
        return "The log did not reach back to this week."
    return (
        f"People wrote {counted(seen, 'comments')}{_against(seen, report.value('seen', back=1))}. "
        f"{_capital(counted(flagged, 'comments'))} {_were(flagged)} flagged for a person to look at."
    )


def _were(value: Value) -> str:
    return "was" if value in (0, 1) else "were"


def _capital(text: str) -> str:
    """A capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def _against(now: Value, before: Value) -> str:
    if not isinstance(now, int) or not isinstance(before, int):
        return ""
    if now == before:
        return ", as many as in the week before"
    return f", {number(abs(now - before))} {'more' if now > before else 'fewer'} than in the week before"


def clauses(report: Report) -> str:
    reviewed = report.value("reviewed")
    if reviewed in (0, None):
        return "No comment was decided in this week."
    up, hidden = report.value("left_up"), report.value("hidden")
    if not isinstance(reviewed, int) or not isinstance(up, int):
        return f"People decided about {counted(reviewed, 'comments')}."
    return (
        f"People decided about {counted(reviewed, 'comments')}: {number(up)} stayed up "
        f"({100 * up / reviewed:.0f} percent), and {number(hidden)} {_were(hidden)} hidden under the clause "
        f"they broke.{_proposed(report)}"
    )


def _proposed(report: Report) -> str:
    proposed = report.value("proposed")
    if proposed in (0, None):
        return ""
    told = f"{_capital(counted(proposed, 'comments'))} {_were(proposed)}"
    return f" {told} proposed for deletion, where nothing can be hidden."


def pace(report: Report) -> str:
    middle, slow = report.value("decision_median_hours"), report.value("decision_p90_hours")
    waiting, age = report.value("waiting"), report.value("oldest_hours")
    left = "Nothing waited" if waiting == 0 else f"{_capital(counted(waiting, 'cases'))} waited"
    left += " when the week ended" + (f", the oldest for {long(age)}" if isinstance(age, int | float) else "")
    if not isinstance(middle, int | float) or not isinstance(slow, int | float):
        told = (
            "is not told, because few cases were decided"
            if middle == "withheld"
            else "cannot be given: none was decided"
        )
        return f"The time to a decision {told}. {left}."
    return f"Half of the cases were decided within {long(middle)}, nine of ten within {long(slow)}. {left}."


def threats(report: Report) -> str:
    urgent, middle = report.value("urgent"), report.value("view_median_minutes")
    if urgent in (0, None):
        return "No comment was flagged as a possible threat."
    said = f"{_capital(counted(urgent, 'comments'))} {_were(urgent)} flagged as a possible threat"
    if isinstance(middle, int | float):
        said += f"; a person looked within {long(_hours(middle))} in half of the cases"
    referred = report.value("referred_threat")
    return f"{said}. {_capital(counted(referred, 'comments'))} {_were(referred)} referred to the safety team."


def capture(report: Report) -> str:
    share_of_time = report.value("captured")
    if share_of_time is None:
        return "No page was registered."
    pages = len(report.measured.pages)
    if share_of_time == 100:
        return (
            f"{'The page was' if pages == 1 else f'All {pages} pages were'} watched through the whole week."
        )
    return (
        f"{'The page was' if pages == 1 else f'The {pages} pages were'} watched for {number(share_of_time)} "
        f"of 100 hours on average; {long(report.value('gap_hours'))} are missing in all."
    )


def second_looks(report: Report) -> str:
    looks, alpha = report.value("second_looks"), report.value("agreement")
    if looks in (0, None):
        return "No case was judged a second time in this week, so agreement is not measured."
    if not report.is_public and looks == report.value("second_agreed"):
        return f"A second person judged {counted(looks, 'cases')} and chose the same in every one."
    if not isinstance(alpha, int | float):
        return f"A second person judged {counted(looks, 'cases')}, too few to say how far reviewers agree."
    return (
        f"A second person judged {counted(looks, 'cases')} without knowing the first choice; "
        f"agreement is {alpha:.2f}."
    )


def taken_back(report: Report) -> str:
    overturned, restored = report.value("overturned"), report.value("restored")
    return (
        f"{_capital(counted(overturned, 'decisions'))} to hide {_were(overturned)} taken back by another "
        f"person, and {counted(restored, 'comments')} {_were(restored)} shown again. {_appeals(report)}"
    )


def _appeals(report: Report) -> str:
    names = ("appeals_filed", "appeals_decided", "appeals_overturned", "appeals_waiting")
    filed, decided, granted, waiting = map(report.value, names)
    if WITHHELD in (filed, decided, granted, waiting):
        return "How many authors appealed is not told here."
    if not (filed or decided or waiting):
        return "No author appealed."
    return (
        f"{_capital(counted(filed, 'appeals'))} came in, {number(decided)} {_were(decided)} decided and "
        f"{number(granted)} granted; {counted(waiting, 'appeals')} waited when the week ended."
    )


REQUESTS = ("requests_received", "requests_answered", "requests_waiting")


def requests(report: Report) -> str:
    received, answered, waiting = map(report.value, REQUESTS)
    if WITHHELD in (received, answered, waiting):
        return "How many records requests came in is not told here."
    if not (received or answered or waiting):
        return "Nobody asked for records about moderation."
    return (
        f"{_capital(counted(received, 'requests'))} for records about moderation came in, "
        f"{number(answered)} {_were(answered)} answered; {counted(waiting, 'requests')} waited when the week "
        "ended."
    )


def classifiers(report: Report) -> str:
    return in_words(report.basis.classifier)


def clause_name(report: Report, clause: str) -> str:
    if clause == NO_CLAUSE:
        return "No clause named"
    title = report.basis.clauses.get(clause, "")
    return f"{clause} {title}".strip()


def log(report: Report) -> str:
    proof = report.basis.proof
    if proof.signed_at is None:
        return "No checkpoint of the log had been signed when the week ended."
    return (
        f"The last signed checkpoint before the week's end is of {day(proof.signed_at, report.basis.zone)}."
    )
