"""A client that writes what it likes, and reads whatever comes back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

WAIT_SECONDS = 20.0


class Answered(NamedTuple):
    """One answer: its status, its headers by their names in small letters, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The only entry of `errors`."""
        [error] = orjson.loads(self.body)["errors"]
        return dict(error)


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, data: bytes) -> bool:
        """Write, and tell whether the other side still took it."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            return False
        return True

    async def heard(self) -> bytes:
        """All that comes until the other side closes."""
        async with asyncio.timeout(WAIT_SECONDS):
            said = bytearray()
            with suppress(ConnectionError):
                while data := await self._reader.read(65536):
                    said += data
            return bytes(said)

    async def answer(self) -> Answered:
        """The next answer, of a known length or in chunks."""
        async with asyncio.timeout(WAIT_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, headers = read_head(head)
            if headers.get("transfer-encoding") == "chunked":
                return Answered(status, headers, await self._chunks())
            return Answered(status, headers, await self._reader.readexactly(int(headers.get("content-length", 0))))

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readline()
        await self._reader.readline()
        return body


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """A connection to a server, until the block ends."""
    target = urlsplit(url)
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def read_head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    version, status, _ = first.split(" ", 2)
    assert version == "HTTP/1.1", first
    return int(status), {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def post(body: bytes, *headers: str, path: str = "/graphql") -> bytes:
    """A good POST, with more headers."""
    head = [f"POST {path} HTTP/1.1", "host: localhost", "content-type: application/json"]
    return "\r\n".join([*head, f"content-length: {len(body)}", *headers, "", ""]).encode() + body
