"""Dialogues over WebSockets: what is sent, and what a server made of it."""

import asyncio
import base64
import os
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Sent: TypeAlias = dict[str, Any] | list[Any] | str | bytes | int | float | None

INIT: dict[str, Any] = {"type": "connection_init"}
TYPENAME = "{ __typename }"
_PATIENCE_SECONDS = 10


class Outcome(NamedTuple):
    """The code that the server closed with, None where the socket lives on, and all that it sent before."""

    closed: int | None
    messages: list[dict[str, Any]]

    def told(self, operation: str) -> list[str]:
        """The types of the messages about one operation."""
        return [each["type"] for each in self.messages if each.get("id") == operation]


def subscribe(operation: Any = "1", query: Any = TYPENAME, **payload: Any) -> dict[str, Any]:
    """A `subscribe` message."""
    return {"type": "subscribe", "id": operation, "payload": {"query": query, **payload}}


async def held(url: str, sent: Sequence[Sent], sibling: str | None = None) -> Outcome:
    """Say all this, after `connection_init` and beside a stream of that document where one is given.

    A socket that still answers a query afterwards lives on.
    """
    messages: list[dict[str, Any]] = []
    address = f"{url.replace('http://', 'ws://')}/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None) as ws:
        try:
            if sibling is not None:
                await _begun(ws, sibling)
            for each in sent:
                await ws.send(_frame(each))
            await ws.send(_frame(subscribe("afterwards")))
            while not _is_answered(messages):
                messages.append(orjson.loads(await asyncio.wait_for(ws.recv(), _PATIENCE_SECONDS)))
        except ConnectionClosed as closed:
            return Outcome(closed.rcvd.code if closed.rcvd else 1006, messages)
    return Outcome(None, messages)


def _is_answered(messages: list[dict[str, Any]]) -> bool:
    return any(each.get("id") == "afterwards" and each["type"] in ("complete", "error") for each in messages)


async def _begun(ws: ClientConnection, document: str) -> None:
    for each in (INIT, subscribe("sibling", document)):
        await ws.send(_frame(each))
    while orjson.loads(await ws.recv())["type"] != "next":
        pass


def _frame(sent: Sent) -> str | bytes:
    return sent if isinstance(sent, str | bytes) else orjson.dumps(sent).decode()


async def raw(url: str, after_handshake: bytes, subprotocol: str = "graphql-transport-ws") -> int:
    """The code of the close frame that these bytes bring, 0 where the connection ends without one."""
    reader, writer = await _opened(url, f"Sec-WebSocket-Protocol: {subprotocol}\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head, head
    try:
        writer.write(after_handshake)
        return await asyncio.wait_for(_close_code(reader), _PATIENCE_SECONDS)
    finally:
        writer.transport.abort()


async def handshake(url: str, headers: str, version: int = 13, key: str | None = None, method: str = "GET") -> int:
    """The status that a handshake with these further header lines is answered with."""
    reader, writer = await _opened(url, headers, version, key, method)
    try:
        line = await asyncio.wait_for(reader.readline(), _PATIENCE_SECONDS)
        return int(line.split()[1]) if line else 0
    finally:
        writer.transport.abort()


async def _opened(
    url: str, headers: str, version: int = 13, key: str | None = None, method: str = "GET"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = urlsplit(url).hostname, urlsplit(url).port
    reader, writer = await asyncio.open_connection(host, port)
    told = base64.b64encode(os.urandom(16)).decode() if key is None else key
    head = f"{method} /graphql HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += f"Sec-WebSocket-Key: {told}\r\nSec-WebSocket-Version: {version}\r\n{headers}\r\n"
    writer.write(head.encode("latin-1"))
    return reader, writer


async def _close_code(reader: asyncio.StreamReader) -> int:
    try:
        while True:
            first, second = await reader.readexactly(2)
            length = second & 127
            if length == 126:
                [length] = struct.unpack("!H", await reader.readexactly(2))
            payload = await reader.readexactly(length)
            if first & 15 == 8:
                return int(struct.unpack("!H", payload[:2])[0]) if len(payload) > 1 else 1005
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0


def masked(
    opcode: int, payload: bytes, *, fin: bool = True, reserved: int = 0, length: int | None = None
) -> bytes:
    """One frame of a client, whatever is wrong with it."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    size = len(payload) if length is None else length
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + b"\0\0\0\0" + payload  # a mask of zeros changes nothing
