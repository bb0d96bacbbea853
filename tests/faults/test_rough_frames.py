"""Frames and handshakes that no honest client sends: the socket ends soon, and nothing of it is logged."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from websockets.frames import Frame, Opcode

from graph.http.slight import MOST_AT_FIRST, MOST_AT_ONCE, PER_SECOND, SMALLEST_PIECE, Slight, is_slight
from tests.attack.dialogue import INIT, TYPENAME, masked, subscribe
from tests.graph.raw import Wire, wire
from tests.graph.served import Served

HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)
GREETING = masked(1, orjson.dumps(INIT))
QUERIES = b"".join(masked(1, orjson.dumps(subscribe(f"{place}", TYPENAME))) for place in range(10))
NO_TEXT, NO_FRAME, PING, CLOSE = masked(1, b"\xff"), masked(3, b""), masked(9, b"x"), masked(8, b"\x03\xe8")
ODD = {
    "no UTF-8": GREETING + NO_TEXT,
    "no UTF-8 in pieces": GREETING + masked(1, b"\xc3", fin=False) + masked(0, b"\x28"),
    "no UTF-8, then a ping": GREETING + NO_TEXT + PING,
    "no UTF-8, then a close": GREETING + NO_TEXT + CLOSE,
    "no UTF-8 behind queries": GREETING + QUERIES + NO_TEXT,
    "no frame behind queries": GREETING + QUERIES + b"\n" * 1200 + NO_FRAME,
    "a close behind queries": GREETING + QUERIES + CLOSE,
    "no message behind queries": GREETING + QUERIES + masked(1, b"{}") + QUERIES + PING,
    "too many pings behind queries": GREETING + QUERIES + PING * 1000,
    "more after a close": GREETING + CLOSE + PING * 1000 + NO_TEXT,
    "a close code that is none": GREETING + masked(8, b"\x00\x01"),
    "nothing": b"",
    "a close at once": CLOSE,
    "no frame at once": NO_FRAME,
    "a ping at once": PING,
}
REFUSED = {
    "a foreign host": ("host: localhost", "host: evil.example", 421),
    "a foreign origin": ("\r\n\r\n", "\r\norigin: https://evil.example\r\n\r\n", 403),
    "another path": ("/graphql", "/nothing", 403),
    "a key that is none": ("AAAAAAAAAAAAAAAAAAAAAA==", "A", 400),
    "another version": ("version: 13", "version: 12", 400),
}


@pytest.mark.parametrize("is_patient", [True, False], ids=["after the answer", "with the handshake"])
@pytest.mark.parametrize("name", ODD)
async def test_odd_frames_leave_no_line_in_the_log(
    server: Served, caplog: pytest.LogCaptureFixture, name: str, is_patient: bool
) -> None:
    for _ in range(5):
        async with wire(server.url) as client:
            await client.say(HANDSHAKE.encode())
            if is_patient:
                assert (await client.answer()).status == 101
            await client.say(ODD[name])
    await server.no_connection()
    assert lines(caplog) == []


@pytest.mark.parametrize("name", REFUSED)
async def test_a_handshake_that_is_refused_leaves_no_line_in_the_log(
    server: Served, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    good, odd, status = REFUSED[name]
    async with wire(server.url) as client:
        await client.say(HANDSHAKE.replace(good, odd).encode())
        assert (await client.answer()).status == status
        assert await client.heard() == b"", "the connection ends"
    await server.no_connection()
    assert lines(caplog) == []


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What `serve` would show: it lets Strawberry say nothing below an error about a socket."""
    least = {"strawberry.ws": logging.ERROR}
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= least.get(record.name, logging.WARNING)
    ]


@asynccontextmanager
async def begun(server: Served) -> AsyncIterator[Wire]:
    async with wire(server.url) as client:
        await client.say(HANDSHAKE.encode())
        assert (await client.answer()).status == 101
        yield client


@pytest.mark.parametrize(
    "last", [NO_FRAME, NO_TEXT, PING * 1000, masked(1, b"{}")], ids=["1002", "1007", "1008", "4400"]
)
async def test_who_was_told_to_go_and_stays_is_gone_before_others_would_be_missed(
    server: Served, last: bytes
) -> None:
    async with begun(server) as client:
        await client.say(GREETING + last)
        async with asyncio.timeout(6):  # it took ten
            assert b"\x88" in await client.heard()
    await server.no_connection()


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> Frame:
    return Frame(opcode, data, fin)


def test_frames_that_bring_nothing_are_slight() -> None:
    assert is_slight(frame(Opcode.PING), None)
    assert is_slight(frame(Opcode.PONG, b"1"), None)
    assert is_slight(frame(Opcode.PONG, b"1"), b"2")
    assert is_slight(frame(Opcode.TEXT, b"x", fin=False), None)
    assert is_slight(frame(Opcode.CONT, b"", fin=False), None)


def test_messages_large_pieces_and_the_pong_that_was_asked_for_are_not() -> None:
    assert not is_slight(frame(Opcode.PONG, b"1"), b"1")
    assert not is_slight(frame(Opcode.TEXT, b"x"), None)
    assert not is_slight(frame(Opcode.CONT, b"x"), None)
    assert not is_slight(frame(Opcode.CONT, b"x" * SMALLEST_PIECE, fin=False), None)
    assert not is_slight(frame(Opcode.CLOSE), None)


def test_so_many_at_once_and_again_as_many_as_time_has_passed_for() -> None:
    slight = Slight()
    assert slight.refusal(MOST_AT_ONCE, 1000.0, has_spoken=True) is None
    assert slight.refusal(PER_SECOND, 1001.0, has_spoken=True) is None
    assert "100" in str(slight.refusal(1, 1001.0, has_spoken=True))


def test_one_ping_a_second_is_never_too_many() -> None:
    slight = Slight()
    assert {slight.refusal(1, float(second), has_spoken=True) for second in range(10_000)} == {None}


def test_whoever_has_said_nothing_may_send_few() -> None:
    slight = Slight()
    assert slight.refusal(MOST_AT_FIRST, 1000.0, has_spoken=False) is None
    assert "10" in str(slight.refusal(1, 1000.0, has_spoken=False))
