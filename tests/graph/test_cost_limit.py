"""An operation that costs too much is refused on every transport, before any vendor is asked."""

from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import LOOKUP, SEEDS, UPDATES, calls, ref
from tests.graph.served import Served, Socket, served

SIX = [ref(*seed) for seed in SEEDS]
LIGHT = "query ($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs) { precheck { verdict } } }"
STREAM = "subscription ($refs: [PrecheckRefInput!]) { precheckUpdates(refs: $refs) { precheck { verdict } } }"


@pytest.fixture
def frugal(providers: list[ProviderSettings]) -> Iterator[Served]:
    """A server where five references are as many as an operation may cost."""
    with served(providers, Settings(max_cost=550)) as server:
        yield server


def refused(answer: dict[str, Any], cost: int) -> None:
    [error] = answer["errors"]
    assert not answer.get("data")
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED"}
    assert error["message"].startswith(f"Answering this operation may cost {cost}; at most 550 is allowed.")


async def test_a_query_above_the_limit_calls_no_vendor(frugal: Served, emulator: Emulator) -> None:
    refused(await frugal.ask(LIGHT, refs=SIX), 6 * 102)
    assert calls(emulator) == {}


async def test_variables_decide_and_not_the_document(frugal: Served) -> None:
    assert len((await frugal.data(LIGHT, refs=SIX[:5]))["lookupPrechecks"]) == 5
    refused(await frugal.ask(LIGHT, refs=SIX), 6 * 102)
    assert len((await frugal.data(LIGHT, refs=SIX[:5]))["lookupPrechecks"]) == 5


async def test_a_query_by_get_is_refused_too(frugal: Served) -> None:
    lookups = " ".join(f'p{number}: precheck(id: "a") {{ id }}' for number in range(6))
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.get(f"{frugal.url}/graphql", params={"query": f"{{ {lookups} }}"})
    refused(answer.json(), 606)


async def test_the_operation_that_is_meant_is_judged(frugal: Served) -> None:
    lookups = " ".join(f'p{number}: precheck(id: "a") {{ id }}' for number in range(6))
    document = f"query Many {{ {lookups} }} query One {{ precheckProviders {{ id }} }}"
    async with httpx.AsyncClient(timeout=20) as client:
        for name, is_refused in (("One", False), ("Many", True), ("One", False)):
            body = {"query": document, "operationName": name}
            answer = (await client.post(f"{frugal.url}/graphql", json=body)).json()
            assert bool(answer.get("errors")) is is_refused


@pytest.mark.parametrize("over", [Served.over_sse, Served.over_multipart])
async def test_a_stream_over_http_is_one_refusal(frugal: Served, emulator: Emulator, over: Any) -> None:
    [answer] = [event async for event in over(frugal, STREAM, refs=SIX)]
    refused(answer, 6 * 102)
    assert calls(emulator) == {}


async def test_a_stream_over_a_socket_is_refused_and_the_socket_goes_on(
    frugal: Served, emulator: Emulator
) -> None:
    async with Socket(frugal.url) as ws:
        for document in (STREAM, LIGHT):
            await ws.subscribe("1", document, refs=SIX)
            message = await ws.receive()
            while message["type"] == "complete":
                message = await ws.receive()
            errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            refused({"errors": errors}, 6 * 102)
        assert calls(emulator) == {}
        await ws.subscribe("2", STREAM, refs=SIX[:1])
        while (message := await ws.receive())["type"] != "next":
            assert message["type"] == "complete"
        assert message["payload"]["data"]["precheckUpdates"]["precheck"]


async def test_what_others_ask_passes_by_default(server: Served) -> None:
    every = [*SIX, *SIX, *SIX]
    assert len((await server.data(LOOKUP, refs=every))["lookupPrechecks"]) == 18
    events = [event async for event in server.over_websocket(UPDATES, refs=SIX[:1])]
    assert events
    assert all("errors" not in event for event in events)
