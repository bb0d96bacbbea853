"""Those who are measured: each a process of its own, asked by callers that cost little, whose CPU is read."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec
import orjson

from benchmarks.emulated import announced, process
from benchmarks.peers import HIVE, gateway
from graph.settings import PREFIX, Settings

OURS, STOCK, TEXTBOOK, BARE, HANDWRITTEN = (
    "ours",
    "ours, compiled path off",
    "textbook",
    "bare route",
    "hand-written",
)
COMPILED = "compiled_execution"
# How Linux numbers the clocks of processes; it counts nanoseconds there, and hundredths of a second in /proc.
_PID_BITS, _SCHEDULED = 3, 2
_MOST = "1000000"


class Caller(Protocol):
    """One client of a side; it asks one thing at a time."""

    async def ask(self, question: bytes) -> bytes:
        """The whole answer. Raises OSError or RuntimeError."""

    def close(self) -> None:
        """Leave."""


class Side(NamedTuple):
    """One process: how it is reached, and its process id."""

    name: str
    pid: int
    url: str = ""
    lines: asyncio.subprocess.Process | None = None
    headers: Mapping[str, str] = {}

    async def caller(self) -> Caller:
        """A new client."""
        if self.lines is not None:
            return LineCaller(self.lines)
        return await HTTPCaller.connected(self.url, self.headers)

    def cpu_seconds(self) -> float:
        """What the process has used so far, its threads and the kernel's work for it included."""
        return time.clock_gettime(~self.pid << _PID_BITS | _SCHEDULED)


class HTTPCaller:
    """A client that costs little, for it shares the machine with whom it measures: one connection, kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self._reader = reader
        self._writer = writer
        self._head = head

    @classmethod
    async def connected(cls, url: str, headers: Mapping[str, str]) -> "HTTPCaller":
        """A client of this address."""
        target = urlsplit(url)
        reader, writer = await asyncio.open_connection(target.hostname, target.port, limit=2**20)
        fixed = {
            "host": target.netloc,
            "content-type": "application/json",
            "accept": "application/json",
            **headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fixed.items())
        return cls(reader, writer, f"POST {target.path} HTTP/1.1\r\n{lines}content-length: ")

    async def ask(self, question: bytes) -> bytes:
        """The whole answer. Raises OSError or RuntimeError."""
        self._writer.write(f"{self._head}{len(question)}\r\n\r\n".encode() + question)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status, _, fields = head.partition(b"\r\n")
        _, found, length = fields.partition(b"content-length: ")
        body = await (self._reader.readexactly(int(length.split(b"\r\n")[0])) if found else self._chunks())
        if b" 200 " not in status + b" ":
            raise RuntimeError(f"{status.decode()}: {body[:300].decode()}")
        return body

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return bytes(body)


class LineCaller:
    """A program that reads a line and prints one."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        self._program = program

    async def ask(self, question: bytes) -> bytes:
        """The line it prints. Raises RuntimeError where it has ended."""
        if self._program.stdin is None or self._program.stdout is None:
            raise RuntimeError("the program is not piped")
        self._program.stdin.write(question + b"\n")
        line = await self._program.stdout.readline()
        if not line:
            raise RuntimeError("the program has ended")
        return line

    def close(self) -> None:
        """Nothing: it is asked again by others."""


def freed(**more: str) -> dict[str, str]:
    """The environment in which nothing that a client may ask for is limited, for a side of ours."""
    plain = msgspec.structs.asdict(Settings())
    limits = {name: _MOST for name, value in plain.items() if name.startswith("max_") and isinstance(value, int)}
    return {PREFIX + name.upper(): value for name, value in {**limits, **more}.items()}


def environments() -> dict[str, dict[str, str]]:
    """Ours with and without the compiled path; two equal ones in a version that has no such setting."""
    has_setting = COMPILED in Settings.__struct_fields__
    return {OURS: freed(), STOCK: freed(**({COMPILED: "false"} if has_setting else {}))}


@asynccontextmanager
async def sides(providers_file: Path, vendor_url: str, token: str) -> AsyncIterator[dict[str, Side]]:
    """Everyone there is, started; Hive Gateway only where it is installed."""
    started: dict[str, Side] = {}
    async with AsyncExitStack() as stack:
        options = ("serve", "--port", "0", "--providers", str(providers_file))
        for name, environment in environments().items():
            running = await stack.enter_async_context(process("graph", *options, environment=environment))
            started[name] = Side(name, running.pid, await announced(running, "graphql:  "))
        running = await stack.enter_async_context(process("benchmarks.textbook", str(providers_file)))
        url = await announced(running, "textbook: ")
        started[TEXTBOOK] = Side(TEXTBOOK, running.pid, url)
        started[BARE] = Side(BARE, running.pid, url.replace("/graphql", "/bare"))
        running = await stack.enter_async_context(process("benchmarks.handwritten", str(providers_file)))
        started[HANDWRITTEN] = Side(HANDWRITTEN, running.pid, lines=running)
        hive = await stack.enter_async_context(gateway(vendor_url))
        if hive is not None:
            started[HIVE] = Side(HIVE, hive.pid, hive.url, headers={"x-auth-token": token})
        yield started


def encoded(query: str, variables: Mapping[str, object]) -> bytes:
    """A GraphQL request."""
    return orjson.dumps({"query": query, "variables": variables})
