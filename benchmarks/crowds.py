"""Many callers at once: what overlapping queries cost the vendor, and what a huge answer costs everybody else."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from statistics import median, quantiles
from typing import Any

from benchmarks.emulated import Emulated
from benchmarks.figure import Figure, at_most
from benchmarks.population import BATCH, SINGLE, references
from benchmarks.sides import OURS, TEXTBOOK, Side, encoded
from benchmarks.work import LOOKUP, kept, refs, tiny

QUERIES, PRECHECKS, IDS = 200, 300, 20
DEFAULT_AGE_SECONDS = 2
SECONDS = 2.0
TIMES = {OURS: 3, TEXTBOOK: 1}
LIGHT = """query Light($refs: [PrecheckRefInput!]!, $age: Int!) {
  lookupPrechecks(refs: $refs, maxAgeSeconds: $age) { precheck { externalId verdict } }
}"""


async def overlapping(sides: dict[str, Side], emulated: Emulated) -> list[Figure]:
    """Vendor calls per query while many ask for some of the same prechecks at once."""
    figures = []
    for provider_id, goal, word in ((BATCH, 0.1, "DRS, ten in a call"), (SINGLE, 1.5, "OMS")):
        calls = await _calls(sides[OURS], provider_id, emulated)
        what = f"{QUERIES} queries of {IDS} over {PRECHECKS} of {word}: vendor calls per query"
        figures.append(at_most(what, goal, calls))
    return figures


async def _calls(side: Side, provider_id: str, emulated: Emulated) -> float:
    """The median of some times, each with prechecks of its own, whose answers were too old."""
    await asyncio.sleep(DEFAULT_AGE_SECONDS + 0.1)
    counted = []
    for number in range(TIMES[OURS]):
        chance = random.Random(number)
        known = references(provider_id, PRECHECKS, number * PRECHECKS)
        asked = [refs(provider_id, chance.sample(known, IDS)) for _ in range(QUERIES)]
        callers = [await side.caller() for _ in range(QUERIES)]
        await emulated.forget_calls()
        questions = [encoded(LIGHT, {"refs": each, "age": DEFAULT_AGE_SECONDS}) for each in asked]
        await asyncio.gather(*(caller.ask(each) for caller, each in zip(callers, questions, strict=True)))
        counted.append(await emulated.all_calls() / QUERIES)
        for caller in callers:
            caller.close()
    return median(counted)


async def beside_a_huge_answer(sides: dict[str, Side], _: Emulated) -> list[Figure]:
    """The p99 of tiny queries while another client asks for everything, over theirs alone."""
    ratios = {name: await _slowdowns(sides[name]) for name in (OURS, TEXTBOOK)}
    more = f" (worst of {TIMES[OURS]} {max(ratios[OURS]):.1f}; textbook {median(ratios[TEXTBOOK]):.0f})"
    what = "p99 of a tiny query while one client asks for 1000 x 40 items, over its p99 alone"
    return [at_most(what, 5, median(ratios[OURS]), more)]


async def _slowdowns(side: Side) -> list[float]:
    huge = await side.caller()
    ratios = []
    for _ in range(TIMES[side.name]):
        alone = await _p99(side, _nothing)
        ratios.append(await _p99(side, lambda: huge.ask(kept(LOOKUP, 1000))) / alone)
    huge.close()
    return ratios


async def _p99(side: Side, meanwhile: Callable[[], Awaitable[Any]]) -> float:
    until = time.perf_counter() + SECONDS
    caller = await side.caller()
    spent = []
    other = asyncio.create_task(_again(until, meanwhile))
    while time.perf_counter() < until:
        began = time.perf_counter()
        await caller.ask(encoded(tiny(), {}))
        spent.append(time.perf_counter() - began)
        await asyncio.sleep(0.002)
    await other
    caller.close()
    return quantiles(spent, n=100)[98]


async def _again(until: float, ask: Callable[[], Awaitable[Any]]) -> None:
    while time.perf_counter() < until:
        await ask()


async def _nothing() -> None:
    await asyncio.sleep(0.05)
