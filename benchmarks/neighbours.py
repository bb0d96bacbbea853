"""Figures of four vendors whose neighbour is dead, through the served product."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import httpx2 as httpx

from benchmarks.emulated import Emulated, announced, process, reference
from benchmarks.figure import Figure, at_most

DEAD = "ninedata"
STRETCHES = 6
ROUNDS_A_STRETCH = 100
WARM_UP_ROUNDS = 20
# Two rounds of lookups stay below the 20 calls a second that Tencent allows, for both products together.
ROUND_SECONDS = 0.08
DOCUMENT = """
query Lookup($provider: ID!, $reference: String!) {
  lookupPrechecks(refs: [{providerId: $provider, externalId: $reference}], maxAgeSeconds: 0) {
    precheck { verdict summary items { code state } }
    problem { code }
  }
}
"""


class Product(NamedTuple):
    """A served product, how long the lookups of each stretch took, and who waits for the fifth vendor."""

    url: str
    seconds: list[list[float]]
    neighbours: list[asyncio.Task[bool]]


class Clients(NamedTuple):
    """Those who are measured, and those who wait for the fifth vendor: they share no connections."""

    measured: httpx.AsyncClient
    waiting: httpx.AsyncClient


async def bulkhead(emulated: Emulated) -> list[Figure]:
    """The p99 of four vendors' lookups beside a dead fifth, over theirs beside a living one.

    Two products that differ in nothing but the fifth vendor get the same load in turns, round after round.
    """
    async with AsyncExitStack() as stack:
        clients = Clients(*[await stack.enter_async_context(_client()) for _ in range(2)])
        hole = await stack.enter_async_context(_hole())
        living = await stack.enter_async_context(_served(emulated.providers_file))
        dead = await stack.enter_async_context(_served(_with_hole(emulated, hole)))
        await _load(clients, emulated, (living, dead), WARM_UP_ROUNDS)
        for _ in range(STRETCHES):
            living.seconds.append([])
            dead.seconds.append([])
            await _load(clients, emulated, (living, dead), ROUNDS_A_STRETCH)
        await _give_up(living, dead)
    ratios = [_p99(after) / _p99(before) for before, after in zip(living.seconds, dead.seconds, strict=True)]
    medians = median(itertools.chain(*dead.seconds)) / median(itertools.chain(*living.seconds))
    more = f" (median of {STRETCHES} stretches; first {ratios[0]:.2f}; p50 {medians:.2f})"
    return [at_most("p99 of four vendors beside a dead one, over beside a living one", 1.2, median(ratios), more)]


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98]


async def _load(clients: Clients, emulated: Emulated, products: tuple[Product, Product], rounds: int) -> None:
    """Lookups of four vendors, one each in a round, while others wait for the fifth."""
    healthy = [provider_id for provider_id in emulated.settings if provider_id != DEAD]
    began = time.monotonic()
    async with asyncio.TaskGroup() as lookups:
        for number in range(rounds):
            await asyncio.sleep(began + number * ROUND_SECONDS - time.monotonic())
            product = products[number % 2]
            neighbour = _lookup(clients.waiting, product, emulated, DEAD)
            product.neighbours.append(asyncio.create_task(neighbour))
            for provider_id in healthy:
                lookups.create_task(_timed(clients.measured, product, emulated, provider_id))


async def _give_up(*products: Product) -> None:
    for product in products:
        for task in product.neighbours:
            task.cancel()
        await asyncio.gather(*product.neighbours, return_exceptions=True)


async def _timed(client: httpx.AsyncClient, product: Product, emulated: Emulated, provider_id: str) -> None:
    began = time.perf_counter()
    if not await _lookup(client, product, emulated, provider_id):
        raise RuntimeError(f"{provider_id} was to answer")
    if product.seconds:
        product.seconds[-1].append(time.perf_counter() - began)


async def _lookup(client: httpx.AsyncClient, product: Product, emulated: Emulated, provider_id: str) -> bool:
    """Whether the precheck was shown."""
    variables = {"provider": provider_id, "reference": reference(emulated.settings[provider_id])}
    answer = await client.post(product.url, json={"query": DOCUMENT, "variables": variables})
    answered = answer.raise_for_status().json()
    if "errors" in answered:
        raise RuntimeError(answered["errors"])
    [entry] = answered["data"]["lookupPrechecks"]
    return bool(entry["precheck"]) and not entry["problem"]


def _client() -> httpx.AsyncClient:
    # Connections are given up before the server does so: a race would look like a failed lookup.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2)
    return httpx.AsyncClient(timeout=30, limits=limits, trust_env=False)


@asynccontextmanager
async def _served(providers_file: Path) -> AsyncIterator[Product]:
    options = ("serve", "--port", "0", "--providers", str(providers_file))
    async with process("graph", *options) as running:
        yield Product(await announced(running, "graphql:  "), [], [])


def _with_hole(emulated: Emulated, hole: str) -> Path:
    """The provider file, except that one vendor is where nobody answers."""
    path = emulated.providers_file.with_name("beside-a-dead-one.toml")
    text = emulated.providers_file.read_text(encoding="utf-8")
    path.write_text(text.replace(emulated.settings[DEAD].base_url, hole), encoding="utf-8")
    return path


@asynccontextmanager
async def _hole() -> AsyncIterator[str]:
    """Takes connections and never says a word."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
