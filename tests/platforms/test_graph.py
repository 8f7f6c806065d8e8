"""The Graph client against the simulated Graph, and against one whose answers a proxy spoils."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pydantic import SecretStr

from platforms.base import Denied, NotAuthorised, PlatformError, RateLimited, Unavailable
from platforms.budget import Budget
from platforms.graph import (
    OF_APP,
    OF_PAGE,
    USAGE,
    BadParameter,
    Graph,
    NoSuchObject,
    Refused,
    failure,
    listing_of,
    usages_of,
)
from tests.peers.unreliable import Fault, Unreliable
from tests.platforms.meta import SAMPLES
from tests.simulators.graph import APP_SECRET, VERSION
from tests.simulators.graph import Graph as Simulated
from tests.simulators.graph_objects import Account, GraphError

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


@pytest.fixture
def account(graph: Simulated) -> Iterator[Account]:
    graph.requests.clear()
    yield graph.account()
    graph.usage = 0
    graph.fail_no_more()


@pytest.fixture
def budget() -> Budget:
    return Budget()


@pytest.fixture
async def client(graph: Simulated, account: Account, budget: Budget) -> AsyncIterator[Graph]:
    client = made(graph.url, account, budget)
    yield client
    await client.close()


def made(
    url: str, account: Account, budget: Budget, secret: str = APP_SECRET, token: str | None = None
) -> Graph:
    async def held() -> SecretStr:
        return SecretStr(token or next(iter(account.tokens)))

    return Graph(
        f"{url}/{VERSION}",
        held,
        app_secret=SecretStr(secret),
        budget=budget,
        page="page",
        timeout=10,
        allow_loopback=True,
    )


# As Meta's guide to errors has them; 80001 and 80002 are in its guide to rate limits.
ERRORS = {
    (1, None): Unavailable,
    (2, None): Unavailable,
    (4, None): RateLimited,
    (17, None): RateLimited,
    (32, None): RateLimited,
    (341, None): RateLimited,
    (613, None): RateLimited,
    (80001, None): RateLimited,
    (80002, None): RateLimited,
    (102, None): NotAuthorised,
    (190, None): NotAuthorised,
    (190, 458): NotAuthorised,
    (190, 463): NotAuthorised,
    (3, None): Denied,
    (10, None): Denied,
    (200, None): Denied,
    (299, None): Denied,
    (368, None): NotAuthorised,
    (100, 33): NoSuchObject,
    (100, None): BadParameter,
    (2500, None): Refused,
}


@pytest.mark.parametrize(("code", "subcode"), ERRORS)
async def test_every_code_of_meta_says_what_to_do_next(
    graph: Simulated, client: Graph, account: Account, code: int, subcode: int | None
) -> None:
    graph.fail(GraphError(code, subcode))
    with pytest.raises(ERRORS[code, subcode]) as alone:
        await client.get(account.id, fields="id")
    assert type(alone.value) is ERRORS[code, subcode]
    graph.fail(GraphError(code, subcode))
    [in_a_batch] = await client.each([(account.id, "id")])
    assert type(in_a_batch) is ERRORS[code, subcode]


@pytest.mark.parametrize("name", ["error-exampleErrorNew", "error-oauthExampleError"])
def test_recorded_errors_are_read(name: str) -> None:
    error = SAMPLES["facebook"][name]["error"]
    expected = {190: NotAuthorised, 1: Unavailable}[error["code"]]
    assert type(failure(error, 400)) is expected


def test_an_error_of_instagram_is_read() -> None:
    assert type(failure(SAMPLES["instagram"]["ig_login_exception"]["error"], 400)) is Refused


@pytest.mark.parametrize("error", [None, {}, [], "oops", {"code": "190"}, {"message": "no code"}])
def test_an_error_without_a_code_is_tried_again(error: object) -> None:
    assert type(failure(error, 400)) is Unavailable


async def test_no_error_and_no_log_shows_the_token_that_meta_quotes(
    graph: Simulated, account: Account, budget: Budget, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = made(graph.url, account, budget, token="a-token-nobody-gave")
    with pytest.raises(NotAuthorised) as refused:
        await client.get(account.id, fields="id")
    await client.close()
    shown = "".join(traceback.format_exception(refused.value)) + caplog.text
    assert "a-token-nobody-gave" not in shown
    assert APP_SECRET not in shown


async def test_the_token_travels_in_a_header_and_its_proof_is_right(
    graph: Simulated, client: Graph, account: Account, budget: Budget
) -> None:
    await client.get(account.id, fields="id,name")
    assert graph.requests == [("GET", account.id, {"fields": "id,name"})]
    wrong = made(graph.url, account, budget, secret="another app's secret")
    with pytest.raises(BadParameter):
        await wrong.get(account.id, fields="id")
    await wrong.close()


async def test_a_listing_is_followed_to_its_end(graph: Simulated, client: Graph, account: Account) -> None:
    ids = [graph.comment(account, f"comment {number}") for number in range(12)]
    post = account.posts[0].id
    pages = [page async for page in client.pages(f"{post}/comments", fields="id", limit="5")]
    assert [item["id"] for page in pages for item in page.items] == ids
    assert [len(page.items) for page in pages] == [5, 5, 2]


async def test_a_listing_that_goes_in_circles_ends(
    account: Account, graph: Simulated, budget: Budget
) -> None:
    circle = {"data": [{"id": "1"}], "paging": {"cursors": {"after": "same"}, "next": "https://…"}}
    fault = Fault(status=200, body=json.dumps(circle).encode(), headers=JSON)
    with Unreliable(graph.url) as proxy:
        client = made(proxy.url, account, budget)
        proxy.spoil(fault, fault, fault)
        with pytest.raises(Unavailable, match="circles"):
            async for _ in client.pages("1/comments", fields="id"):
                pass
        await client.close()


@pytest.mark.parametrize("answer", [{"data": {}}, {"data": [None]}, {"data": [{"message": "no id"}]}])
def test_something_else_than_a_list_is_not_taken_for_an_empty_one(answer: object) -> None:
    with pytest.raises(Unavailable):
        listing_of(answer)


async def test_a_batch_tells_each_answer_apart(graph: Simulated, client: Graph, account: Account) -> None:
    there = graph.comment(account, "there")
    graph.fail(None, None, GraphError(2))
    answers = await client.each([(there, "id,message"), ("1_1", "id"), (there, "id")])
    assert answers[0] == {"id": there, "message": "there"}
    assert [type(each) for each in answers[1:]] == [NoSuchObject, Unavailable]


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"[null]", b'[{"code":200}]', b'[{"code":200,"body":"{"}]', b"[1]"]
)
async def test_a_spoiled_batch_is_no_answer(
    graph: Simulated, account: Account, budget: Budget, body: bytes
) -> None:
    with Unreliable(graph.url) as proxy:
        client = made(proxy.url, account, budget)
        proxy.spoil(Fault(status=200, body=body, headers=JSON))
        try:
            [answer] = await client.each([("1_1", "id")])
        except Unavailable as error:
            answer = error
        await client.close()
    assert isinstance(answer, Unavailable)


FAULTS = {
    "500": Fault(status=500, body=b"<!doctype html>"),
    "a page instead of JSON": Fault(
        status=200, body=b"<!doctype html>", headers={"content-type": "text/html"}
    ),
    "a list instead of an object": Fault(status=200, body=b"[]"),
    "half a body": Fault(half=True),
    "a redirect": Fault(status=302, headers={"location": "https://elsewhere.example/?access_token=x"}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_spoiled_answer_is_an_error_and_the_next_is_right(
    graph: Simulated, account: Account, budget: Budget, fault: Fault
) -> None:
    with Unreliable(graph.url) as proxy:
        client = made(proxy.url, account, budget)
        proxy.spoil(fault)
        with pytest.raises(Unavailable) as failed:
            await client.get(account.id, fields="id")
        assert "elsewhere.example" not in str(failed.value)
        assert (await client.get(account.id, fields="id"))["id"] == account.id
        await client.close()


async def test_the_budget_learns_how_much_of_metas_limit_is_used(
    graph: Simulated, client: Graph, account: Account, budget: Budget
) -> None:
    graph.usage = 42
    await client.get(account.id, fields="id")
    [outlook] = budget.outlook()
    assert (outlook.unit, outlook.used, outlook.limit) == (USAGE, 42, 100)


async def test_at_the_limit_nothing_more_is_asked_until_meta_answers_again(
    graph: Simulated, client: Graph, account: Account
) -> None:
    graph.usage = 100
    graph.fail(GraphError(32))
    with pytest.raises(RateLimited) as limited:
        await client.get(account.id, fields="id")
    assert limited.value.retry_after == 7 * 60
    calls = graph.calls
    with pytest.raises(RateLimited):
        await client.get(account.id, fields="id")
    assert graph.calls == calls


@pytest.mark.parametrize("told", ["", "no json", "[]", "null", '{"call_count":"many"}', '{"1":[null]}'])
def test_a_usage_header_that_cannot_be_read_tells_nothing(told: str) -> None:
    assert usages_of(httpx.Headers({"x-app-usage": told}), OF_APP) == []


def test_usage_is_read_for_the_app_the_page_and_the_business() -> None:
    told = {
        "x-app-usage": '{"call_count":1,"total_time":2,"total_cputime":3}',
        "x-business-use-case-usage": '{"7":[{"call_count":4,"estimated_time_to_regain_access":5}]}',
    }
    assert [usage["call_count"] for usage in usages_of(httpx.Headers(told), OF_APP)] == [1]
    assert [usage["call_count"] for usage in usages_of(httpx.Headers(told), OF_PAGE)] == [4]


async def test_an_exchange_sends_its_secrets_in_the_body(
    graph: Simulated, client: Graph, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = next(iter(account.tokens))
    form = {"client_id": "245551", "client_secret": APP_SECRET, "fb_exchange_token": token}
    answer = await client.exchange(grant_type="fb_exchange_token", **form)
    assert answer["access_token"] == f"long-{token}"
    assert APP_SECRET not in caplog.text
    with pytest.raises(PlatformError):
        await client.exchange(grant_type="fb_exchange_token", **{**form, "fb_exchange_token": "other"})
