"""A bearer that ends takes its streams and its socket along, with a word."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.emulator.process import Emulator
from tests.faults.issuer import HandClock, Issuer, issuing
from tests.graph.documents import LOOKUP, UPDATES, event_of, ref
from tests.graph.served import Served, Socket, served

Stream = Callable[..., AsyncGenerator[dict[str, Any], None]]
LONG = 80  # seconds of a run that a test moves on by hand


@pytest.fixture
def server(authorized: Served) -> Served:
    return authorized


@pytest.fixture
def run(emulator: Emulator) -> str:
    """A run that goes on for longer than any token here."""
    return emulator.create_run("oms-ce", scenario="clean", seconds=LONG)


def code_of(payload: dict[str, Any]) -> str:
    [error] = payload["errors"]
    assert "bearer token" in error["message"]
    code: str = error["extensions"]["code"]
    return code


async def closed_with(socket: Socket) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await socket.receive()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


@pytest.mark.row("C5")
@pytest.mark.parametrize("transport", ["over_websocket", "over_sse", "over_multipart"])
async def test_a_stream_lives_to_the_last_second_of_its_bearer_and_no_longer(
    server: Served, issuer: Issuer, emulator: Emulator, run: str, transport: str
) -> None:
    stream: Stream = getattr(server.with_token(issuer.token(lasts=60)), transport)
    events = stream(UPDATES, refs=[ref("oms-ce", run)])
    assert event_of(await anext(events))["kind"] == "SNAPSHOT"
    issuer.clock.advance(59)
    emulator.advance(LONG / 2)
    assert event_of(await anext(events))["kind"] == "CHANGED"
    issuer.clock.advance(1)
    ending = [code_of(payload) async for payload in events]
    assert ending == ["AUTH_EXPIRED"]


@pytest.mark.row("C5")
async def test_a_stream_whose_run_is_over_first_completes_as_ever(
    server: Served, issuer: Issuer, emulator: Emulator, run: str
) -> None:
    events = server.with_token(issuer.token(lasts=60)).over_sse(UPDATES, refs=[ref("oms-ce", run)])
    assert event_of(await anext(events))["kind"] == "SNAPSHOT"
    emulator.advance(LONG)
    assert [event_of(payload)["kind"] async for payload in events][-1] == "COMPLETED"


@pytest.mark.row("C5")
async def test_the_end_of_one_bearer_leaves_the_streams_of_others_alone(
    server: Served, issuer: Issuer, emulator: Emulator, run: str
) -> None:
    short, long = (
        server.with_token(issuer.token(lasts=lasts)).over_sse(UPDATES, refs=[ref("oms-ce", run)])
        for lasts in (60, 600)
    )
    for events in (short, long):
        assert event_of(await anext(events))["kind"] == "SNAPSHOT"
    issuer.clock.advance(60)
    assert [code_of(payload) async for payload in short] == ["AUTH_EXPIRED"]
    emulator.advance(LONG)
    assert [event_of(payload)["kind"] async for payload in long][-1] == "COMPLETED"


@pytest.mark.row("C5")
async def test_the_poller_ends_with_the_bearer_of_its_last_viewer(
    server: Served, issuer: Issuer, emulator: Emulator, run: str
) -> None:
    token = issuer.token(lasts=60)
    events = server.with_token(token).over_sse(UPDATES, refs=[ref("oms-ce", run)])
    await anext(events)
    issuer.clock.advance(60)
    assert [code_of(payload) async for payload in events] == ["AUTH_EXPIRED"]
    emulator.ask("DELETE", "/calls")
    other = ref("oms-ce", emulator.create_run("oms-ce", scenario="clean", seconds=LONG))
    client = server.with_token(issuer.token())
    for _ in range(20):  # many times as long as a poller waits
        await client.data(LOOKUP, refs=[other], maxAgeSeconds=0)
    asked = emulator.calls("oms-ce")["GetPreCheckResult"]["ids"]
    assert asked.count([other["externalId"]]) == 20
    assert asked.count([run]) <= 1, "what was under way may still land"


@pytest.mark.row("C5")
async def test_a_socket_ends_after_all_its_streams_have_said_why(server: Served, issuer: Issuer, run: str) -> None:
    async with Socket(server.url, issuer.token(lasts=60)) as socket:
        for place in ("1", "2"):
            await socket.subscribe(place, UPDATES, refs=[ref("oms-ce", run)])
            assert event_of((await socket.receive())["payload"])["kind"] == "SNAPSHOT"
        issuer.clock.advance(60)
        last = [await socket.receive() for _ in range(4)]
        for place in ("1", "2"):
            said, completed = (message for message in last if message["id"] == place)
            assert code_of(said["payload"]) == "AUTH_EXPIRED"
            assert completed["type"] == "complete"
        assert await closed_with(socket) == 4401


@pytest.mark.row("C5")
async def test_an_idle_socket_ends_with_its_bearer(server: Served, issuer: Issuer) -> None:
    async with Socket(server.url, issuer.token(lasts=60)) as socket:
        issuer.clock.advance(60)
        assert await closed_with(socket) == 4401


@pytest.mark.row("C5")
async def test_nothing_waits_for_the_end_of_a_bearer_whose_socket_is_gone(
    server: Served, issuer: Issuer, run: str
) -> None:
    async with Socket(server.url, issuer.token(lasts=60)) as socket:
        await socket.subscribe("1", UPDATES, refs=[ref("oms-ce", run)])
        await socket.receive()
        before = 1  # the watchdog
        waiting = 0
        while waiting < before + 3:  # the socket, its stream, the poller
            await asyncio.sleep(0.005)
            waiting = issuer.clock.sleepers
    while waiting > before:
        await asyncio.sleep(0.005)
        waiting = issuer.clock.sleepers


class LateClock(HandClock):
    """Wakes nobody who waits for a bearer's end: only what looks at the date notices it."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(3600)


@pytest.mark.row("C5")
async def test_a_new_operation_on_a_socket_whose_bearer_has_ended_is_refused() -> None:
    with issuing(LateClock()) as issuer, served([], issuer.settings(), issuer.clock) as server:
        async with Socket(server.url, issuer.token(lasts=60)) as socket:
            await socket.subscribe("1", "{ __typename }")
            assert [(await socket.receive())["type"] for _ in range(2)] == ["next", "complete"]
            issuer.clock.advance(60)
            await socket.subscribe("2", "{ __typename }")
            refused = await socket.receive()
            assert (refused["id"], refused["type"]) == ("2", "error")
            assert code_of({"errors": refused["payload"]}) == "AUTH_EXPIRED"


async def opened(ws: ClientConnection, message: str) -> int | None:
    """With which code the server closes the socket after this message, None if it answers instead."""
    await ws.send(message)
    try:
        await ws.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    return None


@pytest.mark.row("C6")
async def test_a_socket_brings_its_token_at_init_in_any_case_or_in_the_handshake(
    server: Served, issuer: Issuer
) -> None:
    good, bad = f"Bearer {issuer.token()}", f"Bearer {issuer.token(aud='others')}"
    init = '{"type": "connection_init", "payload": {"%s": %s}}'
    cases = [
        (None, init % ("authorization", f'"{good}"'), None),
        (None, init % ("AUTHORIZATION", f'"{good}"'), None),
        (good, '{"type": "connection_init"}', None),
        (bad, init % ("Authorization", f'"{good}"'), None),
        (None, '{"type": "connection_init"}', 4403),
        (None, '{"type": "connection_init", "payload": null}', 4400),
        (None, init % ("authorization", f'"{bad}"'), 4403),
        (None, init % ("authorization", "5"), 4403),
        (good, init % ("authorization", f'"{bad}"'), 4403),
        (bad, '{"type": "connection_init"}', 4403),
        (good, '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}', 4401),
    ]
    url = server.url.replace("http://", "ws://") + "/graphql"
    for handshake, message, code in cases:
        headers = {"authorization": handshake} if handshake else {}
        subprotocols = [Subprotocol("graphql-transport-ws")]
        async with connect(url, subprotocols=subprotocols, additional_headers=headers) as ws:
            assert await opened(ws, message) == code, (handshake, message)


@pytest.mark.row("C6")
async def test_a_socket_that_is_not_let_in_is_told_why(issuer: Issuer, server: Served) -> None:
    init = '{"type": "connection_init", "payload": {"authorization": "Bearer %s"}}'
    assert await told(server, init % "nonsense") == (4403, "The bearer token cannot be read: it is no signed JWT.")
    assert (await told(server, '{"type": "connection_init"}'))[1].startswith("This server answers callers with")
    issuer.stop()
    with served([], issuer.settings(), issuer.clock) as without_keys:
        code, reason = await told(without_keys, init % issuer.token())
    assert (code, reason.startswith("This server cannot check bearer tokens")) == (1013, True)


async def told(server: Served, message: str) -> tuple[int, str]:
    """The code and the reason that the server closes with after this message."""
    url = server.url.replace("http://", "ws://") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as ws:
        await ws.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await ws.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason
