"""Signs of life: on every transport, from time to time, and never more than one that waits to be read."""

import asyncio
from collections.abc import AsyncGenerator, Iterator

import httpx2 as httpx
import pytest

from graph.http.pulse import Heartbeats, Pulse
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.deafness import LONG_ANSWER, ask, deaf
from tests.faults.watching import LONG, until
from tests.graph.documents import UPDATES, event_of, ref
from tests.graph.served import Served, Socket, served


@pytest.fixture
def lively(providers: list[ProviderSettings]) -> Iterator[Served]:
    """A server that shows life all the time."""
    with served(providers, heartbeats=Heartbeats(0.02, 0.02, 0.02), send_buffer=4096) as server:
        yield server


@pytest.fixture
def run(emulator: Emulator) -> str:
    return emulator.create_run("oms-ce", scenario="stuck", seconds=LONG)


async def test_a_socket_is_pinged_from_its_acknowledgement_on(lively: Served, run: str) -> None:
    async with Socket(lively.url) as ws:
        for _ in range(3):
            assert await ws.receive() == {"type": "ping"}
            await ws.send({"type": "pong"})
        await ws.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
        while (message := await ws.receive()) == {"type": "ping"}:
            pass
        assert event_of(message["payload"])["kind"] == "SNAPSHOT"
        assert await ws.receive() == {"type": "ping"}


@pytest.mark.parametrize(
    ("accept", "sign", "end"),
    [
        ("text/event-stream", ": ping\n\n", "event: complete\ndata: \n\n"),
        ("multipart/mixed;subscriptionSpec=1.0", "\r\n\r\n{}\r\n--graphql", "\r\n--graphql--\r\n"),
    ],
)
async def test_a_stream_over_http_shows_life_between_its_events(
    lively: Served, emulator: Emulator, accept: str, sign: str, end: str
) -> None:
    run = emulator.create_run("oms-ce", scenario="clean", seconds=LONG)
    pieces = written(lively, accept, run)
    text = ""
    while text.partition("SNAPSHOT")[2].count(sign) < 2:
        text += await anext(pieces)
    emulator.advance(LONG)
    text += "".join([piece async for piece in pieces])
    assert "COMPLETED" in text
    assert text.endswith(end)


async def written(server: Served, accept: str, run: str) -> AsyncGenerator[str, None]:
    body = {"query": UPDATES, "variables": {"refs": [ref("oms-ce", run)]}}
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream("POST", f"{server.url}/graphql", json=body, headers={"accept": accept}) as answer,
    ):
        async for piece in answer.aiter_text():
            yield piece


async def test_pings_for_a_client_that_does_not_read_do_not_pile_up(lively: Served) -> None:
    with deaf(lively.url) as silent:
        for _ in range(5):
            ask(silent, LONG_ANSWER)
        async with Socket(lively.url) as ws:
            tasks = []
            for _ in range(40):
                assert await ws.receive() == {"type": "ping"}
                tasks.append(await lively.tasks())
        assert max(tasks[20:]) <= max(tasks[:20]) + 3, "each of the two sockets may be at a beat"


async def test_a_beat_that_has_not_ended_stands_for_those_after_it_and_none_comes_after_the_stop() -> None:
    begun, ticks, gate = 0, 0, asyncio.Event()

    async def beat() -> None:
        nonlocal begun
        begun += 1
        await gate.wait()

    async def tick() -> None:
        nonlocal ticks
        ticks += 1

    async def some_time() -> None:
        enough = ticks + 5
        await until(lambda: ticks > enough)

    pulse, clock = Pulse(0.001, beat), Pulse(0.001, tick)
    pulse.start()
    clock.start()
    await some_time()
    assert begun == 1
    gate.set()
    await until(lambda: begun > 3)
    pulse.stop()
    begun_before = begun
    await some_time()
    clock.stop()
    assert begun == begun_before
