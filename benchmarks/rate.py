"""Figures of a rate limit under load: calls as they reach the vendor."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from benchmarks.emulated import Emulated, read
from benchmarks.figure import Figure
from resolvers.domain import Precheck
from resolvers.upstream.contract import Provider

PROVIDER = "dts"
CALLS_PER_SECOND = 20
LEAST_PER_SECOND = 17
SECONDS = 10.0
CALLERS = 40


async def grants(emulated: Emulated) -> list[Figure]:
    """The most calls in any one second, and how much of the limit was used."""
    arrivals: list[float] = []
    async with (
        _noted(emulated.settings[PROVIDER].base_url, arrivals) as url,
        emulated.provider(PROVIDER, base_url=url) as provider,
    ):
        refused = await _saturate(provider, time.monotonic() + SECONDS)
    most = max(sum(begin <= at < begin + 1 for at in arrivals) for begin in arrivals)
    span = arrivals[-1] - arrivals[0]
    used = (len(arrivals) - 1) / span
    more = f" (of {len(arrivals)} calls in {span:.0f} s, {refused} unanswered)"
    return [
        Figure(
            "most calls in any one second",
            f"at most {CALLS_PER_SECOND}",
            f"{most}{more}",
            most <= CALLS_PER_SECOND,
            most,
        ),
        Figure(
            "calls a second",
            f"at least {LEAST_PER_SECOND}",
            f"{used:.1f}",
            used >= LEAST_PER_SECOND,
            round(used, 3),
        ),
    ]


async def _saturate(provider: Provider, until: float) -> int:
    """Reads by many callers, each of which asks again at once; how many were not answered."""

    async def ask() -> int:
        refused = 0
        while time.monotonic() < until:
            refused += not isinstance(await read(provider), Precheck)
        return refused

    return sum(await asyncio.gather(*(ask() for _ in range(CALLERS))))


@asynccontextmanager
async def _noted(url: str, arrivals: list[float]) -> AsyncIterator[str]:
    """A way to the vendor that notes when each request comes by; requests are small, each is one piece."""
    target = urlsplit(url)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, times: list[float]) -> None:
        while piece := await reader.read(65536):
            times.append(time.monotonic())
            writer.write(piece)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(carry(reader, upstream[1], arrivals), carry(upstream[0], writer, []))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
