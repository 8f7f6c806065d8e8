"""What a message says, put together when it is sent: alert, links, and a comment's words where allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.alerts import links
from modbot.alerts.channels import Message, Words
from modbot.alerts.delivering import Due
from modbot.alerts.settings import About
from modbot.config import Settings
from modbot.evidence import newest_verdict, severity_of
from modbot.policy import REPORT
from modbot.store import Store, bodies_of, body_of, table
from modbot.tables import Call, CaseComment

calls, case_comments = table(Call), table(CaseComment)

SUBJECTS = {
    About.URGENT: "URGENT: a comment may be a threat",
    About.REFERRED_THREAT: "A moderator asks the safety team to look at a comment",
    About.REFERRED_PRIVACY: "A moderator asks the privacy officer to look at a comment",
    About.REFERRED_CIVIL_RIGHTS: "A moderator asks the civil-rights officer to look at a comment",
    About.QUEUE_LATE: "Comments wait too long for a decision",
    About.APPEAL_LATE: "An appeal is overdue",
    About.CAPTURE_GAP: "A page cannot be read",
    About.SCORER_DOWN: "Comments are not scored as they should be",
    About.ACTION_STUCK: "A decision does not come through",
    About.CREDENTIAL_EXPIRING: "A page's access ends soon",
    About.REPORT_READY: "A report is ready",
    About.DRILL_OVER: "DRILL OVER",
}
OF_NO_COMMENT = (About.QUEUE_LATE, About.ACTION_STUCK)
"""Their case is one of several: its words would say nothing of the others."""
DRILL = "DRILL, not a real threat. Please answer all the same: this finds out whether alerts reach you."
REPORTED = "URGENT: a comment may report a threat"
UNREAD = "URGENT: comments wait unread, and one may be a threat"
DANGER = "If somebody may be in danger now, call 911 first."
NOTHING_DONE = (
    "modbot has changed nothing on the page. What happens to the comment is for a person to decide."
)
IF_REPORTED = (
    "If it reports somebody else's threat, it breaks no clause and stays up: "
    "tell the school and the safety team."
)
TELL_THE_SCHOOL = (
    "Tell the school and the safety team. To report a threat breaks no clause: the comment stays up."
)
MAYBE_TWICE = (
    "modbot sent this before and cannot know whether it arrived. "
    "You may have had it before; it is one and the same alert."
)
NO_ADDRESS = "Open modbot to look at it."


def compose(store: Store, settings: Settings, dues: Sequence[Due]) -> Message:
    """One message for deliveries of one channel: one, or several that share a digest."""
    first = dues[0]
    with store.read() as connection:
        bodies = bodies_of(connection, [due.alert_id for due in dues])
        call_id = connection.execute(sa.select(calls.c.id).where(calls.c.alert_id == first.alert_id)).scalar()
        words = _words(connection, settings, first, bodies[first.alert_id])
    body = bodies[first.alert_id]
    answer = ""
    if call_id is not None and first.step:
        answer = links.answer_link(settings, links.Answering(call_id, first.step, first.channel))
    shared = [bodies[due.alert_id] for due in dues] if len(dues) > 1 else []
    return Message(
        key=first.key,
        subject=subject(settings, body, len(dues)),
        lines=(*lines(settings, dues, shared or [body]), *([] if settings.web.address else [NO_ADDRESS])),
        links=tuple(links.case_link(settings, each["case"]) if each["case"] else "" for each in shared),
        link=links.case_link(settings, None if shared else body["case"]),
        answer=answer,
        words=words,
        urgent=body["about"] == About.URGENT or bool(body.get("calls")),
        drill=bool(body["drill"]),
        at=first.raised_at,
    )


def subject(settings: Settings, body: Mapping[str, Any], many: int = 1) -> str:
    """`body`: of the alert's entry in the log."""
    about = About(body["about"])
    said = REPORTED if _is_report(body) else UNREAD if body.get("calls") else SUBJECTS[about]
    said = said if many == 1 else f"{many} things to look at"
    marked = f"DRILL: {said}" if body["drill"] and about is not About.DRILL_OVER else said
    return f"{marked} · {settings.district.name}"


def lines(settings: Settings, dues: Sequence[Due], bodies: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each alert says, then what holds for them. `bodies`: of the entries of the deliveries' alerts."""
    first, body = dues[0], bodies[0]
    urgent = body["about"] == About.URGENT
    said = [DRILL] if body["drill"] and urgent else []
    zone = ZoneInfo(settings.district.timezone)
    for due, each in zip(dues, bodies, strict=True):
        of_many = _clauses(each) if len(bodies) > 1 else []
        told = f"{due.raised_at.astimezone(zone):%a %b %-d, %-I:%M %p}: {each['says']}"
        said.append(" ".join([told, *of_many]))
    said += _clauses(body) if len(bodies) == 1 else []
    if urgent and not body["drill"]:
        said += [DANGER, TELL_THE_SCHOOL if _is_report(body) else NOTHING_DONE]
        said += [IF_REPORTED] if REPORT.id in body["clauses"] and not _is_report(body) else []
    if first.step:
        said.append(_on_call(settings, first))
    if any(due.again for due in dues):
        said.append(MAYBE_TWICE)
    return said


def _clauses(body: Mapping[str, Any]) -> list[str]:
    clauses = [each for each in body["clauses"] if each != REPORT.id]
    return [f"Clauses that may apply: {', '.join(clauses)}."] if clauses else []


def _is_report(body: Mapping[str, Any]) -> bool:
    """Whether the case is about somebody else's threat in the first place."""
    return bool(body["about"] == About.URGENT and body["clauses"][:1] == [REPORT.id])


def _on_call(settings: Settings, due: Due) -> str:
    minutes = settings.on_call.step_minutes
    after = f"After {minutes:g} minutes without an answer the next person is alerted."
    return f"For {due.person}, who is on call. {after}"


def _words(connection: Connection, settings: Settings, due: Due, body: Mapping[str, Any]) -> Words | None:
    """The newest words of the case, if this channel may have them and they are still on record."""
    channel = settings.alerts.named(due.channel)
    if channel is None or not channel.words or body["case"] is None or body["about"] in OF_NO_COMMENT:
        return None
    return words_of(connection, int(body["case"]))


def words_of(connection: Connection, case_id: int) -> Words | None:
    c = case_comments.c
    its = sa.select(c.comment_id, newest_verdict(c.comment_id)).where(c.case_id == case_id)
    newest = connection.execute(its.order_by(c.comment_id.desc()).limit(1)).first()
    said = body_of(connection, newest.comment_id) if newest is not None else None
    if newest is None or said is None:
        return None
    return Words(str(said.get("author", "")), str(said.get("text", "")), severity_of(newest.verdict))
