"""What the figures say, in plain words: one sentence above each chart, and the names of things."""

from __future__ import annotations

from modbot.reports.changes import in_words
from modbot.reports.figures import NO_CLAUSE, WITHHELD, Value
from modbot.reports.phrases import capital, counted, day, in_hours, long, number, were
from modbot.reports.weekly import Report

FEW = 9
"""Second looks up to which their agreement says little."""
BEFORE = "The log did not reach back to this week."
"""Of a week of which nothing is known: not even that there was none."""


def trend(report: Report) -> str:
    seen, flagged = report.value("seen"), report.value("flagged")
    if seen is None:
        return BEFORE
    return (
        f"People wrote {counted(seen, 'comments')}{_against(seen, report.value('seen', back=1))}. "
        f"{capital(counted(flagged, 'comments'))} {were(flagged)} flagged for a person to look at."
    )


def _against(now: Value, before: Value) -> str:
    if not isinstance(now, int) or not isinstance(before, int):
        return ""
    if now == before:
        return ", as many as in the week before"
    return f", {number(abs(now - before))} {'more' if now > before else 'fewer'} than in the week before"


def clauses(report: Report) -> str:
    reviewed = report.value("reviewed")
    if reviewed is None:
        return BEFORE
    if reviewed == 0:
        return "No comment was decided in this week."
    up, hidden = report.value("left_up"), report.value("hidden")
    if not isinstance(reviewed, int) or not isinstance(up, int):
        return f"People decided on {counted(reviewed, 'comments')}."
    return (
        f"People decided on {counted(reviewed, 'comments')}: {_some(up)} stayed up "
        f"({100 * up / reviewed:.0f} percent), and {_some(hidden)} {were(hidden)} hidden under the clause "
        f"they broke.{_proposed(report)}"
    )


def by_clause(report: Report) -> str:
    """Under which clause most was decided, as far as it is told."""
    if report.value("reviewed") is None:
        return BEFORE
    if report.value("reviewed") == 0:
        return "No comment was decided under any clause."
    values = {each: report.value("reviewed", "clause", each) for each in report.parts("reviewed", "clause")}
    told = {each: value for each, value in values.items() if isinstance(value, int)}
    most = max(told, key=lambda each: told[each], default="")
    if not told.get(most):
        return "Under which clauses people decided is not told here, because the numbers are small."
    where = "no clause" if most == NO_CLAUSE else clause_name(report, most)
    first = "Most was decided under" if len(told) == len(values) else "The highest number told is that of"
    up, hidden = (report.value(name, "clause", most) for name in ("left_up", "hidden"))
    said = f"{first} {where}: {counted(told[most], 'comments')}"
    if not isinstance(up, int) or not isinstance(hidden, int):
        return f"{said}."
    return f"{said}, of which {_some(up)} stayed up and {_some(hidden)} {were(hidden)} hidden."


def _some(value: Value) -> str:
    return "none" if value == 0 else number(value)


def _proposed(report: Report) -> str:
    proposed = report.value("proposed")
    if proposed in (0, None):
        return ""
    told = f"{capital(counted(proposed, 'comments'))} {were(proposed)}"
    return f" {told} proposed for deletion, where nothing can be hidden."


def pace(report: Report) -> str:
    middle, slow = report.value("decision_median_hours"), report.value("decision_p90_hours")
    waiting, age = report.value("waiting"), report.value("oldest_hours")
    if waiting is None:
        return BEFORE
    left = "Nothing waited" if waiting == 0 else f"{capital(counted(waiting, 'cases'))} waited"
    left += " when the week ended" + (f", the oldest for {long(age)}" if isinstance(age, int | float) else "")
    if not isinstance(middle, int | float) or not isinstance(slow, int | float):
        told = (
            "is not told, because few cases were decided"
            if middle == "withheld"
            else "cannot be given: none was decided"
        )
        return f"The time to a decision {told}. {left}."
    if report.value("cases_decided") == 1:
        return f"The only case that was decided took {long(middle)}. {left}."
    return f"Half of the cases were decided within {long(middle)}, nine of ten within {long(slow)}. {left}."


def threats(report: Report) -> str:
    urgent, middle = report.value("urgent"), report.value("view_median_minutes")
    if urgent is None:
        return BEFORE
    if urgent == 0:
        return "No comment was flagged as a possible threat."
    said = f"{capital(counted(urgent, 'comments'))} {were(urgent)} flagged as a possible threat"
    if isinstance(middle, int | float):
        said += f"; a person looked within {long(in_hours(middle))} in half of the cases"
    referred = report.value("referred_threat")
    return f"{said}. {capital(counted(referred, 'comments'))} {were(referred)} referred to the safety team."


def capture(report: Report) -> str:
    share_of_time = report.value("captured")
    if share_of_time is None:
        return "No page was in the settings." if report.measured.pages else "No page was registered."
    pages = sum(report.value("captured", "page", each.key) is not None for each in report.measured.pages)
    if share_of_time == 100:
        which = "The page was" if pages == 1 else f"All {pages} pages were"
        but = ", except while out of the settings" if report.taken_out() else ""
        return f"{which} watched through the whole week{but}."
    return (
        f"{'The page was' if pages == 1 else f'The {pages} pages were'} watched for {number(share_of_time)} "
        f"of 100 hours on average; {long(report.value('gap_hours'))} are missing in all."
    )


def retired(report: Report) -> list[str]:
    """Each page that is not watched any more."""
    zone = report.basis.zone
    return [
        f"{page.name} has not been watched since {day(page.out[-1].start, zone)}: it was taken out of the "
        "settings. What was archived before stays."
        for page in report.retired()
    ]


def second_looks(report: Report) -> str:
    looks, alpha = report.value("second_looks"), report.value("agreement")
    if looks is None:
        return BEFORE
    if looks == 0:
        return "No case was judged a second time in this week, so agreement is not measured."
    if not report.is_public and looks == report.value("second_agreed"):
        return f"A second person judged {counted(looks, 'cases')} and chose the same in every one."
    if alpha == WITHHELD:
        told = f"A second person judged {counted(looks, 'cases')} without knowing the first choice"
        return f"{told}; how far the two agree is not told here, because the numbers are small."
    if not report.is_public and not (isinstance(looks, int) and looks > FEW):
        same = _some(report.value("second_agreed"))
        return (
            f"A second person judged {counted(looks, 'cases')} without knowing the first choice and chose "
            f"the same in {same}; so few say little of how far reviewers agree."
        )
    if not isinstance(alpha, int | float):
        return f"A second person judged {counted(looks, 'cases')}; agreement cannot be measured from them."
    return (
        f"A second person judged {counted(looks, 'cases')} without knowing the first choice; "
        f"agreement is {alpha:.2f}."
    )


def taken_back(report: Report) -> str:
    overturned, restored = report.value("overturned"), report.value("restored")
    if overturned is None:
        return BEFORE
    return (
        f"{capital(counted(overturned, 'decisions'))} to hide {were(overturned)} taken back by another "
        f"person, and {counted(restored, 'comments')} {were(restored)} shown again. {_appeals(report)}"
    )


def _appeals(report: Report) -> str:
    filed, decided, granted = map(report.value, ("appeals_filed", "appeals_decided", "appeals_overturned"))
    waiting = report.value("appeals_waiting")
    if filed == WITHHELD:
        return "How many authors appealed is not told here."
    came = f"{capital(counted(filed, 'appeals'))} came in"
    if decided == WITHHELD:
        return f"{came}; how many were decided is not told here."
    if not (filed or decided or waiting):
        return "No author appealed."
    said = f"{came}, {number(decided)} {were(decided)} decided and {number(granted)} granted"
    return f"{said}{_left(report, waiting, 'appeals')}."


def _left(report: Report, waiting: Value, unit: str) -> str:
    """What waits at the end of a week tells of every week before it, so it is for the internal version."""
    return "" if report.is_public else f"; {counted(waiting, unit)} waited when the week ended"


REQUESTS = ("requests_received", "requests_answered", "requests_waiting")


def requests(report: Report) -> str:
    received, answered, waiting = map(report.value, REQUESTS)
    if received is None:
        return BEFORE
    if received == WITHHELD:
        return "How many records requests came in is not told here."
    came = f"{capital(counted(received, 'requests'))} for records about moderation came in"
    if answered == WITHHELD:
        return f"{came}; how many were answered is not told here."
    if not (received or answered or waiting):
        return "Nobody asked for records about moderation."
    return f"{came}, {number(answered)} {were(answered)} answered{_left(report, waiting, 'requests')}."


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
