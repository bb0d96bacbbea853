"""A TCP connection's way between a client and the server, that can be cut."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Cable:
    """Carries bytes as they are. While it is cut, every connection is reset."""

    def __init__(self, target_url: str) -> None:
        target = urlsplit(target_url)
        self._target = (target.hostname, target.port)
        self._is_cut = False
        self._cuts_within_the_next = False
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.connections = 0  # that were carried
        self.sent = bytearray()  # by clients
        self.answered = bytearray()
        self.torn = asyncio.Event()

    def refuse(self) -> None:
        """Reset every connection that is to come."""
        self._is_cut = True

    def cut(self) -> None:
        """Reset both ends of every connection, and every one that is to come."""
        self.refuse()
        for writer in self._open:
            _reset(writer)

    def cut_within_the_next(self) -> None:
        """Be cut as soon as half of what the server sends next was carried; `torn` then."""
        self.torn.clear()
        self._cuts_within_the_next = True

    def mend(self) -> None:
        """Carry new connections."""
        self._is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end has enough."""
        if self._is_cut:
            _reset(writer)
            return
        self.connections += 1
        with suppress(ConnectionError):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._open |= {writer, far_writer}
            try:
                await asyncio.gather(self._up(reader, far_writer), self._down(far_reader, writer))
            finally:
                self._open -= {writer, far_writer}
                far_writer.close()
        writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.sent += data
            writer.write(data)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self._cuts_within_the_next:
                self._cuts_within_the_next = False
                writer.write(data[: len(data) // 2])
                self.cut()
                self.torn.set()
                return
            self.answered += data
            writer.write(data)
        writer.close()


@asynccontextmanager
async def cable(target_url: str) -> AsyncIterator[Cable]:
    """A cable to a server, of a port of its own."""
    laid = Cable(target_url)
    async with await asyncio.start_server(laid.serve, "127.0.0.1", 0) as server:
        laid.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield laid
        finally:
            laid.cut()


def _reset(writer: asyncio.StreamWriter) -> None:
    peer: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):  # it may be closed already
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
