from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from modbot import actions, by_hand, cases, health
from modbot.rulings import Choice, Ruling
from modbot.store import Store, body_of, table, utcnow
from modbot.tables import Action, Case, Comment
from platforms.base import (
    ActionKind,
    CommentGone,
    Denied,
    NotAuthorised,
    PlatformError,
    RateLimited,
    Receipt,
    Unavailable,
    Unsupported,
)
from platforms.memory import Memory, MemoryPage, memory_page
from tests.modbot.scene import District, district, said


class Failing(Memory):
    """The memory page behind a line that fails as scripted before it answers."""

    failures: Sequence[PlatformError] = ()
    answers = True
    """False: it obeys, and its answer is lost."""

    async def act(self, action, id):  # type: ignore[no-untyped-def]  # noqa: A002
        if not self.answers:
            await super().act(action, id)
            raise Unavailable("the answer did not come")
        if self.failures:
            first, *self.failures = self.failures
            raise first
        return await super().act(action, id)


class Scene:
    def __init__(self, here: District, page: MemoryPage, platform: Failing) -> None:
        self.here, self.page, self.platform = here, page, platform

    def hide(self, seconds: float = 0) -> None:
        case = self.here.rows(Case)[-1]
        ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", version=case.version)
        cases.decide(self.here.store, self.here.rules, case.id, ruling, delay=timedelta(seconds=seconds))

    def undo(self) -> None:
        cases.undo(self.here.store, self.here.rules, self.here.rows(Case)[-1].id, "ana")

    def carry_out(self) -> int:
        return asyncio.run(actions.carry_out(self.here.store, "blog", self.platform))

    def let_time_pass(self) -> None:
        with self.here.store.write(logged=False) as tx:
            tx.execute(sa.update(table(Action)).values(due_at=utcnow() - timedelta(seconds=1)))

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(row.kind, row.state) for row in self.here.rows(Action)]

    @property
    def performed(self) -> list[ActionKind]:
        return [done.action for done in self.page.performed]


@pytest.fixture
def scene(store: Store, request: pytest.FixtureRequest) -> Scene:
    here = district(store)
    page = memory_page(request.node.nodeid)
    comment_id = page.post("Buy now, half price")
    platform = Failing(request.node.nodeid, Memory.Settings())
    here.arrive(said(comment_id, "Buy now, half price"))
    here.score()
    return Scene(here, page, platform)


def test_a_decided_hide_happens_on_the_page_and_is_read_back(scene: Scene) -> None:
    scene.hide()
    assert scene.carry_out() == 1
    assert scene.page.seen_by_public() == []
    assert scene.states == [("hide", "done")]
    with scene.here.store.read() as connection:
        receipt = body_of(connection, scene.here.rows(Action)[0].receipt)
    assert receipt["visibility"] == "hidden"


def test_the_case_closes_when_everything_decided_is_carried_out(scene: Scene) -> None:
    scene.hide()
    assert scene.here.rows(Case)[0].state == "decided"
    scene.carry_out()
    assert scene.here.rows(Case)[0].state == "closed"
    assert scene.here.kinds()[-2:] == ["action.done", "case.closed"]


def test_within_the_undo_window_the_platform_hears_nothing(scene: Scene) -> None:
    scene.hide(seconds=10)
    assert scene.carry_out() == 0
    scene.undo()
    scene.let_time_pass()
    assert scene.carry_out() == 0
    assert scene.performed == []


def test_undo_brings_a_hidden_comment_back(scene: Scene) -> None:
    scene.hide()
    scene.carry_out()
    scene.undo()
    scene.carry_out()
    assert len(scene.page.seen_by_public()) == 1
    assert scene.performed == [ActionKind.HIDE, ActionKind.UNHIDE]


def test_nothing_is_carried_out_twice(scene: Scene) -> None:
    scene.hide()
    scene.carry_out()
    scene.let_time_pass()
    assert scene.carry_out() == 0
    assert scene.performed == [ActionKind.HIDE]


@pytest.mark.parametrize(
    "failure",
    [
        Unavailable("down"),
        RateLimited("slow", retry_after=7),
        RateLimited("absurd", retry_after=1e20),
        NotAuthorised("no"),
        Denied("not this one"),
        KeyError("something nobody foresaw"),
    ],
)
def test_a_failure_that_may_pass_is_tried_again_and_then_done_once(
    scene: Scene, failure: PlatformError
) -> None:
    scene.platform.failures = [failure]
    scene.hide()
    assert scene.carry_out() == 0
    (row,) = scene.here.rows(Action)
    assert (row.state, row.attempts, row.failure) == ("pending", 1, f"{type(failure).__name__}: {failure}")
    assert scene.carry_out() == 0
    scene.let_time_pass()
    assert scene.carry_out() == 1
    assert scene.performed == [ActionKind.HIDE]


def test_a_rate_limit_is_waited_for_as_long_as_the_platform_says(scene: Scene) -> None:
    scene.platform.failures = [RateLimited("slow", retry_after=120)]
    scene.hide()
    scene.carry_out()
    wait = scene.here.rows(Action)[0].due_at - datetime.now(UTC)
    assert timedelta(seconds=115) < wait <= timedelta(seconds=120)


def test_a_comment_that_its_author_deleted_settles_the_action_and_keeps_the_record(scene: Scene) -> None:
    scene.platform.failures = [CommentGone("404")]
    scene.hide()
    assert scene.carry_out() == 1
    assert scene.states == [("hide", "gone")]
    assert scene.here.rows(Case)[0].state == "closed"


def test_an_action_that_the_platform_cannot_do_stays_in_sight(scene: Scene) -> None:
    scene.platform.failures = [Unsupported("no hide here")]
    scene.hide()
    scene.carry_out()
    assert scene.states == [("hide", "failed")]
    assert scene.here.rows(Case)[0].state == "decided"


def test_what_stays_denied_becomes_a_task_for_a_person_in_the_platforms_words(scene: Scene) -> None:
    scene.platform.failures = [Denied("403, missing permission")] * 9
    scene.hide()
    for _ in range(3):
        assert scene.carry_out() == 0
        scene.let_time_pass()
    assert health.measure(scene.here.store).refused == 0
    assert scene.carry_out() == 1
    assert scene.states == [("hide", "failed")]
    assert health.measure(scene.here.store).refused == 1
    assert [task.what for task in by_hand.tasks(scene.here.store)] == ["403, missing permission"]
    assert scene.here.kinds()[-1] == "action.failed"


def test_what_is_denied_for_the_first_time_is_tried_again_however_often_the_page_was_down(
    scene: Scene,
) -> None:
    scene.platform.failures = [Unavailable("down")] * 5 + [Denied("no"), NotAuthorised("signed out")] * 2
    scene.hide()
    for _ in range(9):
        assert scene.carry_out() == 0
        scene.let_time_pass()
    assert scene.carry_out() == 1
    assert scene.states == [("hide", "done")]


def test_an_unhide_never_overtakes_the_hide_before_it(scene: Scene) -> None:
    scene.platform.failures = [Unavailable("down")]
    scene.hide()
    scene.carry_out()
    scene.undo()
    assert scene.carry_out() == 0
    scene.let_time_pass()
    scene.carry_out()
    scene.carry_out()
    assert scene.performed == [ActionKind.HIDE, ActionKind.UNHIDE]
    assert len(scene.page.seen_by_public()) == 1


def test_words_that_replaced_hidden_ones_are_shown_again_also_when_nobody_heard_that_they_were_hidden(
    scene: Scene,
) -> None:
    scene.platform.answers = False
    scene.hide()
    scene.carry_out()
    assert scene.page.seen_by_public() == []
    scene.platform.answers = True
    scene.here.arrive(said(scene.here.rows(Comment)[0].native_id, "A lovely concert"))
    scene.let_time_pass()
    scene.carry_out()
    assert scene.states == [("hide", "cancelled")]
    scene.here.score()
    leave_up = Ruling(choice=Choice.LEAVE_UP, by="ana")
    cases.decide(scene.here.store, scene.here.rules, scene.here.rows(Case)[-1].id, leave_up)
    scene.carry_out()
    assert scene.states == [("hide", "cancelled"), ("unhide", "done")]
    assert len(scene.page.seen_by_public()) == 1


def test_an_action_cut_off_after_the_platform_obeyed_is_done_once_and_recorded(scene: Scene) -> None:
    scene.hide()
    scene.page.perform(ActionKind.HIDE, scene.here.rows(Action)[0].native_id)
    assert scene.carry_out() == 1
    assert [done.changed for done in scene.page.performed] == [True, False]
    with scene.here.store.read() as connection:
        assert body_of(connection, scene.here.rows(Action)[0].receipt)["already"] is True


@given(st.integers(1, 100))
def test_pauses_grow_with_every_attempt_and_never_pass_fifteen_minutes(attempts: int) -> None:
    wait = actions.pause(Unavailable("down"), attempts)
    assert min(2.0**attempts, 900) / 2 <= wait.total_seconds() <= 900


def test_an_action_that_nobody_decided_is_not_carried_out(scene: Scene) -> None:
    ruling = Ruling(choice=Choice.LEAVE_UP, by="ana")
    case = scene.here.rows(Case)[-1]
    (decision,) = cases.decide(scene.here.store, scene.here.rules, case.id, ruling)
    comment = scene.page.seen_by_public()[0].id
    with scene.here.store.write() as tx:
        forged = {"decision_id": decision, "comment_id": case.id - 2, "page": "blog", "native_id": comment}
        row = {"kind": "hide", "state": "pending", "attempts": 0, "due_at": utcnow(), "failure": ""}
        known = {"comment_id": scene.here.rows(Comment)[0].id}
        tx.add(Action, id=decision, **(forged | row | known))
    assert scene.carry_out() == 0
    assert len(scene.page.seen_by_public()) == 1


def test_a_failed_hide_that_is_undone_is_given_up_and_not_carried_out_later(scene: Scene) -> None:
    scene.platform.failures = [Unsupported("no hide here")]
    scene.hide()
    scene.carry_out()
    assert scene.states == [("hide", "failed")]
    scene.undo()
    assert scene.states == [("hide", "cancelled")]
    ruling = Ruling(choice=Choice.LEAVE_UP, by="ana")
    cases.decide(scene.here.store, scene.here.rules, scene.here.rows(Case)[-1].id, ruling)
    assert scene.here.rows(Case)[-1].state == "closed"


class Together(Memory):
    """A platform that changes many comments in one call, of which one is gone meanwhile."""

    at_once = 50
    calls: ClassVar[list[tuple[ActionKind, int]]] = []

    async def act_on(self, action: ActionKind, ids: Sequence[str]) -> Sequence[Receipt | Exception]:
        self.calls.append((action, len(ids)))
        memory_page(self.page).delete(ids[0], "by its author")
        return await super().act_on(action, ids)


def test_a_campaign_is_hidden_in_one_call_where_the_platform_takes_many(scene: Scene) -> None:
    texts = ["Buy now, half price"] * 19
    names = [scene.page.post(text) for text in texts]
    scene.here.arrive(*(said(name, text) for name, text in zip(names, texts, strict=True)))
    scene.here.score()
    scene.hide()
    Together.calls.clear()
    scene.platform = Together(scene.platform.page, Memory.Settings())  # type: ignore[assignment]
    assert scene.carry_out() == 20
    assert Together.calls == [(ActionKind.HIDE, 20)]
    assert sorted(state for _, state in scene.states) == ["done"] * 19 + ["gone"]


def test_one_action_that_cannot_be_done_does_not_keep_the_others_waiting(scene: Scene) -> None:
    scene.platform.failures = [ZeroDivisionError()]
    scene.hide()
    other = scene.page.post("Buy now, only today at Ed's Roofing")
    scene.here.arrive(said(other, "Buy now, only today at Ed's Roofing"))
    scene.here.score()
    scene.hide()
    assert scene.carry_out() == 1
    assert [row.state for row in scene.here.rows(Action)] == ["pending", "done"]
