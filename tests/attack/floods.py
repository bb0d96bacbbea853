"""Floods over one WebSocket, in bytes, and what another client waits meanwhile."""

import asyncio
import base64
import os
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.attack.dialogue import INIT, Sent, masked, subscribe
from tests.graph.raw import post, wire

TEXT, PING, PONG, CONTINUED = 1, 9, 10, 0
GOODBYE = masked(8, b"\x03\xe8")
GREETING = masked(TEXT, orjson.dumps(INIT))
SMALL = post(b'{"query": "{ __typename }"}')


def text(message: Sent) -> bytes:
    """A message in one frame."""
    return masked(TEXT, orjson.dumps(message))


DOCUMENTS = b"".join(text(subscribe(f"{number}", "{")) for number in range(5_000))
# What begins a dialogue, what is said again and again, and how often.
FLOODS: dict[str, tuple[bytes, bytes, int]] = {
    "pongs of nobody": (b"", masked(PONG, b""), 1_000_000),
    "pings of nobody": (b"", masked(PING, b""), 1_000_000),
    "empty pieces of nobody": (masked(TEXT, b"", fin=False), masked(CONTINUED, b"", fin=False), 1_000_000),
    "pongs": (GREETING, masked(PONG, b""), 1_000_000),
    "full pings": (GREETING, masked(PING, b"x" * 125), 100_000),
    "empty pieces": (GREETING + masked(TEXT, b"", fin=False), masked(CONTINUED, b"", fin=False), 1_000_000),
    "messages that are none": (GREETING, masked(TEXT, b"1"), 200_000),
    "documents that are none": (GREETING, DOCUMENTS, 2),
    "pings of the protocol": (GREETING, text({"type": "ping"}), 30_000),
    "completes": (GREETING, text({"type": "complete", "id": "1"}), 100_000),
}


class Flood:
    """One WebSocket that only writes; what comes back is read away unless it is deaf."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> bool:
        """Write it all; False where the other side takes no more."""
        try:
            for place in range(0, len(data), 1 << 18):
                self._writer.write(data[place : place + (1 << 18)])
                await self._writer.drain()
        except ConnectionError:
            return False
        return True

    async def closed(self) -> tuple[int, str]:
        """The code and the reason of the close frame; 0 where the connection ends without one."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                opcode, payload = await self._frame()
                if opcode == 8:
                    return int.from_bytes(payload[:2]), payload[2:].decode()
        return 0, ""

    async def messages(self, count: int) -> list[dict[str, Any]]:
        """The next messages, whatever frames come between them."""
        heard: list[dict[str, Any]] = []
        while len(heard) < count:
            opcode, payload = await self._frame()
            if opcode == TEXT:
                heard.append(orjson.loads(payload))
            assert opcode != 8, payload
        return heard

    async def pong(self) -> bytes:
        """What the next pong brings; messages are left out."""
        while True:
            opcode, payload = await self._frame()
            if opcode == PONG:
                return payload
            assert opcode != 8, payload

    async def ended(self) -> None:
        """Until the other side has ended the connection, whatever it says before."""
        with suppress(ConnectionError):
            while await self._reader.read(1 << 16):
                pass

    async def _frame(self) -> tuple[int, bytes]:
        async with asyncio.timeout(30):
            first, length = await self._reader.readexactly(2)
            if length == 126:
                [length] = struct.unpack("!H", await self._reader.readexactly(2))
            return first & 15, await self._reader.readexactly(length)


@asynccontextmanager
async def flood(url: str, limit: int = 1 << 16) -> AsyncIterator[Flood]:
    """A WebSocket after its handshake, until the block ends; `limit` is what is read ahead, in bytes."""
    target = urlsplit(url)
    reader, writer = await asyncio.open_connection(target.hostname, target.port, limit=limit)
    key = base64.b64encode(os.urandom(16)).decode()
    head = f"GET /graphql HTTP/1.1\r\nHost: {target.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    writer.write(f"{head}Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode())
    try:
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        yield Flood(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def waits(url: str, over: asyncio.Future[Any], least: int = 100) -> list[float]:
    """Seconds that each small query of another client takes until something is over, and for `least` of them."""
    seconds: list[float] = []
    async with wire(url) as client:
        while len(seconds) < least or not over.done():
            begun = time.perf_counter()
            await client.say(SMALL)
            assert (await client.answer()).status == 200
            seconds.append(time.perf_counter() - begun)
    return seconds
