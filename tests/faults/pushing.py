"""What the simulated platforms push of what people do, and what people write beside the page.

The bot asks Facebook, X and LinkedIn as well, so what they push may be lost; of the district's own site it
knows only what that sends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import count

from tests.contracts.stages import Stage
from tests.contracts.stages.facebook import FacebookStage
from tests.contracts.stages.inbox import InboxStage
from tests.contracts.stages.linkedin import LinkedInStage
from tests.contracts.stages.x import XStage
from tests.simulators import linkedin
from tests.simulators.graph_objects import Item
from tests.simulators.graph_push import of_comment, of_mention, of_message
from tests.simulators.site import Delivery


class Pushes(ABC):
    """Of one page."""

    may_be_lost = True

    def __init__(self) -> None:
        self._ready: list[Delivery] = []

    def happened(self, what: str, comment_id: str) -> None:  # noqa: B027
        """A comment was created, edited or deleted. For simulators that do not tell by themselves."""

    @abstractmethod
    def beside(self, text: str) -> str | None:
        """Somebody mentions the page elsewhere, or writes to it in private; the id that it is archived under.

        None where neither exists.
        """

    def fresh(self) -> list[Delivery]:
        """What there is to send since the last call."""
        ready, self._ready = self._ready, []
        return ready


class OfSite(Pushes):
    may_be_lost = False

    def __init__(self, stage: InboxStage) -> None:
        super().__init__()
        self._site = stage.site
        self._told = 0

    def beside(self, text: str) -> str | None:
        return None

    def fresh(self) -> list[Delivery]:
        waiting = self._site.deliveries[self._told :]
        self._told += len(waiting)
        return waiting


class OfFacebook(Pushes):
    def __init__(self, stage: FacebookStage) -> None:
        super().__init__()
        self._graph, self._account = stage.graph, stage.account
        self._written: dict[str, Item] = {}
        self._talk = self._graph.post(self._account, "", edge="conversations", author=("5550001", "A Reader"))
        self._turns = count()

    def happened(self, what: str, comment_id: str) -> None:
        if what == "created":
            self._written[comment_id] = self._graph.item(comment_id)
        verb = {"created": "add", "edited": "edited", "deleted": "remove"}[what]
        self._ready.append(Delivery(*of_comment(self._account, self._written[comment_id], verb)))

    def beside(self, text: str) -> str:
        if next(self._turns) % 2:
            message = self._graph.item(self._graph.message(self._talk, text))
            self._ready.append(Delivery(*of_message(self._account, message)))
            return message.id
        post = self._graph.post(self._account, text, edge="tagged", author=("5550002", "A Neighbour"))
        self._ready.append(Delivery(*of_mention(self._account, post)))
        return f"mention:{post.id}"


class OfX(Pushes):
    """X tells of new posts alone: an edit or a deletion has to be looked for."""

    def __init__(self, stage: XStage) -> None:
        super().__init__()
        self._service, self._reader, self._district = stage.service, stage.reader, stage.district

    def happened(self, what: str, comment_id: str) -> None:
        if what == "created":
            self._ready.append(Delivery(*self._service.delivery("post.reply.create", comment_id)))

    def beside(self, text: str) -> str:
        post = self._service.post(self._reader, text, naming=[self._district])
        self._ready.append(Delivery(*self._service.delivery("post.mention.create", post)))
        return post


class OfLinkedIn(Pushes):
    def __init__(self, stage: LinkedInStage) -> None:
        super().__init__()
        self._page = stage.organization
        self._shares = count(7_100_000_000_000_000_001)
        self._told = 0

    def beside(self, text: str) -> str:
        return self._page.mention(text, f"urn:li:share:{next(self._shares)}")

    def fresh(self) -> list[Delivery]:
        """Two notifications at most in each."""
        waiting = self._page.notifications[self._told :]
        self._told += len(waiting)
        pairs = [waiting[start : start + 2] for start in range(0, len(waiting), 2)]
        return [Delivery(*linkedin.delivery(pair)) for pair in pairs]


def of_all(stages: Mapping[str, Stage]) -> dict[str, Pushes]:
    """By page, of those that are pushed to."""
    found: dict[str, Pushes] = {}
    for name, stage in stages.items():
        if isinstance(stage, InboxStage):
            found[name] = OfSite(stage)
        elif isinstance(stage, FacebookStage):
            found[name] = OfFacebook(stage)
        elif isinstance(stage, XStage):
            found[name] = OfX(stage)
        elif isinstance(stage, LinkedInStage):
            found[name] = OfLinkedIn(stage)
    return found
