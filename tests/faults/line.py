"""A TCP line between a provider and its emulated vendor, on which anything may go wrong."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from resolvers.clock import Clock

HOST = "127.0.0.1"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# Small, so that what was sent and what was read differ little.
SEND_BUFFER_BYTES = 65536


class Reply(NamedTuple):
    """One HTTP answer; the length of its body is added when it is sent."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Told", *(f"{name}: {value}" for name, value in self.headers)]
        if self.status != 204:
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def wire(self) -> bytes:
        return self.head + self.body

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name), "")


class Exchange:
    """One request, and the ways to answer it; sending raises ConnectionError once the client has left."""

    def __init__(self, line: "Line", connection: "Connection", request: bytes) -> None:
        self._line = line
        self._connection = connection
        self.request = request

    async def real(self) -> Reply:
        """What the vendor answers."""
        reader, writer = await asyncio.open_connection(*self._line.target)
        try:
            writer.write(self.request)
            reply = await read_reply(reader)
        finally:
            writer.close()
            await writer.wait_closed()
        self._line.replies.append(reply)
        return reply

    async def send(self, data: bytes) -> None:
        self._line.sent_bytes += len(data)
        self._connection.writer.write(data)
        await self._connection.writer.drain()

    async def left(self) -> None:
        """Come back once the client has gone."""
        while await self._connection.reader.read(65536):
            pass
        self.hang_up()

    def hang_up(self) -> None:
        """End the connection in order."""
        self._connection.writer.close()

    def reset(self) -> None:
        """End the connection by a reset."""
        self._connection.reset()


Fault = Callable[[Exchange], Awaitable[None]]


async def forwarded(exchange: Exchange) -> None:
    """No fault at all."""
    await exchange.send((await exchange.real()).wire)


class Connection:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.is_frozen = False

    def reset(self) -> None:
        peer: socket.socket = self.writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.writer.transport.abort()


class Line:
    """Forwards each request to the vendor at `target_url`, unless a fault answers in its place."""

    def __init__(self, target_url: str, clock: Clock) -> None:
        target = urlsplit(target_url)
        self.target = (target.hostname or HOST, target.port or 80)
        self.connections = 0
        self.resets_on_accept = 0
        self.sent_bytes = 0
        self.requests: list[bytes] = []
        self.times: list[float] = []  # of the requests, by the clock
        self.replies: list[Reply] = []  # of the vendor
        self._clock = clock
        self._ahead: deque[Fault] = deque()
        self._usual: Fault = forwarded
        self._socket = bound_socket(0)
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None] | None, Connection] = {}
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"

    def next(self, *faults: Fault) -> None:
        """Meet these faults, one for each of the next requests; after them everything is as usual."""
        self._ahead.extend(faults)

    def always(self, fault: Fault) -> None:
        """Make this fault the usual."""
        self._usual = fault

    def freeze(self) -> None:
        """Keep the connections there are, but never answer on them again."""
        for connection in self._open.values():
            connection.is_frozen = True

    async def listen(self) -> None:
        """Accept connections, if it does not already."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, sock=self._socket, backlog=1024)

    async def hang_up(self) -> None:
        """End the connections there are, answered or not."""
        for connection in self._open.values():
            connection.writer.close()
        await self._settled()

    async def refuse(self) -> None:
        """Close the port and its connections; its number stays ours, for `listen`."""
        await self.close()
        self._socket = bound_socket(self.port)

    async def close(self) -> None:
        """Close the port and its connections."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._socket.close()
        await self._settled()

    async def _settled(self) -> None:
        tasks = [task for task in self._open if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        task = asyncio.current_task()
        self._open[task] = connection
        self.connections += 1
        try:
            await self._attend(connection)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever waits for this task is the server itself, which has no use for how it ended
        finally:
            del self._open[task]
            writer.close()

    async def _attend(self, connection: Connection) -> None:
        if self.resets_on_accept > 0:
            self.resets_on_accept -= 1
            connection.reset()
            return
        peer: socket.socket = connection.writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        while not connection.writer.is_closing():
            request = await read_message(connection.reader)
            if connection.is_frozen:
                await connection.reader.read()
                return
            self.requests.append(request)
            self.times.append(self._clock.monotonic())
            fault = self._ahead.popleft() if self._ahead else self._usual
            await fault(Exchange(self, connection, request))


def bound_socket(port: int) -> socket.socket:
    """A socket that holds a port without listening: connections to it are refused."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer with a body of a stated length, as its bytes."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = (
        line.partition(b":")[2] for line in head.lower().splitlines() if line.startswith(b"content-length:")
    )
    length = int(next(lengths, b"0"))
    return head + await reader.readexactly(length)


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """An answer, without the headers that belong to its connection."""
    head, _, body = (await read_message(reader)).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    kept = tuple(pair for pair in pairs if pair[0].lower() not in ("content-length", "connection", "keep-alive"))
    return Reply(int(first.split()[1]), body, kept)
