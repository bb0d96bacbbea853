"""The floor: sockets that get the same frames, without a framework, GraphQL or anything to decide."""

import asyncio
import base64
import hashlib
import sys
import time
from typing import cast

import orjson
import uvloop

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ACKNOWLEDGED = b'{"type":"connection_ack"}'
_LONGEST_LINE = 64 * 1024 * 1024


class Socket(asyncio.Protocol):
    """One connection: greeted, acknowledged, given a first frame, then written to."""

    def __init__(self, sockets: dict["Socket", asyncio.Transport], first: bytes) -> None:
        self._sockets = sockets
        self._first = first
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """A client's words come one by one, for it waits for each answer."""
        if self._transport is None:
            return
        if data.startswith(b"GET "):
            self._transport.write(_accepted(data))
        elif b'"connection_init"' in data:
            self._transport.write(frame(_ACKNOWLEDGED))
        elif b'"subscribe"' in data:
            self._sockets[self] = self._transport
            self._transport.write(self._first)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget it."""
        del error
        self._sockets.pop(self, None)


def frame(text: bytes) -> bytes:
    """A server's text frame."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 2**16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text


def _accepted(request: bytes) -> bytes:
    lines = dict(line.split(b": ", 1) for line in request.split(b"\r\n") if b": " in line)
    key = base64.b64encode(hashlib.sha1(lines[b"sec-websocket-key"] + _MAGIC).digest())  # noqa: S324 - as prescribed
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-protocol: graphql-transport-ws\r\nsec-websocket-accept: " + key + b"\r\n\r\n"
    )


async def _serve() -> None:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sockets: dict[Socket, asyncio.Transport] = {}
    first = frame(b'{"id":"1","type":"next","payload":{}}')
    server = await loop.create_server(lambda: Socket(sockets, first), "127.0.0.1", 0, backlog=2048)
    _say(f"raw: http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql")
    while line := await reader.readline():
        written = frame(line.rstrip())
        began = time.monotonic()
        for transport in sockets.values():
            transport.write(written)
        _say(orjson.dumps(began).decode())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_serve())
