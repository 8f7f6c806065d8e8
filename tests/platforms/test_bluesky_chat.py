"""The fixed answer to private messages to a Bluesky account, on a simulated network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import JSONResponse, Response

from platforms.base import NotAuthorised, PlatformError, RateLimited, Unavailable, Unsupported
from platforms.bluesky import Bluesky, BlueskySettings
from tests.simulators.bluesky import Account, Network
from tests.simulators.bluesky_chat import Chat

pytestmark = pytest.mark.anyio

TEXT = "This account's messages are not read around the clock. Write to office@district.example.org."
TALK = "talk-district-parent"


@pytest.fixture
def network(simulated_bluesky: Network) -> Network:
    return simulated_bluesky


@pytest.fixture
def district(network: Network) -> Account:
    return network.join("district.test", "The district")


@pytest.fixture
def parent(network: Network) -> Account:
    return network.join("parent.test", "A parent")


@asynccontextmanager
async def opened(network: Network, district: Account) -> AsyncIterator[Bluesky]:
    known = {"service": network.url, "handle": district.handle, "app_password": district.password}
    settings = BlueskySettings.model_validate({**known, "allow_loopback": True, "direct_messages": True})
    page = Bluesky("page", settings)
    await page.open()
    yield page
    await page.close()


def chats(network: Network) -> list[str]:
    return [name.rpartition(".")[2] for _, name, _, _ in network.requests if name.startswith("chat.")]


async def test_the_fixed_answer_goes_to_who_wrote_and_can_be_looked_up(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    bluesky_chat.write(parent, district, "Is there school tomorrow?")
    bluesky_chat.write(parent, district, TEXT)
    began = datetime.now(UTC)
    async with opened(network, district) as page:
        assert page.hears_messages
        assert not await page.has_answered(parent.did, TEXT, began - timedelta(days=2))
        await page.answer(parent.did, TEXT)
        assert bluesky_chat.said(TALK, district) == [TEXT]
        assert await page.has_answered(parent.did, f" {TEXT}\n", began)
        assert not await page.has_answered(parent.did, "Another text", began)
        assert not await page.has_answered(parent.did, TEXT, began + timedelta(hours=1))


async def test_only_another_account_of_the_network_can_be_answered(
    network: Network, district: Account, parent: Account
) -> None:
    async with opened(network, district) as page:
        assert page.may_answer(parent.did)
        assert page.may_answer("did:web:person.example.org")
        for nobody in (district.did, "", "77", "parent.test", f"{parent.did}\n", "did:plc:a/../b"):
            assert not page.may_answer(nobody)


async def test_our_own_answer_is_no_message_to_us(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    bluesky_chat.write(parent, district, "a question")
    async with opened(network, district) as page:
        await page.answer(parent.did, TEXT)
        batch = await page.poll(None)
    assert [event.comment.text for event in batch.events if event.comment] == ["a question"]


async def test_an_answer_is_found_behind_whatever_was_written_since_and_no_further_is_read(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    for number in range(250):
        bluesky_chat.write(parent, district, f"old {number}")
    async with opened(network, district) as page:
        began = datetime.now(UTC)
        await page.answer(parent.did, TEXT)
        for number in range(150):
            bluesky_chat.write(parent, district, f"new {number}")
        bluesky_chat.delete(bluesky_chat.write(parent, district, "taken back"))
        network.requests.clear()
        assert await page.has_answered(parent.did, TEXT, began)
        assert chats(network) == ["getConvoForMembers", "getMessages", "getMessages"]
        assert not await page.has_answered(parent.did, "Another text", began)
        assert chats(network)[3:] == ["getConvoForMembers", "getMessages", "getMessages"]


async def test_who_cannot_be_answered_is_no_failure_of_the_page(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    blocking = network.join("blocking.test")
    network.block(blocking, district)
    bluesky_chat.takes_none.add(parent.did)
    async with opened(network, district) as page:
        for person, why in (
            (parent.did, "MessagesDisabled"),
            (blocking.did, "BlockedActor"),
            ("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "RecipientNotFound"),
        ):
            with pytest.raises(Unsupported, match=why):
                await page.answer(person, TEXT)
    assert "sendMessage" not in chats(network)


async def test_who_takes_no_more_messages_since_they_wrote_is_no_failure_of_the_page_either(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    async with opened(network, district) as page:
        network.answers += [None, JSONResponse({"error": "ConvoLocked"}, 400)]
        with pytest.raises(Unsupported, match="ConvoLocked"):
            await page.answer(parent.did, TEXT)
    assert bluesky_chat.said(TALK, district) == []


FAILURES: dict[str, tuple[Response, type[PlatformError]]] = {
    "502": (JSONResponse({"error": "UpstreamFailure"}, 502), Unavailable),
    "a page instead of JSON": (Response("<!doctype html>", 200, media_type="text/html"), Unavailable),
    "a server without messages": (JSONResponse({"error": "MethodNotImplemented"}, 501), Unavailable),
    "429": (JSONResponse({"error": "RateLimitExceeded"}, 429, {"retry-after": "7"}), RateLimited),
    "signed out": (JSONResponse({"error": "AuthMissing"}, 401), NotAuthorised),
    "refused": (JSONResponse({"error": "Forbidden"}, 403), NotAuthorised),
    "suspended": (JSONResponse({"error": "AccountSuspended"}, 400), NotAuthorised),
}


@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize(("answer", "error"), FAILURES.values(), ids=FAILURES)
async def test_what_stands_in_the_way_of_an_answer_is_put_into_its_class(
    network: Network,
    bluesky_chat: Chat,
    district: Account,
    parent: Account,
    call: int,
    answer: Response,
    error: type[PlatformError],
) -> None:
    async with opened(network, district) as page:
        network.answers += [*[None] * call, answer]
        with pytest.raises(error):
            await page.answer(parent.did, TEXT)
        assert bluesky_chat.said(TALK, district) == []
        await page.answer(parent.did, TEXT)
    assert bluesky_chat.said(TALK, district) == [TEXT]


async def test_no_answer_to_where_the_talk_is_sends_nothing(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    async with opened(network, district) as page:
        for odd in ({}, {"convo": None}, {"convo": {"id": ""}}):
            network.answers.append(JSONResponse(odd))
            with pytest.raises(Unavailable):
                await page.answer(parent.did, TEXT)
    assert "sendMessage" not in chats(network)


async def test_without_access_to_messages_the_answer_says_what_to_do(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    async with opened(network, district) as page:
        bluesky_chat.allowed = False
        with pytest.raises(NotAuthorised, match="no access to direct messages"):
            await page.answer(parent.did, TEXT)


async def test_a_session_that_ends_meanwhile_sends_the_answer_once(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    async with opened(network, district) as page:
        network.expire_tokens()
        await page.answer(parent.did, TEXT)
    assert bluesky_chat.said(TALK, district) == [TEXT]


async def test_of_a_limit_that_the_server_tells_no_answer_makes_one_call_too_many(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account
) -> None:
    async with opened(network, district) as page:
        network.requests.clear()
        network.allowed, network.reset_at = 4, int(datetime.now(UTC).timestamp()) + 300
        for _ in range(2):
            await page.answer(parent.did, TEXT)
        with pytest.raises(RateLimited) as told:
            await page.answer(parent.did, TEXT)
        assert 290 < told.value.retry_after <= 300
    assert len(network.requests) == 4
    assert bluesky_chat.said(TALK, district) == [TEXT, TEXT]
