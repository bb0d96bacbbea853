"""One WebSocket that sends far more than anybody needs: others are served meanwhile, honest ones are not cut."""

import asyncio
import statistics
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from graph.http.slight import MOST_AT_FIRST, MOST_AT_ONCE, REASON
from tests.attack.dialogue import TYPENAME, masked, subscribe
from tests.attack.floods import CONTINUED, FLOODS, GOODBYE, GREETING, PING, PONG, TEXT, Flood, flood, text, waits
from tests.emulator.process import Emulator
from tests.faults.memory import growth
from tests.faults.serving import Serving, serving
from tests.graph.served import Served

pytestmark = pytest.mark.attack("WebSocket floods")

# The machine does other things, too. Without turns it was four hundred to ten thousand times as long.
MOST_TIMES_AS_LONG = 200
MOST_MEGABYTES = 20.0
FULL_PING = masked(PING, b"x" * 125)


@pytest.fixture(scope="module")
def process(module_emulator: Emulator, provider_file: Path) -> Iterator[Serving]:
    assert module_emulator is not None
    with serving(provider_file) as process:
        yield process


@pytest.mark.parametrize("name", FLOODS)
async def test_another_client_hardly_waits(
    process: Serving, name: str, record_property: Callable[[str, str], None]
) -> None:
    first, again, count = FLOODS[name]
    undisturbed = statistics.median(await waits(process.url, asyncio.gather()))
    async with flood(process.url) as client:
        over = asyncio.gather(client.send(first + again * count + GOODBYE), client.ended())
        waited = await waits(process.url, over)
    longest = max(waited) / undisturbed
    record_property("figure", f"{name}: longest wait {longest:.0f} times as long as without")
    assert longest < MOST_TIMES_AS_LONG


async def test_who_pings_and_does_not_read_makes_nothing_grow(process: Serving) -> None:
    with growth(process.process.pid) as grown:
        async with flood(process.url, limit=1 << 10) as client:
            sent = asyncio.create_task(client.send(GREETING + FULL_PING * 200_000))
            with suppress(TimeoutError):
                await asyncio.wait_for(sent, 10)
    assert grown.megabytes < MOST_MEGABYTES


@pytest.mark.parametrize("frame", [masked(PONG, b""), masked(PING, b"x")], ids=["pong", "ping"])
async def test_more_control_frames_than_anybody_needs_close_the_socket(server: Served, frame: bytes) -> None:
    for greeting, most, words in ((b"", MOST_AT_FIRST, "before the first"), (GREETING, MOST_AT_ONCE, REASON)):
        async with flood(server.url) as client:
            await client.send(greeting)
            await client.send(frame * 2 * most)
            code, reason = await client.closed()
            assert code == 1008
            assert words in reason


async def test_two_hundred_pings_of_the_protocol_are_answered(server: Served) -> None:
    async with flood(server.url) as client:
        await client.send(GREETING + text({"type": "ping"}) * 200)
        heard = await client.messages(201)
    assert [each["type"] for each in heard] == ["connection_ack", *["pong"] * 200]


async def test_twenty_operations_at_once_are_answered(server: Served) -> None:
    names = [str(place) for place in range(20)]
    async with flood(server.url) as client:
        await client.send(GREETING)
        await client.messages(1)
        await client.send(b"".join(text(subscribe(name)) for name in names))
        heard = await client.messages(40)
    assert sorted(each["id"] for each in heard if each["type"] == "next") == sorted(names)
    assert sorted(each["id"] for each in heard if each["type"] == "complete") == sorted(names)


async def test_who_pings_now_and_then_gets_every_pong(server: Served) -> None:
    async with flood(server.url) as client:
        await client.send(GREETING)
        await client.messages(1)
        for number in range(60):  # as many as within a minute
            await client.send(masked(PING, b"%d" % number))
            assert await client.pong() == b"%d" % number


async def test_a_large_message_in_pieces_is_understood(server: Served) -> None:
    whole = orjson.dumps(subscribe(query=f"{TYPENAME} #", extensions={"filler": "x" * 60_000}))
    pieces = [whole[place : place + 1024] for place in range(0, len(whole), 1024)]
    async with flood(server.url) as client:
        await client.send(GREETING)
        await client.messages(1)
        for _ in range(5):
            await _in_pieces(client, pieces)
            assert [each["type"] for each in await client.messages(2)] == ["next", "complete"]


async def _in_pieces(client: Flood, pieces: list[bytes]) -> None:
    for place, piece in enumerate(pieces):
        is_last = place == len(pieces) - 1
        await client.send(masked(CONTINUED if place else TEXT, piece, fin=is_last))
