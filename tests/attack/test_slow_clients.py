"""Clients that take their time to send a request, each on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from graph.settings import Settings
from tests.graph.raw import Wire, post, wire
from tests.graph.served import Served, served

CONNECTIONS = 300
LIMIT = Settings(receive_seconds=1.0)
GOOD = post(b'{"query": "{ __typename }"}')
HEAD, _, BODY = GOOD.partition(b"\r\n\r\n")


async def slow_head(client: Wire) -> int:
    """Byte after byte, and never the last."""
    return await dripped(client, HEAD)


async def slow_body(client: Wire) -> int:
    await client.say(post(BODY * 1000)[: -len(BODY) * 1000])
    return await dripped(client, BODY * 1000)


async def silent(client: Wire) -> int:
    return len(await client.heard())


async def dripped(client: Wire, data: bytes) -> int:
    """How many bytes went out until the other side had enough."""
    for place in range(len(data)):
        if not await client.say(data[place : place + 1]):
            return place
        await asyncio.sleep(0.05)
    raise AssertionError("the other side waited for all of it")


@pytest.fixture
def server() -> Iterator[Served]:
    with served([], LIMIT) as server:
        yield server


@asynccontextmanager
async def opened(server: Served) -> AsyncIterator[list[Wire]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(wire(server.url)) for _ in range(CONNECTIONS)]


@pytest.mark.attack("slow clients")
@pytest.mark.parametrize("send", [slow_head, slow_body, silent])
async def test_none_of_three_hundred_is_held_after_the_limit(
    server: Served, send: Callable[[Wire], Coroutine[None, None, int]], record_property: Callable[[str, str], None]
) -> None:
    async with opened(server) as clients:
        async with asyncio.timeout(20):
            taken = await asyncio.gather(*(send(client) for client in clients))
        await server.no_connection()
    assert len(taken) == CONNECTIONS
    record_property("figure", f"{send.__name__}: 0 of {CONNECTIONS} held")
    assert await server.data("{ __typename }") == {"__typename": "Query"}


@pytest.mark.attack("slow clients")
async def test_who_sends_half_is_told_why_it_was_given_up(server: Served) -> None:
    for half in (HEAD, HEAD + b"\r\n\r\n" + BODY[:5], b"G"):
        async with wire(server.url) as client:
            await client.say(half)
            answer = await client.answer()
            assert (answer.status, answer.error["extensions"]["code"]) == (408, "BAD_REQUEST")
            assert "did not arrive" in answer.error["message"]
            assert await client.heard() == b""
