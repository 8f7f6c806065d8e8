"""The people on one page, who write, answer, edit and delete; what they did is remembered."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from platforms.base import ActionKind, Capabilities
from tests.contracts.stages import Stage
from tests.faults.pushing import Pushes

BAD = "Buy now, half price"
WORDS = """
    the school board should tell parents when every bus leaves because children wait outside in cold weather
    and we would like more music lessons or better lunch for our teachers after their long meeting last night
    while nobody at home knows which room has been painted green again this year without asking any family
"""
RECENT = 40
"""People edit, answer and delete what is not older than so many comments."""
CASCADING = {"facebook", "instagram", "youtube", "vimeo", "linkedin"}
"""Where the answers vanish with what they answer."""
TAKEN_OUT = {"mediawiki"}
"""Where what is hidden is taken out of the page, so that its author finds nothing to delete."""


@dataclass(slots=True)
class Said:
    id: str
    texts: list[str]
    """Every wording, oldest first."""
    parent: str | None = None
    answers: list[str] = field(default_factory=list)
    gone: bool = False
    """Its author took it away, or what it answered."""

    def is_on_record(self, archived: Mapping[str, Sequence[str]]) -> bool:
        """Every wording once, in order. Some platforms write the name of who is answered before an answer."""
        kept = archived.get(self.id, ())
        return len(kept) == len(self.texts) and all(map(str.endswith, kept, self.texts))


@dataclass(slots=True)
class Public:
    page: str
    stage: Stage
    can: Capabilities
    chance: random.Random
    pushes: Pushes | None = None
    said: dict[str, Said] = field(default_factory=dict)
    beside: dict[str, Said] = field(default_factory=dict)
    """What stands elsewhere or came in private: it is archived, and nobody changes it."""
    _number: int = 0

    @property
    def all_said(self) -> Sequence[Said]:
        return [*self.said.values(), *self.beside.values()]

    def do_something(self, archived: Mapping[str, Sequence[str]]) -> None:
        """`archived`: the wordings on record by comment.

        Only what is on record as it stands is edited or deleted: of two edits between two looks most
        platforms tell the last alone.
        """
        if self.pushes and self.chance.random() < 0.15:
            self._write_beside(self.pushes)
            return
        ripe = [
            each for each in self._recent() if each.is_on_record(archived) and not self._may_be_deleted(each)
        ]
        what = self.chance.choices(("write", "answer", "edit", "delete"), (45, 15, 25, 15))[0]
        if what == "edit" and ripe and self.can.sees_edits != "no":
            self._edit(self.chance.choice(ripe))
        elif what == "delete" and ripe and self.can.sees_deletions != "no":
            self._delete(self.chance.choice(ripe), archived)
        elif what == "answer" and (harmless := [each for each in self._recent() if self._answerable(each)]):
            self._answer(self.chance.choice(harmless))
        else:
            self.write(self.chance.choice((1, 1, 1, 2, 3)))

    def write(self, count: int) -> None:
        texts = [self._text() for _ in range(count)]
        for comment_id, text in zip(self.stage.write(texts), texts, strict=True):
            self.said[comment_id] = Said(comment_id, [text])
            self._tell("created", comment_id)

    def _write_beside(self, pushes: Pushes) -> None:
        text = self._text(harmless=True)
        if comment_id := pushes.beside(text):
            self.beside[comment_id] = Said(comment_id, [text])

    def _tell(self, what: str, comment_id: str) -> None:
        if self.pushes:
            self.pushes.happened(what, comment_id)

    def _answer(self, above: Said) -> None:
        text = self._text()
        [comment_id] = self.stage.write([text], parent=above.id)
        self.said[comment_id] = Said(comment_id, [text], parent=above.id)
        above.answers.append(comment_id)
        self._tell("created", comment_id)

    def _edit(self, each: Said) -> None:
        text = self._text(harmless=bool(each.answers))
        self.stage.edit(each.id, text)
        each.texts.append(text)
        self._tell("edited", each.id)

    def _delete(self, each: Said, archived: Mapping[str, Sequence[str]]) -> None:
        if self.page in TAKEN_OUT and not self.stage.reader_sees(each.id):
            return
        below = [self.said[answer] for answer in each.answers if self.page in CASCADING]
        if all(answer.gone or answer.is_on_record(archived) for answer in below):
            self.stage.delete(each.id)
            for lost in (each, *below):
                lost.gone = True
            self._tell("deleted", each.id)

    def _recent(self) -> list[Said]:
        return [each for each in list(self.said.values())[-RECENT:] if not each.gone]

    def _answerable(self, each: Said) -> bool:
        """What may be taken down may be taken down with its answers, seen or not: nobody answers it."""
        return each.parent is None and not _is_bad(each)

    def _may_be_deleted(self, each: Said) -> bool:
        """By us, at any moment, where that is the only way to take it down."""
        return ActionKind.HIDE not in self.can.actions and _is_bad(each)

    def _text(self, *, harmless: bool = False) -> str:
        self._number += 1
        said = BAD if not harmless and self.chance.random() < 0.25 else "Lovely concert"
        # Unlike each other, or they would be one case.
        words = " ".join(self.chance.choices(WORDS.split(), k=14))
        return f"{said}: {words} {self.page} {self._number}"


def _is_bad(each: Said) -> bool:
    return any(BAD in text for text in each.texts)
