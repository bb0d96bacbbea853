"""A server that is told to end: nothing new, what is under way finished, every stream sent elsewhere."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2 as httpx
import orjson
import pytest

from tests.emulator.process import Emulator
from tests.faults.deafness import deaf, filled
from tests.faults.serving import serving
from tests.faults.watching import LONG, until
from tests.graph.documents import LOOKUP, UPDATES, event_of, ref
from tests.graph.served import Served, Socket

SSE = "text/event-stream"
MULTIPART = "multipart/mixed;subscriptionSpec=1.0, application/json"
TYPENAME = {"query": "{ __typename }"}


@pytest.fixture
def run(emulator: Emulator) -> str:
    """A run that nothing happens to."""
    return emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)


async def watching(stack: AsyncExitStack, server: Served, run: str) -> Socket:
    """A socket with a stream that has begun."""
    ws = await stack.enter_async_context(Socket(server.url))
    await ws.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
    assert event_of((await ws.receive())["payload"])["kind"] == "SNAPSHOT"
    return ws


async def reading(client: httpx.AsyncClient, server: Served, accept: str, run: str) -> AsyncGenerator[str, None]:
    """A stream that has begun; what is written later."""
    pieces = written(client, server, accept, run)
    while "SNAPSHOT" not in await anext(pieces):
        pass
    return pieces


async def written(client: httpx.AsyncClient, server: Served, accept: str, run: str) -> AsyncGenerator[str, None]:
    body = {"query": UPDATES, "variables": {"refs": [ref("oms-ce", run)]}}
    headers = {"accept": accept}
    async with client.stream("POST", f"{server.url}/graphql", json=body, headers=headers) as answer:
        async for piece in answer.aiter_text():
            yield piece


async def rest(pieces: AsyncGenerator[str, None]) -> str:
    return "".join([piece async for piece in pieces])


def code_in(errors: list[dict[str, Any]]) -> str:
    [error] = errors
    return str(error["extensions"]["code"])


@pytest.mark.row("X1")
async def test_seventy_streams_end_at_sigterm_each_in_the_way_that_has_its_client_come_back(
    provider_file: Path, emulator: Emulator, run: str
) -> None:
    """And neither a client that never reads nor a vendor that does not answer holds up the end."""
    emulator.fault("dts", "delay", seconds=20)
    with serving(provider_file) as server, deaf(server.url) as silent:
        await filled(silent)
        async with AsyncExitStack() as stack:
            sockets = await asyncio.gather(*(watching(stack, server, run) for _ in range(50)))
            sockets.append(await stack.enter_async_context(Socket(server.url)))
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
            streams = await asyncio.gather(*(reading(client, server, SSE, run) for _ in range(20)))
            slow = asyncio.ensure_future(lookup(client, server))
            await until(lambda: emulator.calls("dts")["DescribeMigrationCheckJob"]["count"])
            server.process.send_signal(signal.SIGTERM)
            assert {await each.closed() for each in sockets} == {(1012, "Server restarting")}
            for ending in [await rest(each) for each in streams]:
                assert ending.count("event: ") == 1, "no complete"
                said = orjson.loads(ending.removeprefix("event: next\ndata: "))
                assert (said["data"], code_in(said["errors"])) == (None, "SERVER_RESTARTING")
            answer = await slow
            assert (answer.status_code, code_in(answer.json()["errors"])) == (503, "SERVER_RESTARTING")
        assert await asyncio.to_thread(server.process.wait, 10) == 0
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""


async def lookup(client: httpx.AsyncClient, server: Served) -> httpx.Response:
    body = {"query": LOOKUP, "variables": {"refs": [ref("dts", "dts-1ewjspuw")]}}
    return await client.post(f"{server.url}/graphql", json=body)


async def test_a_multipart_stream_is_cut_with_a_fatal_error_and_without_the_last_boundary(
    server: Served, run: str
) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        pieces = await reading(client, server, MULTIPART, run)
        await server.end_streams()
        *_, body, boundary = [line for line in (await rest(pieces)).splitlines() if line]
    said = orjson.loads(body)
    assert code_in(said["errors"]) == code_in(said["payload"]["errors"]) == "SERVER_RESTARTING"
    assert boundary == "--graphql"


async def test_from_the_first_moment_it_is_not_ready_and_takes_nothing_new(server: Served, run: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client, AsyncExitStack() as stack:
        pieces = await reading(client, server, SSE, run)
        ws = await watching(stack, server, run)
        assert (await client.get("/readyz")).status_code == 200
        server.product.drain.begin()
        probe = await client.get("/readyz")
        assert (probe.status_code, probe.json()["reason"]) == (503, "The server is about to end.")
        for accept in ("application/json", SSE, MULTIPART):
            refused = await client.post("/graphql", json=TYPENAME, headers={"accept": accept})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert code_in(refused.json()["errors"]) == "SERVER_RESTARTING"
        with pytest.raises(Exception, match="503"):
            await stack.enter_async_context(Socket(server.url))
        assert (await client.get("/healthz")).status_code == 200
        await server.end_streams()
        assert await ws.closed() == (1012, "Server restarting")
        assert "SERVER_RESTARTING" in await rest(pieces)


async def test_a_query_under_way_is_finished_before_its_socket_closes(
    server: Served, emulator: Emulator, run: str
) -> None:
    async with AsyncExitStack() as stack:
        ws = await watching(stack, server, run)
        emulator.fault("dts", "delay", seconds=0.3)
        await ws.subscribe("2", LOOKUP, refs=[ref("dts", "dts-1ewjspuw")], maxAgeSeconds=0)
        await until(lambda: emulator.calls("dts")["DescribeMigrationCheckJob"]["count"])
        await server.end_streams()
        await ws.subscribe("3", "{ __typename }")
        messages = [await ws.receive() for _ in range(2)]
        assert [(each["id"], each["type"]) for each in messages] == [("2", "next"), ("2", "complete")]
        assert "errors" not in messages[0]["payload"]
        assert await ws.closed() == (1012, "Server restarting")
