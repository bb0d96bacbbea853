"""A vendor and a proxy on raw sockets, that note who came and what was said."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import emulator
from graph.connections import connect
from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.upstream.contract import Outcome, Provider

REFERENCE = "cd-tg3isu1xgs/pcte-dj02vti9tabd"
SEED = (Path(emulator.__file__).parent / "ninedata" / "wire" / "seed.json").read_bytes()
SECRET = {"NINE_SECRET": "demo-not-a-secret"}


class Listener:
    """`heads` are the request lines and headers that arrived; `names` the ones asked for by SNI."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heads: list[str] = []
        self.names: list[str | None] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def header(self, name: str) -> str:
        """A header of the last request."""
        lines = dict(line.partition(": ")[::2] for line in self.heads[-1].splitlines()[1:])
        return {key.lower(): value for key, value in lines.items()}[name]


def reply(status: str = "200 OK", body: bytes = SEED, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def vendor(
    answer: bytes | None = None, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Listener]:
    """Answers every request alike."""
    listener = Listener()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                listener.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                listener.was_asked.set()
                await listener.may_answer.wait()
                writer.write(reply() if answer is None else answer)
        writer.close()

    if tls is not None:
        tls.sni_callback = lambda _, name, __: listener.names.append(name)
    async with await asyncio.start_server(serve, host, 0, ssl=tls) as server:
        listener.port = server.sockets[0].getsockname()[1]
        yield listener


@asynccontextmanager
async def broken_off(said: bytes = b"", *, by_reset: bool = False) -> AsyncIterator[Listener]:
    """Hears the first bytes, says some and goes away."""
    listener = Listener()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.connections += 1
        await reader.read(4096)
        if by_reset:
            at_once = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        listener.port = server.sockets[0].getsockname()[1]
        yield listener


@asynccontextmanager
async def proxy(behind: Listener) -> AsyncIterator[Listener]:
    """Takes every request to the same vendor, whatever name was asked for."""
    listener = Listener()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        listener.heads.append(head.decode())
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind.port)
        if head.startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            inner_writer.write(head)
        await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        listener.port = server.sockets[0].getsockname()[1]
        yield listener


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


def table(base_url: str, *lines: str) -> str:
    """A provider table with further lines."""
    head = '[[provider]]\nid = "nine"\nvendor = "ninedata"\naccess_key_id = "AK"\n'
    return f'{head}secret_key = {{ env = "NINE_SECRET" }}\nbase_url = "{base_url}"\n' + "\n".join([*lines, ""])


@asynccontextmanager
async def connected(folder: Path, base_url: str, lines: Iterable[str] = ()) -> AsyncIterator[Provider]:
    """The provider of a file with one table."""
    file = folder / "providers.toml"
    file.write_text(table(base_url, *lines), encoding="utf-8")
    [provider] = connect(read_providers(file, SECRET), Clock()).values()
    try:
        yield provider
    finally:
        await provider.close()


async def outcome(provider: Provider) -> Outcome:
    return (await provider.fetch([REFERENCE], provider.locales[0]))[REFERENCE]
