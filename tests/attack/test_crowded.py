"""More connections than there are places for: the new ones are told so, the old ones live on, room comes back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from graph.settings import Settings
from tests.graph.raw import Wire, post, wire
from tests.graph.served import Served, Socket, served

pytestmark = pytest.mark.attack("crowded")

MOST = 20
CROWD, WAVES = 40, 5
GOOD = post(b'{"query": "{ __typename }"}')


@pytest.fixture
def small() -> Iterator[Served]:
    with served([], Settings(max_connections=MOST)) as server:
        yield server


@asynccontextmanager
async def connected(server: Served, number: int) -> AsyncIterator[list[Wire]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(wire(server.url)) for _ in range(number)]


async def status_of(client: Wire) -> int:
    """Of an answer to a good request."""
    await client.say(GOOD)
    return (await client.answer()).status


async def refusal_of(client: Wire) -> tuple[int, str, str]:
    """Status, code, and when to come back: told before anything is asked, and the end of the connection."""
    answer = await client.answer()
    assert await client.heard() == b""
    return answer.status, answer.error["extensions"]["code"], answer.headers["retry-after"]


async def answers(ws: Socket, number: int) -> bool:
    """Whether a socket still answers a query."""
    await ws.subscribe(f"{number}", "{ __typename }")
    return [(await ws.receive())["type"] for _ in range(2)] == ["next", "complete"]


async def room(server: Served) -> None:
    """Wait for a place."""
    async with asyncio.timeout(20):
        while True:
            async with wire(server.url) as client:
                if await client.say(GOOD) and (await client.answer()).status == 200:
                    return


async def test_a_crowd_is_turned_away_and_takes_nothing_from_those_inside(
    small: Served, record_property: Callable[[str, object], None]
) -> None:
    async with Socket(small.url) as ws, connected(small, MOST - 1) as inside:
        assert {await status_of(each) for each in inside} == {200}
        for wave in range(WAVES):
            async with connected(small, CROWD) as crowd:
                told = await asyncio.gather(*map(refusal_of, crowd))
                assert {(status, code) for status, code, _ in told} == {(503, "TOO_MANY_CONNECTIONS")}
                assert all(int(seconds) > 0 for _, _, seconds in told)
                assert {await status_of(each) for each in inside} == {200}
                assert await answers(ws, wave)
    await room(small)
    record_property("figure", f"{CROWD * WAVES} beside {MOST}: each told 503, none of the {MOST} disturbed")


async def test_one_who_leaves_makes_room_for_one(small: Served) -> None:
    async with connected(small, MOST - 1) as inside, AsyncExitStack() as last:
        leaving = await last.enter_async_context(wire(small.url))
        assert {await status_of(each) for each in (*inside, leaving)} == {200}
        async with wire(small.url) as late:
            assert (await refusal_of(late))[0] == 503
        await last.aclose()
        await room(small)
        assert {await status_of(each) for each in inside} == {200}


async def test_a_socket_without_a_place_is_told_so_too(small: Served) -> None:
    async with connected(small, MOST) as inside:
        assert {await status_of(each) for each in inside} == {200}
        with pytest.raises(Exception, match="503"):
            async with Socket(small.url):
                pass
    await room(small)


async def test_a_flood_that_is_not_even_answered_leaves_those_inside_alone(small: Served) -> None:
    async with connected(small, MOST) as inside:
        assert {await status_of(each) for each in inside} == {200}
        async with connected(small, 300):
            assert {await status_of(each) for each in inside} == {200}
        assert {await status_of(each) for each in inside} == {200}
    await room(small)
