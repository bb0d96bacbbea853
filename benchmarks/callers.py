"""Figures of many callers at once: some that leave, some whose token ends; and what good manners cost."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import httpx2 as httpx

from benchmarks.emulated import Emulated, read
from benchmarks.figure import Figure, share
from resolvers.domain import Precheck
from resolvers.upstream.answer import Answer
from resolvers.upstream.connection import Connection

STORM = 100
NEXT = 30
TOKEN_CALLERS = 200
PLAIN_PROVIDER = "ninedata"
BLOCKS = 20
READS_A_BLOCK = 50


async def after_a_storm(emulated: Emulated) -> list[Figure]:
    """The calls after many cancelled ones that are answered, for each provider; the worst of them is shown."""
    answered = {provider_id: await _storm(emulated, provider_id) for provider_id in emulated.settings}
    worst = min(answered, key=answered.__getitem__)
    more = f" (worst of {len(answered)} providers)"
    return [share(f"calls answered after {STORM} cancelled ones", answered[worst], NEXT, more)]


async def _storm(emulated: Emulated, provider_id: str) -> int:
    chance = random.Random(provider_id)
    async with emulated.provider(provider_id) as provider:
        await emulated.fault(provider_id, "delay", seconds=0.05)
        calls = [asyncio.create_task(read(provider)) for _ in range(STORM)]
        for call in calls:
            await asyncio.sleep(chance.random() * 0.01)
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await emulated.mend()
        outcomes = await asyncio.gather(*(read(provider) for _ in range(NEXT)))
    return sum(isinstance(outcome, Precheck) for outcome in outcomes)


async def token_expiry(emulated: Emulated) -> list[Figure]:
    """What happens when a token that many callers use is void all at once."""
    async with emulated.provider("drs", auth="token") as provider:
        await read(provider)
        await emulated.forget_calls()
        await emulated.fault("drs", "expired_token", times=1)
        outcomes = await asyncio.gather(*(read(provider) for _ in range(TOKEN_CALLERS)))
    tokens = (await emulated.calls("drs"))["iam-token"]
    await emulated.mend()
    answered = sum(isinstance(outcome, Precheck) for outcome in outcomes)
    return [
        share("callers answered whose token ended", answered, TOKEN_CALLERS),
        Figure("tokens fetched for them", "1", str(tokens), tokens == 1, tokens),
    ]


class Noted(Connection):
    """A provider's own connection that remembers the last request it was given."""

    def __init__(self, connection: Connection) -> None:
        vars(self).update(vars(connection))
        self.request: tuple[tuple[str, str], dict[str, Any]] | None = None

    async def send(self, method: str, url: str, **more: Any) -> Answer:
        """Remember, and send."""
        self.request = (method, url), more
        return await super().send(method, url, **more)


async def cost_of_manners(emulated: Emulated) -> list[Figure]:
    """Reads by a provider over equal requests by a bare client, one after the other, in alternating blocks."""
    async with (
        emulated.provider(PLAIN_PROVIDER) as provider,
        httpx.AsyncClient(base_url=provider.settings.base_url, trust_env=False) as bare,
    ):
        provider.connection = noted = Noted(provider.connection)
        await read(provider)
        if noted.request is None:
            raise RuntimeError(f"{PLAIN_PROVIDER} was read without a request")
        (method, url), more = noted.request
        ratios = [
            await _seconds(lambda: bare.request(method, url, **more)) / await _seconds(lambda: read(provider))
            for _ in range(BLOCKS)
        ]
    value = median(ratios)
    return [Figure("reads a second, over bare requests a second", "none", f"{value:.2f}", None, round(value, 4))]


async def _seconds(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    for _ in range(READS_A_BLOCK):
        await call()
    return time.perf_counter() - began
