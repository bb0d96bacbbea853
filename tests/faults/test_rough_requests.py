"""Requests that are malformed, or never get whole; `make attack` sends a thousand of each."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from graph.settings import Settings
from tests.attack.malformed import BODIES, QUERY, TARGETS, get, posted
from tests.graph.raw import Wire, wire
from tests.graph.served import Served, served

REFUSED = {(400, "BAD_REQUEST"), (431, "LIMIT_EXCEEDED")}
HALVES = (b"", b"GET", posted(QUERY)[:-5], get("/graphql")[:-2])


@pytest.fixture
def server() -> Iterator[Served]:
    with served([], Settings(receive_seconds=0.5)) as server:
        yield server


@pytest.mark.row("K5")
async def test_a_malformed_request_is_refused_in_json_and_harms_nobody(server: Served) -> None:
    async with wire(server.url) as beside:
        for request in [*map(posted, BODIES[:40]), *map(get, TARGETS[:20])]:
            async with wire(server.url) as client:
                await client.say(request)
                answer = await client.answer()
            if answer.status != 200:
                assert (answer.status, answer.error["extensions"]["code"]) in REFUSED
        await beside.say(posted(QUERY))
        assert (await beside.answer()).status == 200


@pytest.mark.row("K7")
async def test_a_request_that_does_not_get_whole_is_given_up(server: Served) -> None:
    async def drip(client: Wire, half: bytes) -> bytes:
        await client.say(half)
        while await client.say(b" "):  # noqa: ASYNC110  # a byte now and then
            await asyncio.sleep(0.02)
        return await client.heard()

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(wire(server.url)) for _ in HALVES]
        async with asyncio.timeout(20):
            await asyncio.gather(*map(drip, clients, HALVES))
        await server.no_connection()
    assert Settings().receive_seconds == 10
