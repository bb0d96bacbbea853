"""How long answering one operation may take, over each transport."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest

from graph.http.negotiation import GRAPHQL_JSON
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import LOOKUP, ref
from tests.graph.served import Served, Socket, served

OMS = ref("oms-ce", "t_7di1uvmxd340")


@pytest.fixture
def server(providers: list[ProviderSettings], emulator: Emulator) -> Iterator[Served]:
    """One whose vendor takes longer than an operation may."""
    emulator.fault("oms-ce", "delay", seconds=0.9)
    with served(providers, Settings(operation_seconds=0.2)) as server:
        yield server


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (GRAPHQL_JSON, 504)])
async def test_a_query_that_takes_too_long_is_given_up(server: Served, accept: str, status: int) -> None:
    body = {"query": LOOKUP, "variables": {"refs": [OMS]}}
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{server.url}/graphql", json=body, headers={"accept": accept})
    assert answer.status_code == status
    [error] = answer.json()["errors"]
    assert error["extensions"] == {"code": "OPERATION_TIMEOUT"}
    assert "0.2 seconds" in error["message"]
    assert "data" not in answer.json()


async def test_so_is_one_over_an_event_stream_and_a_socket(server: Served) -> None:
    [payload] = [payload async for payload in server.over_sse(LOOKUP, refs=[OMS])]
    assert payload["errors"][0]["extensions"]["code"] == "OPERATION_TIMEOUT"
    async with Socket(server.url) as socket:
        await socket.subscribe("1", LOOKUP, refs=[OMS])
        message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "OPERATION_TIMEOUT")


async def test_nothing_of_what_was_given_up_is_left(server: Served, emulator: Emulator) -> None:
    before = await server.tasks()
    assert "errors" in await server.ask(LOOKUP, refs=[OMS])
    emulator.reset()
    while await server.tasks() > before:
        pass
    [found] = (await server.data(LOOKUP, refs=[OMS]))["lookupPrechecks"]
    assert found["problem"] is None


async def test_a_stream_may_last_longer_and_only_an_event_may_not(server: Served, emulator: Emulator) -> None:
    emulator.reset()
    document = "subscription ($refs: [PrecheckRefInput!]!) { precheckUpdates(refs: $refs, until: NEVER) { kind } }"
    running = ref("oms-ce", emulator.create_run("oms-ce", scenario="clean", seconds=8))
    stream = server.over_websocket(document, refs=[running])
    kinds = [(await anext(stream))["data"]["precheckUpdates"]["kind"]]
    for _ in range(4):
        emulator.advance(1)
        kinds.append((await anext(stream))["data"]["precheckUpdates"]["kind"])
    await stream.aclose()
    assert kinds == ["SNAPSHOT", *["CHANGED"] * 4]
