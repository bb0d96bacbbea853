"""A line between a gateway and the server that remembers what went over it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit


class Tap:
    """Carries bytes as they are, and keeps them."""

    def __init__(self, target_url: str) -> None:
        target = urlsplit(target_url)
        self._target = (target.hostname, target.port)
        self._server: asyncio.Server | None = None
        self.address = ""
        self._instead = b""  # what is answered to whatever comes, where the server is not to be asked
        self.asked = bytearray()  # all that gateways sent
        self.pieces = 0  # of what the server sent
        self._came = asyncio.Event()

    def forget(self) -> None:
        """Remember what comes from now on."""
        self.asked.clear()

    def requests(self, word: str) -> int:
        """How many times this was sent since then."""
        return self.asked.count(word.encode())

    async def more(self, pieces: int) -> None:
        """Wait until the server has sent this many pieces more."""
        until = self.pieces + pieces
        async with asyncio.timeout(20):
            while self.pieces < until:
                self._came.clear()
                await self._came.wait()

    async def listen(self) -> None:
        """Take connections; the same address for as long as it lives."""
        port = int(self.address.rpartition(":")[2] or 0)
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", port)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Take no more connections; those that are there stay."""
        if self._server is not None:
            self._server.close()

    @asynccontextmanager
    async def deserted(self) -> AsyncIterator[None]:
        """Nobody listens there while the block runs."""
        self.close()
        try:
            yield
        finally:
            await self.listen()

    @contextmanager
    def answering(self, status: str, html: str) -> Iterator[None]:
        """Have a page answered in the place of the server while the block runs."""
        head = f"HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {len(html)}\r\nconnection: close"
        self._instead = f"{head}\r\n\r\n{html}".encode()
        try:
            yield
        finally:
            self._instead = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end has enough."""
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        up = asyncio.create_task(self._up(reader, far_writer, writer))
        down = asyncio.create_task(self._down(far_reader, writer))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            far_writer.close()
            writer.close()

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            self.asked += data
            if self._instead:
                back.write(self._instead)
                return
            writer.write(data)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.pieces += 1
            self._came.set()
            writer.write(data)


@asynccontextmanager
async def tap(target_url: str) -> AsyncIterator[Tap]:
    """A tapped line to a server, of a port of its own."""
    laid = Tap(target_url)
    await laid.listen()
    try:
        yield laid
    finally:
        laid.close()
