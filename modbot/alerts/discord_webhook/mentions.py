"""Who a message may notify. Nobody, unless said otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedMentions:
    """`users` and `roles`: True for whoever the text names, or the ids of those who may be notified."""

    everyone: bool = False
    users: bool | Sequence[int] = False
    roles: bool | Sequence[int] = False
    replied_user: bool = False

    @classmethod
    def none(cls) -> Self:
        return cls()

    @classmethod
    def all(cls) -> Self:
        return cls(everyone=True, users=True, roles=True, replied_user=True)

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"parse": ["everyone"] if self.everyone else []}
        for name in ("users", "roles"):
            value = getattr(self, name)
            if value is True:
                found["parse"].append(name)
            elif value:
                found[name] = [str(each) for each in value]
        return found | ({"replied_user": True} if self.replied_user else {})
