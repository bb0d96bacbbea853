"""Who is watched: each a process of its own, whose memory, CPU and counters are read from outside."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2 as httpx
import orjson

from benchmarks.emulated import announced, process
from benchmarks.live.load import READY
from benchmarks.sides import OURS, TEXTBOOK, Side, freed

RAW = "raw sockets"
_KIBIBYTE = 1024


class Server(NamedTuple):
    """One process that serves streams."""

    side: Side
    running: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        """Where streams are asked for."""
        return self.side.url

    def memory(self) -> int:
        """Resident bytes."""
        lines = Path(f"/proc/{self.side.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * _KIBIBYTE

    def descriptors(self, vendor_url: str) -> int:
        """How many files and sockets it has open; those to the vendor, which stay for the next call, left out."""
        to_vendor = f":{urlsplit(vendor_url).port or 0:04X}"
        lines = Path(f"/proc/{self.side.pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        kept = {line.split()[9] for line in lines if line.split()[2].endswith(to_vendor)}
        return sum(_inode(each) not in kept for each in Path(f"/proc/{self.side.pid}/fd").iterdir())

    async def counted(self, name: str, **labels: str) -> float:
        """A metric, summed over the labels that are not named; 0 where there is none of this name."""
        target = urlsplit(self.url)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.get(f"http://{target.netloc}/metrics")
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = (line for line in answer.text.splitlines() if line.partition("{")[0].partition(" ")[0] == name)
        return sum(float(line.split()[-1]) for line in lines if all(each in line for each in wanted))

    async def write(self, text: bytes) -> float:
        """Have raw sockets write this text to all of theirs; when they began."""
        if self.running.stdin is None or self.running.stdout is None:
            raise RuntimeError("the process is not piped")
        self.running.stdin.write(text + b"\n")
        began: float = orjson.loads(await self.running.stdout.readline())
        return began


def _inode(descriptor: Path) -> str:
    """The number of a socket; nothing of the kind for a file, or for what has just been closed."""
    with contextlib.suppress(FileNotFoundError):
        return os.readlink(descriptor).removeprefix("socket:[").removesuffix("]")
    return ""


class Load:
    """A load client in a process of its own; each method is one of its commands."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self._running = running

    async def ask(self, command: str, **arguments: Any) -> Any:
        """What it answers. Raises RuntimeError with what went wrong."""
        if self._running.stdin is None or self._running.stdout is None:
            raise RuntimeError("the process is not piped")
        self._running.stdin.write(orjson.dumps((command, arguments)) + b"\n")
        line = await self._running.stdout.readline()
        said = orjson.loads(line) if line else {"error": "it has ended"}
        if "error" in said:
            raise RuntimeError(f"load client, {command}: {said['error']}")
        return said["answer"]


@asynccontextmanager
async def load() -> AsyncIterator[Load]:
    """A load client that ends with the block."""
    async with process("benchmarks.live.load") as running:
        await announced(running, READY)
        yield Load(running)


@asynccontextmanager
async def ours(providers_file: Path, module: str = "graph") -> AsyncIterator[Server]:
    """The product, without limits that a client may meet; `module` is what starts it."""
    options = ("serve", "--port", "0", "--providers", str(providers_file))
    async with process(module, *options, environment=freed()) as running:
        yield Server(Side(OURS, running.pid, await announced(running, "graphql:  ")), running)


@asynccontextmanager
async def textbook(providers_file: Path, *options: str) -> AsyncIterator[Server]:
    """The textbook's server."""
    async with process("benchmarks.live.textbook", str(providers_file), *options) as running:
        yield Server(Side(TEXTBOOK, running.pid, await announced(running, "textbook: ")), running)


@asynccontextmanager
async def raw() -> AsyncIterator[Server]:
    """Sockets without a server."""
    async with process("benchmarks.live.raw") as running:
        yield Server(Side(RAW, running.pid, await announced(running, "raw: ")), running)
