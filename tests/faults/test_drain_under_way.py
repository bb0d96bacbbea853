"""What is under way when the server is told to end, on every transport at once."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2 as httpx
import orjson

from graph.http.single_connection import SingleConnection
from tests.emulator.process import Emulator
from tests.faults.serving import Serving, serving
from tests.faults.watching import count, until
from tests.graph.documents import LOOKUP, UPDATES, ref
from tests.graph.reserved import EVENT_STREAM, TYPENAME, Reserved
from tests.graph.served import Served, Socket

MULTIPART = "multipart/mixed;subscriptionSpec=1.0"
POSTED = [("application/json", LOOKUP), (EVENT_STREAM, LOOKUP), (EVENT_STREAM, UPDATES), (MULTIPART, UPDATES)]
SLOW = [f"dts-{number}" for number in range(7)]


def question(document: str, run: str) -> dict[str, Any]:
    return {"query": document, "variables": {"refs": [ref("dts", run)]}}


async def answer(client: httpx.AsyncClient, server: Served, accept: str, body: dict[str, Any]) -> httpx.Response:
    return await client.post(f"{server.url}/graphql", json=body, headers={"accept": accept})


def last_event(stream: httpx.Response) -> Any:
    """What an event stream said last, and that it was not its end."""
    assert (stream.status_code, stream.text.count("event: ")) == (200, 1), stream.text
    return orjson.loads(stream.text.removeprefix("event: next\ndata: "))


def last_part(stream: httpx.Response) -> Any:
    """What a multipart stream said last, and that no boundary ended it."""
    *_, said, boundary = [line for line in stream.text.splitlines() if line]
    assert (stream.status_code, boundary) == (200, "--graphql")
    return orjson.loads(said)["payload"]


def code_in(payload: Any) -> str:
    [error] = payload["errors"]
    assert payload.get("data") is None
    return str(error["extensions"]["code"])


async def ended(server: Serving) -> None:
    assert await asyncio.to_thread(server.process.wait, 10) == 0
    assert server.process.stderr is not None
    assert server.process.stderr.read() == ""


async def test_whoever_waits_for_a_slow_vendor_is_told_on_every_transport_to_ask_again(
    provider_file: Path, emulator: Emulator
) -> None:
    emulator.fault("dts", "delay", seconds=20)
    with serving(provider_file) as server:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
            asked = [
                asyncio.ensure_future(answer(client, server, accept, question(document, run)))
                for (accept, document), run in zip(POSTED, SLOW[:4], strict=True)
            ]
            socket = await stack.enter_async_context(Socket(server.url))
            single = await stack.enter_async_context(Reserved(server.url))
            await socket.subscribe("q", LOOKUP, refs=[ref("dts", SLOW[4])])
            await single.begin("q", LOOKUP, refs=[ref("dts", SLOW[5])])
            await single.begin("s", UPDATES, refs=[ref("dts", SLOW[6])])
            await until(lambda: count(emulator, "dts") == len(SLOW))
            server.process.send_signal(signal.SIGTERM)
            posted, *streams, parts = await asyncio.gather(*asked)
            assert (posted.status_code, code_in(posted.json())) == (503, "SERVER_RESTARTING")
            said = [*map(last_event, streams), last_part(parts)]
            assert [code_in(each) for each in said] == ["SERVER_RESTARTING"] * 3
            on_single = {(each.event, each.id): code_in(each.payload) for each in await single.rest()}
            assert on_single == dict.fromkeys([("next", "q"), ("next", "s")], "SERVER_RESTARTING")
            code, _ = await socket.closed()
            assert code == 1012
        await ended(server)


async def test_an_operation_that_has_not_run_yet_at_the_end_is_told_so_without_being_executed(
    server: Served,
) -> None:
    """Many are begun in one moment, and each may take long."""

    def end_between() -> None:
        if any(_is_operation(each) for each in asyncio.all_tasks()):
            server.product.drain.begin()
        else:
            server.loop.call_soon(end_between)

    async with Reserved(server.url) as single:
        server.loop.call_soon_threadsafe(end_between)
        assert (await single.begin("a", TYPENAME)).status_code == 202
        said = await single.receive()
        assert (said.event, said.id, code_in(said.payload)) == ("next", "a", "SERVER_RESTARTING")
        assert await single.rest() == []


def _is_operation(task: asyncio.Task[Any]) -> bool:
    return getattr(task.get_coro(), "__qualname__", "").startswith(f"{SingleConnection.__name__}._run")
