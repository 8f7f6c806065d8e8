"""A page in memory of a platform that can only delete for good, as several real ones."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from platforms.base import ActionKind, Capabilities
from platforms.memory import Memory

NAME, PATH = "guestbook", "tests.modbot.guestbook:Guestbook"


class Guestbook(Memory):
    name = NAME
    capabilities: ClassVar[Capabilities] = replace(
        Memory.capabilities,
        actions={ActionKind.DELETE: Memory.capabilities.actions[ActionKind.DELETE]},
    )
