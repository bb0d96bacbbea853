"""Stands between a vendor and its clients, and notes when a word first goes by, and who is asked for."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

_CHUNK = 2**18
_REFERENCE = re.compile(rb"\bt_[0-9A-Za-z]+")


class Relay:
    """Hands on bytes; `url` takes the place of the vendor's. `asked` holds when each reference was asked for."""

    def __init__(self, vendor_url: str) -> None:
        self.url = ""
        self.asked: defaultdict[str, list[float]] = defaultdict(list)
        self._vendor = urlsplit(vendor_url)
        self._word = b""
        self._passed: asyncio.Future[float] | None = None

    def expect(self, word: str) -> "asyncio.Future[float]":
        """When the vendor first says this word, on the monotonic clock."""
        self._word = word.encode()
        self._passed = asyncio.get_running_loop().create_future()
        return self._passed

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        try:
            from_vendor, to_vendor = await asyncio.open_connection(self._vendor.hostname, self._vendor.port)
        except OSError:
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._hand_on(reader, to_vendor))
                both.create_task(self._watch(from_vendor, writer))
        except* OSError:
            pass
        finally:
            writer.close()
            to_vendor.close()

    async def _watch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        before = b""
        while chunk := await reader.read(_CHUNK):
            if self._passed is not None and self._word in before + chunk:
                self._passed.set_result(time.monotonic())
                self._passed = None
            before = chunk[-len(self._word) :]
            writer.write(chunk)
        writer.close()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            for reference in _REFERENCE.findall(chunk):
                self.asked[reference.decode()].append(time.monotonic())
            writer.write(chunk)
        writer.close()


@asynccontextmanager
async def relay(vendor_url: str) -> AsyncIterator[Relay]:
    """One that listens until the block is over."""
    made = Relay(vendor_url)
    server = await asyncio.start_server(made.connected, "127.0.0.1", 0, limit=_CHUNK)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
