"""The fixed answer to private messages to an X account, on a simulated X."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import JSONResponse, Response

from platforms.base import (
    CapReached,
    CommentGone,
    Denied,
    NotAuthorised,
    PlatformError,
    RateLimited,
    Unavailable,
    Unsupported,
)
from platforms.oauth import token_of
from platforms.x import X, XSettings
from platforms.x_rest import DOLLARS
from tests.simulators.x import PROBLEMS, Service
from tests.simulators.x_objects import User

pytestmark = pytest.mark.anyio

TEXT = "This account's messages are not read around the clock. Write to office@district.example.org."
WITH_LINKS = (
    "Questions & <urgent> reports: https://district.example.org/contact?a=1&b=2 (or https://d.example)."
)
Make = Callable[..., X]


@pytest.fixture
def service(simulated_x: Service) -> Service:
    return simulated_x


@pytest.fixture
def district(service: Service) -> User:
    return service.join("district", "The district")


@pytest.fixture
def parent(service: Service) -> User:
    return service.join("parent", "A parent")


@pytest.fixture
async def make(service: Service, district: User) -> AsyncIterator[Make]:
    """Pages that somebody connected after the answer was turned on."""
    made: list[X] = []

    def one(**changes: object) -> X:
        known = {"api": service.url, "token_url": f"{service.url}/2/oauth2/token"}
        app = {"client_id": service.client[0], "client_secret": service.client[1]}
        more = {"direct_messages": True, "answer_messages": True, "monthly_dollars": 5}
        settings = {**known, **app, **more, "allow_loopback": True, **changes}
        made.append(X("page", XSettings.model_validate(settings)))
        made[-1].tokens._token = token_of(service.tokens(district))
        return made[-1]

    yield one
    for platform in made:
        await platform.close()


@pytest.fixture
async def page(make: Make) -> X:
    platform = make()
    await platform.open()
    return platform


def spent(page: X) -> float:
    return next(each.used for each in page.budget.outlook() if each.unit == DOLLARS)


def calls(service: Service) -> list[str]:
    asked = [(method, path.rsplit("/", 1)[1]) for method, path, _, _ in service.requests]
    return [f"{method} {last}" for method, last in asked if last in ("messages", "dm_events")]


async def test_the_fixed_answer_goes_to_who_wrote_and_can_be_looked_up(
    service: Service, district: User, parent: User, page: X
) -> None:
    service.message(parent, district, "Is there school tomorrow?")
    service.message(parent, district, TEXT)
    service.message(district, service.join("another"), TEXT)
    began = datetime.now(UTC)
    assert page.hears_messages
    assert not await page.has_answered(parent.id, TEXT, began - timedelta(days=2))
    await page.answer(parent.id, TEXT)
    assert service.said(district, parent) == [TEXT]
    assert await page.has_answered(parent.id, f" {TEXT}\n", began)
    assert not await page.has_answered(parent.id, "Another text", began)
    assert not await page.has_answered(parent.id, TEXT, began + timedelta(hours=1))


async def test_an_answer_with_links_is_found_though_x_shortens_them(
    service: Service, district: User, parent: User, page: X
) -> None:
    began = datetime.now(UTC)
    await page.answer(parent.id, WITH_LINKS)
    [told] = service.said(district, parent)
    assert told.count("https://t.co/") == 2
    assert "&amp; &lt;urgent&gt;" in told
    assert await page.has_answered(parent.id, WITH_LINKS, began)
    assert not await page.has_answered(parent.id, WITH_LINKS.replace("Questions", "Answers"), began)
    assert not await page.has_answered(parent.id, f"{WITH_LINKS} More.", began)


async def test_only_another_account_can_be_answered(district: User, parent: User, page: X) -> None:
    assert page.may_answer(parent.id)
    for nobody in (district.id, "", "parent", "@parent", "1/../2", f"{parent.id}\n", "１２", "9" * 20):
        assert not page.may_answer(nobody)


async def test_our_own_answer_is_no_message_to_us(
    service: Service, district: User, parent: User, page: X
) -> None:
    service.message(parent, district, "a question")
    await page.answer(parent.id, TEXT)
    batch = await page.poll(None)
    assert [event.comment.text for event in batch.events if event.comment] == ["a question"]


async def test_an_answer_is_found_behind_whatever_was_written_since_and_no_further_is_read(
    service: Service, district: User, parent: User, page: X
) -> None:
    for number in range(250):
        service.message(parent, district, f"old {number}", days=3)
    began = datetime.now(UTC)
    await page.answer(parent.id, TEXT)
    for number in range(90):
        service.message(parent, district, f"new {number}")
    service.requests.clear()
    assert await page.has_answered(parent.id, TEXT, began)
    assert not await page.has_answered(parent.id, "Another text", began)
    assert calls(service) == ["GET dm_events"] * 4
    assert len(service.messages_read) == 110


# The right to it


async def test_a_page_that_was_connected_before_is_to_be_connected_again_and_reads_on(
    service: Service, district: User, parent: User, make: Make
) -> None:
    page = make()
    page.tokens._token = token_of(service.tokens(district, "tweet.read users.read dm.read offline.access"))
    await page.open()
    service.message(parent, district, "a question")
    service.expire()
    with pytest.raises(NotAuthorised, match=r"dm\.write\): run `modbot connect page` again"):
        await page.answer(parent.id, TEXT)
    assert calls(service) == []
    assert spent(page) == 0
    assert [event.comment.text for event in (await page.poll(None)).events if event.comment] == ["a question"]
    with pytest.raises(NotAuthorised, match="again"):
        await page.answer(parent.id, TEXT)


async def test_a_token_made_by_hand_without_the_right_is_refused_by_x(
    service: Service, district: User, parent: User, make: Make
) -> None:
    rights = "tweet.read users.read dm.read"
    page = make(access_token=service.tokens(district, rights)["access_token"])
    page.tokens._token = None
    await page.open()
    with pytest.raises(Denied, match="connect the page again"):
        await page.answer(parent.id, TEXT)
    assert service.said(district, parent) == []


@pytest.mark.parametrize("changes", [{"direct_messages": False}, {"answer_messages": False}])
async def test_where_the_district_did_not_say_so_twice_nobody_is_answered(
    make: Make, changes: dict[str, bool]
) -> None:
    assert not make(**changes).hears_messages


# What it costs


async def test_each_answer_is_paid_for_before_it_is_sent(service: Service, parent: User, make: Make) -> None:
    page = make(message_write_dollars=0.02, message_dollars=0.03)
    await page.open()
    for count in (1, 2):
        await page.answer(parent.id, TEXT)
        assert spent(page) == pytest.approx(0.02 * count) == pytest.approx(0.02 * service.messages_sent)
    assert await page.has_answered(parent.id, TEXT, datetime.now(UTC))
    assert spent(page) == pytest.approx(0.04 + 0.03 * len(service.messages_read))


async def test_answers_leave_a_tenth_of_the_months_money_to_reading_and_to_actions(
    service: Service, district: User, parent: User, make: Make
) -> None:
    page = make(monthly_dollars=1)
    await page.open()
    page.budget.spend(DOLLARS, 0.88)
    await page.answer(parent.id, TEXT)
    service.requests.clear()
    with pytest.raises(CapReached, match="kept for reading and for actions") as told:
        await page.answer(parent.id, TEXT)
    assert told.value.resets_at
    assert service.requests == []
    assert spent(page) == pytest.approx(0.895)
    service.message(parent, district, "a question")
    assert [event.comment.text for event in (await page.poll(None)).events if event.comment] == ["a question"]


async def test_a_used_up_window_is_waited_for_and_costs_nothing(
    service: Service, district: User, parent: User, page: X
) -> None:
    service.left["sent"] = 1
    await page.answer(parent.id, TEXT)
    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            await page.answer(parent.id, TEXT)
        assert 0 < limited.value.retry_after <= 900
    assert calls(service) == ["POST messages"]
    assert service.said(district, parent) == [TEXT]
    assert spent(page) == pytest.approx(0.015)


# What goes wrong on the way


async def test_who_cannot_be_answered_is_no_failure_of_the_page(
    service: Service, district: User, parent: User, page: X
) -> None:
    service.takes_none.add(parent.id)
    for person in (parent.id, "77"):
        with pytest.raises(Unsupported, match="takes no message of this account to this person"):
            await page.answer(person, TEXT)
    assert service.said(district, parent) == []


def problem(status: int, kind: str, detail: str = "") -> Response:
    told = kind if ":" in kind else PROBLEMS + kind
    return JSONResponse({"type": told, "title": "Problem", "detail": detail, "status": status}, status)


FAILURES: dict[str, tuple[Response, type[PlatformError]]] = {
    "503": (Response(None, 503), Unavailable),
    "a page instead of JSON": (Response("<!doctype html>", 200, media_type="text/html"), Unavailable),
    "half a body": (Response('{"data": {"dm_', 201, media_type="application/json"), Unavailable),
    "no word of it": (JSONResponse({"errors": [{"type": "about:blank"}]}), Unavailable),
    "429": (problem(429, "rate-limit-exceeded"), RateLimited),
    "used up at X": (problem(429, "usage-capped"), CapReached),
    "without credits": (problem(402, "credits"), CapReached),
    "signed out": (problem(401, "about:blank"), NotAuthorised),
    "refused": (problem(403, "about:blank", "Forbidden"), Denied),
    "refused to the app": (problem(403, "client-forbidden"), Denied),
    "refused before X": (Response("<h1>Blocked</h1>", 403, media_type="text/html"), Denied),
    "refused by them": (problem(403, "recipient-not-messageable"), Unsupported),
    "refused in words": (problem(403, "about:blank", "This operation is not permitted."), Unsupported),
    "gone": (problem(404, "resource-not-found"), CommentGone),
}


@pytest.mark.parametrize(("answer", "error"), FAILURES.values(), ids=FAILURES)
async def test_what_stands_in_the_way_of_an_answer_is_put_into_its_class(
    service: Service, district: User, parent: User, page: X, answer: Response, error: type[PlatformError]
) -> None:
    service.answers += [answer] if error is not NotAuthorised else [answer, None, answer]
    with pytest.raises(error) as told:
        await page.answer(parent.id, TEXT)
    assert type(told.value) is error
    assert service.said(district, parent) == []
    await page.answer(parent.id, TEXT)
    assert service.said(district, parent) == [TEXT]


async def test_an_answer_whose_connection_broke_after_it_was_sent_is_found(
    service: Service, district: User, parent: User, page: X
) -> None:
    began, service.stays_silent = datetime.now(UTC), True
    with pytest.raises(Unavailable):
        await page.answer(parent.id, TEXT)
    assert service.said(district, parent) == [TEXT]
    assert await page.has_answered(parent.id, TEXT, began)


async def test_a_token_that_ends_meanwhile_is_renewed_and_the_answer_sent_once(
    service: Service, district: User, parent: User, page: X
) -> None:
    service.expire()
    await page.answer(parent.id, TEXT)
    assert service.said(district, parent) == [TEXT]
    assert spent(page) == pytest.approx(0.015)
