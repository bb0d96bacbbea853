"""Two thousand viewers whose network fails in one moment, and who all come back in the next."""

import asyncio
import time
from statistics import median

from benchmarks.figure import Figure, Spread, at_most, most
from benchmarks.live.fanout import FIVE
from benchmarks.live.servers import Load, Server, load, ours, textbook
from benchmarks.live.stage import PROVIDER, Stage, asked, references

VIEWERS, PRECHECKS = 2000, 20
ROUNDS = 1
WINDOW_SECONDS = 10.0
_ITEMS = 10
_POLL_SECONDS, _STEP_SECONDS = 1.0, 0.3


async def storm(stage: Stage, _: int) -> list[Figure]:
    """The time until the last one has its first event again; the calls of ten seconds with a storm in them."""
    watched = references(PRECHECKS, "storm")
    await stage.keep_changing(watched, _STEP_SECONDS, _ITEMS)
    providers_file = stage.providers_file(_POLL_SECONDS)
    questions = [asked(each, FIVE).decode() for each in watched]
    async with ours(providers_file) as server, load() as client:
        await client.ask("open", url=server.url, questions=questions, number=VIEWERS)
        stormy, seconds = await _stormy(stage, server, client, questions)
        calm = await _calm(stage, seconds)
        async with textbook(providers_file) as other, load() as others:
            await others.ask("open", url=other.url, questions=questions, number=VIEWERS)
            times = [
                (await _return(server, client, questions), await _return(other, others, questions))
                for _ in range(ROUNDS)
            ]
    ratio = Spread.of([one / another for one, another in times])
    note = f"{median(one for one, _ in times):.1f} s, the textbook's {median(each for _, each in times):.1f} s"
    what = f"vendor calls per precheck in {seconds:.0f} s, more with a storm of {VIEWERS} in them"
    return [
        most(f"storm of {VIEWERS} viewers, until all are told again, over the textbook's", 1.0, ratio, note),
        at_most(what, 1.0, (stormy - calm) / PRECHECKS, f" ({calm} and {stormy} in all)"),
    ]


async def _return(server: Server, client: Load, questions: list[str]) -> float:
    """Seconds."""
    await client.ask("leave")
    everyone = {"url": server.url, "questions": questions, "number": VIEWERS, "at_once": VIEWERS}
    seconds: float = await client.ask("open", **everyone)
    return seconds


async def _stormy(stage: Stage, server: Server, client: Load, questions: list[str]) -> tuple[int, float]:
    """Vendor calls, in so many seconds."""
    before, began = await _called(stage), time.monotonic()
    async with asyncio.TaskGroup() as both:
        both.create_task(asyncio.sleep(WINDOW_SECONDS))
        both.create_task(_return(server, client, questions))
    return await _called(stage) - before, time.monotonic() - began


async def _calm(stage: Stage, seconds: float) -> int:
    before = await _called(stage)
    await asyncio.sleep(seconds)
    return await _called(stage) - before


async def _called(stage: Stage) -> int:
    return sum((await stage.vendors.calls(PROVIDER)).values())
