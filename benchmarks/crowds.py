"""Many callers at once: what overlapping queries cost the vendor, and what a huge answer costs everybody else."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from statistics import quantiles
from typing import Any

from benchmarks.emulated import Emulated
from benchmarks.figure import Figure, Spread, most, rounded
from benchmarks.population import BATCH, SINGLE, references
from benchmarks.sides import OURS, TEXTBOOK, Side, encoded
from benchmarks.work import LOOKUP, kept, refs, tiny

QUERIES, PRECHECKS, IDS = 200, 300, 20
DEFAULT_AGE_SECONDS = 2
TIMES = 3
SECONDS = 1.0
STRETCHES = {OURS: 7, TEXTBOOK: 1}
LIGHT = """query Light($refs: [PrecheckRefInput!]!, $age: Int!) {
  lookupPrechecks(refs: $refs, maxAgeSeconds: $age) { precheck { externalId verdict } }
}"""


async def overlapping(sides: dict[str, Side], emulated: Emulated) -> list[Figure]:
    """Vendor calls per query while many ask for some of the same prechecks at once."""
    figures = []
    for provider_id, at_once, goal, word in ((BATCH, 10, 0.1, "DRS, ten in a call"), (SINGLE, 1, 1.5, "OMS")):
        calls = await _calls(sides[OURS], provider_id, emulated)
        what = f"{QUERIES} queries of {IDS} over {PRECHECKS} of {word}: vendor calls per query"
        figures.append(most(what, goal, calls, fewest(at_once, goal)))
    return figures


def fewest(at_once: int, goal: float) -> str:
    """Said where the goal is below what arithmetic allows when no answer is kept yet."""
    calls = PRECHECKS // at_once
    if calls / QUERIES <= goal:
        return ""
    return f"{PRECHECKS} prechecks, {at_once} a call, are {calls} calls: cold, {calls / QUERIES:g} is the least"


async def _calls(side: Side, provider_id: str, emulated: Emulated) -> Spread:
    """Of some times, each with prechecks of its own, whose answers were too old."""
    await asyncio.sleep(DEFAULT_AGE_SECONDS + 0.1)
    counted = []
    for number in range(TIMES):
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
    return Spread.of(counted)


async def beside_a_huge_answer(sides: dict[str, Side], _: Emulated) -> list[Figure]:
    """The p99 of tiny queries while another client asks for everything, over theirs alone."""
    ratios = {name: await _slowdowns(sides[name]) for name in (OURS, TEXTBOOK)}
    note = f"worst of {STRETCHES[OURS]} {rounded(max(ratios[OURS]))}; textbook {rounded(max(ratios[TEXTBOOK]))}"
    what = "p99 of a tiny query while one client asks for 1000 x 40 items, over its p99 alone"
    return [most(what, 5, Spread.of(ratios[OURS]), note)]


async def _slowdowns(side: Side) -> list[float]:
    huge = await side.caller()
    ratios = []
    for _ in range(STRETCHES[side.name]):
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
    return quantiles(spent, n=100, method="inclusive")[98]


async def _again(until: float, ask: Callable[[], Awaitable[Any]]) -> None:
    while time.perf_counter() < until:
        await ask()


async def _nothing() -> None:
    await asyncio.sleep(0.05)
