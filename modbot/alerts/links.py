"""The link by which a person on call answers: unguessable, for one step of one call, and for a while."""

from __future__ import annotations

from dataclasses import dataclass

from modbot import sealing
from modbot.config import Settings

PURPOSE = "answer"
"""Sealed along, since the same key seals other things."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What a link stands for."""

    call_id: int
    step: int
    channel: str


def case_link(settings: Settings, case_id: int | None) -> str:
    """Empty where nobody said under which address people reach modbot."""
    if not settings.web.address:
        return ""
    return f"{settings.web.address}/case/{case_id}" if case_id is not None else settings.web.address


def answer_link(settings: Settings, answering: Answering) -> str:
    """Raises ConfigError if the key cannot be used."""
    if not settings.web.address:
        return ""
    sealed = _seal(settings).close(f"{PURPOSE} {answering.call_id} {answering.step} {answering.channel}")
    return f"{settings.web.address}/ack/{sealed}"


def opened(settings: Settings, token: str) -> Answering | None:
    """What a link stands for; None if it is not ours or too old."""
    text = _seal(settings).open(token, seconds=round(settings.on_call.link_hours * 3600))
    parts = (text or "").split(" ")
    if len(parts) != 4 or parts[0] != PURPOSE:
        return None
    return Answering(int(parts[1]), int(parts[2]), parts[3])


def _seal(settings: Settings) -> sealing.Seal:
    return sealing.seal(settings.path(settings.web.key_file))
