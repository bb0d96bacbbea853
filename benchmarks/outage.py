"""Figures of a vendor that is down and comes back: how often it is asked meanwhile, how soon it is used again."""

import asyncio
import time

from benchmarks.emulated import Emulated, counted, read
from benchmarks.figure import Figure, at_most
from resolvers.domain import Precheck
from resolvers.upstream.contract import LimitSettings, Provider

PROVIDER = "ninedata"
READS = 300
OUTAGE_SECONDS = 5.0
ROUNDS = 10
BREAKER_SECONDS = 0.5
POLLERS = 4


async def amplification(emulated: Emulated) -> list[Figure]:
    """HTTP attempts for each read while a vendor answers 503, and while its port is closed."""
    await emulated.fault(PROVIDER, "status", status=503)
    await emulated.forget_calls()
    async with emulated.provider(PROVIDER) as provider:
        await _many_reads(provider)
    answered = sum((await emulated.calls(PROVIDER)).values())
    await emulated.fault(PROVIDER, "refuse")
    before = counted("precheck_vendor_calls", PROVIDER)
    async with emulated.provider(PROVIDER) as provider:
        await _many_reads(provider)
    refused = counted("precheck_vendor_calls", PROVIDER) - before
    await emulated.mend()
    return [
        at_most("attempts per read, vendor answers 503", 1.2, answered / READS, f" ({answered} for {READS})"),
        at_most(
            "attempts per read, vendor's port is closed", 1.2, refused / READS, f" ({refused:.0f} for {READS})"
        ),
    ]


async def _many_reads(provider: Provider) -> None:
    async with asyncio.TaskGroup() as reads:
        for _ in range(READS):
            reads.create_task(read(provider))
            await asyncio.sleep(OUTAGE_SECONDS / READS)


async def recovery(emulated: Emulated) -> list[Figure]:
    """Time from the vendor's return to the answer of the slowest of some pollers, over the interval in force."""
    ratios = [await _return(emulated, phase / ROUNDS, longer=bool(phase % 2)) for phase in range(ROUNDS)]
    what = "vendor back until all pollers know, over the breaker's interval"
    return [at_most(what, 1.5, max(ratios), f" (worst of {ROUNDS}; median {sorted(ratios)[ROUNDS // 2]:.2f})")]


async def _return(emulated: Emulated, phase: float, *, longer: bool) -> float:
    """One outage, which ends at a phase of the first interval, or of the second, which is twice as long."""
    await emulated.fault(PROVIDER, "status", status=503)
    before = counted("precheck_breaker_opened", PROVIDER)
    async with emulated.provider(PROVIDER, LimitSettings(breaker_seconds=BREAKER_SECONDS)) as provider:
        pollers = [asyncio.create_task(_poll(provider)) for _ in range(POLLERS)]
        while counted("precheck_breaker_opened", PROVIDER) - before < 1 + longer:
            await asyncio.sleep(0.001)
        await asyncio.sleep(phase * BREAKER_SECONDS * (1 + longer))
        await emulated.mend()
        back = time.monotonic()
        # The fault may have met one more probe before it ended: then its longer interval is the one in force.
        opened = counted("precheck_breaker_opened", PROVIDER) - before
        answered = await asyncio.gather(*pollers)
    return (max(answered) - back) / (BREAKER_SECONDS * 2 ** (opened - 1))


async def _poll(provider: Provider) -> float:
    """Ask as often as the answers allow; the time of the first precheck."""
    while not isinstance(outcome := await read(provider), Precheck):
        await asyncio.sleep(outcome.retry_after_seconds or provider.limits.poll_seconds)
    return time.monotonic()
