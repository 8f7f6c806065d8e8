"""What a person sends with the decision form, and the ruling that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form

from modbot.rulings import Choice, Ruling

Words = Annotated[str, Form(max_length=20_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Each choice has fields of its own; only those of the chosen one count."""

    choice: Annotated[Choice, Form()]
    version: Annotated[int, Form()]
    clause: Annotated[str, Form()] = ""
    quote: Words = ""
    words_hide: Words = ""
    words_escalate: Words = ""
    because_leave_up: Annotated[str, Form()] = ""
    because_hide: Annotated[str, Form()] = ""
    because_escalate: Annotated[str, Form()] = ""
    because_refer: Annotated[str, Form()] = ""
    referral: Annotated[str, Form()] = ""
    swap_test: Annotated[bool, Form()] = False
    first_choice: Annotated[str, Form()] = ""
    """What was chosen before the machine's opinion was shown."""
    at_once: Annotated[str, Form()] = ""

    def ruling(self, by: str, *, opinion_first: bool) -> Ruling:
        hides = self.choice is Choice.HIDE
        words = {Choice.HIDE: self.words_hide, Choice.ESCALATE: self.words_escalate}
        because = {
            Choice.LEAVE_UP: self.because_leave_up,
            Choice.HIDE: self.because_hide if self.because_hide.startswith(f"{self.clause}.") else "",
            Choice.ESCALATE: self.because_escalate,
            Choice.REFER: self.because_refer,
        }
        return Ruling(
            choice=self.choice,
            by=by,
            clause=self.clause if hides else "",
            quote=self.quote if hides else "",
            reason=words.get(self.choice, "").replace("\r\n", "\n").strip(),
            reason_code=because[self.choice],
            referral=self.referral if self.choice is Choice.REFER else "",
            swap_test=self.swap_test or None,
            opinion_first=opinion_first,
            first_choice=self.first_choice if self.first_choice in list(Choice) else "",
            version=self.version,
        )
