"""What a stream refuses, and the protocol of its socket."""

from typing import Any

import httpx2 as httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import (
    MYSQL,
    UPDATES,
    calls,
    precheck_id,
)
from tests.graph.served import Served, Socket, served

OMS = "t_7di1uvmxd340"


@pytest.mark.parametrize(
    "message",
    [
        [],
        5,
        {"type": 5},
        {"type": "ping", "id": []},
        {"type": "subscribe", "id": 5, "payload": {"query": "{ a }"}},
        {"type": "subscribe", "id": "1", "payload": {"query": 5}},
        {"type": "subscribe", "id": "1", "payload": "x"},
    ],
)
async def test_what_is_no_message_closes_the_socket_with_4400(server: Served, message: Any) -> None:
    async with Socket(server.url) as socket:
        await socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400


@pytest.mark.parametrize(
    ("variables", "code", "says"),
    [
        ({}, "BAD_REQUEST", "Nothing to watch"),
        ({"ids": []}, "BAD_REQUEST", "Nothing to watch"),
        ({"ids": ["x"] * 101}, "LIMIT_EXCEEDED", "at most 100"),
        ({"ids": [precheck_id("drs", MYSQL)], "after": "yesterday"}, "BAD_REQUEST", "`after` takes the `cursor`"),
    ],
)
async def test_bad_arguments_are_refused_in_words(
    server: Served, emulator: Emulator, variables: dict[str, Any], code: str, says: str
) -> None:
    [payload] = [payload async for payload in server.over_sse(UPDATES, **variables)]
    [error] = payload["errors"]
    assert (error["extensions"]["code"], says in error["message"]) == (code, True)
    assert calls(emulator) == {}


async def test_a_refusal_over_a_socket_is_the_only_event_so_that_gateways_pass_it_on(server: Served) -> None:
    async with Socket(server.url) as socket:
        for variables, code in (({}, "BAD_REQUEST"), ({"ids": ["x"] * 101}, "LIMIT_EXCEEDED")):
            await socket.subscribe("1", UPDATES, **variables)
            refused = await socket.receive()
            assert (refused["type"], refused["payload"]["data"]) == ("next", None)
            assert [error["extensions"]["code"] for error in refused["payload"]["errors"]] == [code]
            assert await socket.receive() == {"id": "1", "type": "complete"}
        await socket.subscribe("1", "subscription { nothing }")
        assert (await socket.receive())["type"] == "error"


async def test_how_much_one_socket_may_carry_is_a_setting(providers: list[ProviderSettings]) -> None:
    with served(providers, Settings(max_streams_per_socket=1)) as server:
        async with Socket(server.url) as socket:
            await socket.subscribe("1", UPDATES, until="NEVER", ids=[precheck_id("oms-ce", OMS)])
            assert (await socket.receive())["type"] == "next"
            await socket.subscribe("2", "{ __typename }")
            while (refused := await socket.receive())["id"] != "2":
                assert refused["type"] == "next"
            [error] = refused["payload"]["errors"]
            assert error["extensions"] == {"code": "TOO_MANY_STREAMS"}
            assert "One WebSocket may have 1 operations" in error["message"]


async def test_two_operations_on_one_socket_share_nothing(server: Served, emulator: Emulator) -> None:
    query = "query ($id: ID!) { precheck(id: $id, maxAgeSeconds: 0) { verdict } }"
    async with Socket(server.url) as socket:
        for place in ("1", "2"):
            await socket.subscribe(place, query, id=precheck_id("oms-ce", OMS))
            assert (await socket.receive())["type"] == "next"
            assert (await socket.receive())["type"] == "complete"
    assert calls(emulator) == {"oms-ce/GetPreCheckResult": 2}


async def test_a_subscription_without_a_stream_is_told_what_it_needs(server: Served) -> None:
    async with httpx.AsyncClient() as client:
        body = {"query": "subscription { precheckUpdates { kind } }"}
        answer = await client.post(f"{server.url}/graphql", json=body)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert "text/event-stream" in error["message"]


async def test_a_message_of_the_largest_size_is_read_and_a_larger_one_closes_the_socket() -> None:
    with served([], Settings(max_message_bytes=1000)) as server:
        async with Socket(server.url) as socket:
            ping = {"type": "ping", "payload": {"a": ""}}
            room = 1000 - len(orjson.dumps(ping))
            await socket.send({"type": "ping", "payload": {"a": "x" * room}})
            assert (await socket.receive())["type"] == "pong"
            await socket.send({"type": "ping", "payload": {"a": "x" * (room + 1)}})
            assert (await socket.closed())[0] == 1009


async def test_a_socket_that_does_not_begin_is_closed() -> None:
    with served([], Settings(init_seconds=0.2)) as server:
        address = f"{server.url.replace('http', 'ws')}/graphql"
        async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4408
