"""Figures of four vendors whose neighbour is dead, through the served product."""

import asyncio
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
SECONDS = 40.0
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
    """A served product: how long its lookups took, and what was asked of it about the vendor that may be dead."""

    url: str
    seconds: list[float]
    neighbours: list[asyncio.Task[bool]]

    @property
    def p99(self) -> float:
        """In seconds."""
        return quantiles(self.seconds, n=100)[98]


async def bulkhead(emulated: Emulated) -> list[Figure]:
    """The p99 of four vendors' lookups beside a dead fifth, over theirs beside a living one.

    Two products that differ in nothing but the fifth vendor get the same load in turns, round after round.
    """
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(_client())
        hole = await stack.enter_async_context(_hole())
        beside_living = await stack.enter_async_context(_served(emulated.providers_file))
        file = _with_hole(emulated, hole)
        beside_dead = await stack.enter_async_context(_served(file))
        await _load(client, emulated, (beside_living, beside_dead))
        dead = [task.result() for task in beside_dead.neighbours if task.done() and not task.cancelled()]
    ratio = beside_dead.p99 / beside_living.p99
    medians = median(beside_dead.seconds) / median(beside_living.seconds)
    more = f" (of {len(beside_dead.seconds)} lookups each; p50 {medians:.2f}; {sum(dead)} answers of the dead one)"
    return [at_most("p99 of four vendors beside a dead one, over beside a living one", 1.2, ratio, more)]


async def _load(client: httpx.AsyncClient, emulated: Emulated, products: tuple[Product, Product]) -> None:
    """Lookups of four vendors, one each in a round, while others wait for the fifth."""
    healthy = [provider_id for provider_id in emulated.settings if provider_id != DEAD]
    began = time.monotonic()
    async with asyncio.TaskGroup() as lookups:
        for number in range(int(SECONDS / ROUND_SECONDS)):
            await asyncio.sleep(began + number * ROUND_SECONDS - time.monotonic())
            product, is_warm = products[number % 2], number >= WARM_UP_ROUNDS
            product.neighbours.append(asyncio.create_task(_lookup(client, product, emulated, DEAD)))
            for provider_id in healthy:
                lookups.create_task(_timed(client, product, emulated, provider_id, is_warm))
    for product in products:
        for task in product.neighbours:
            task.cancel()
        await asyncio.gather(*product.neighbours, return_exceptions=True)


async def _timed(
    client: httpx.AsyncClient, product: Product, emulated: Emulated, provider_id: str, is_warm: bool
) -> None:
    began = time.perf_counter()
    if not await _lookup(client, product, emulated, provider_id):
        raise RuntimeError(f"{provider_id} was to answer")
    if is_warm:
        product.seconds.append(time.perf_counter() - began)


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
