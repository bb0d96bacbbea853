"""Ten thousand viewers of two hundred prechecks: who is lost, what each costs, and what the vendor notices."""

import asyncio
import time
from collections.abc import Sequence
from operator import sub
from statistics import linear_regression, mean

from benchmarks.figure import Figure, at_most, share
from benchmarks.live.fanout import FIVE
from benchmarks.live.servers import Load, Server, load, ours
from benchmarks.live.stage import PROVIDER, Stage, asked, references

PRECHECKS = 200
FEW = 100
MOST_KIBIBYTES = 40.0
GROWN_BYTES = 64.0
_ITEMS = 10
_POLL_SECONDS, _STEP_SECONDS = 2.0, 0.5
_INTERVALS = 4
_EVENTS_UNTIL_QUICK = 2
_WINDOW_SECONDS = 10.0
_QUICK_POLL_SECONDS, _QUICK_STEP_SECONDS = 0.05, 0.02
_QUESTIONS, _PER_QUESTION = 50, 2
_WARM_UP_EVENTS, _SAMPLES, _EVENTS_PER_SAMPLE = 100, 20, 15
_PATIENCE_SECONDS = 60.0


async def held(stage: Stage, viewers: int) -> list[Figure]:
    """Everything about those who are there for long."""
    watched = references(PRECHECKS)
    await stage.keep_changing(watched, _STEP_SECONDS, _ITEMS)
    async with ours(stage.providers_file(_POLL_SECONDS)) as server, load() as client:
        await _enter(client, server, watched[:1], 1)
        before = server.memory()
        figures = [await _calls(stage, client, 1)]
        await _enter(client, server, watched[:1], FEW)
        figures.append(await _calls(stage, client, FEW))
        await stage.rest(watched, _ITEMS)
        await _enter(client, server, watched, viewers)
        await stage.keep_changing(watched, _STEP_SECONDS, _ITEMS)
        await _all_quick(client)
        figures.append(_ratio(viewers, PRECHECKS, await _pace(stage) * _POLL_SECONDS))
        each = (server.memory() - before) / viewers / 1024
        figures.append(at_most(f"KiB for each of {viewers} viewers", MOST_KIBIBYTES, each))
        await stage.finish(watched, _ITEMS)
        completed = await _completed(client, viewers)
    what = f"viewers of {PRECHECKS} prechecks of a vendor that takes one at a time, told its end"
    return [share(what, completed, viewers), *figures]


async def growth(stage: Stage, _: int) -> list[Figure]:
    """How the memory grows with events, of viewers who share nothing but the precheck."""
    [watched] = references(1, "grow")
    viewers = _QUESTIONS * _PER_QUESTION
    selections = [FIVE.replace("cursor", f"cursor{number}: cursor") for number in range(_QUESTIONS)]
    await stage.keep_changing([watched], _QUICK_STEP_SECONDS, _ITEMS)
    async with ours(stage.providers_file(_QUICK_POLL_SECONDS)) as server, load() as client:
        questions = [asked(watched, each).decode() for each in selections]
        await client.ask("open", url=server.url, questions=questions, number=viewers)
        await _seen(client, viewers * _WARM_UP_EVENTS)
        events, bytes_ = [], []
        for _sample in range(_SAMPLES):
            events.append(sum(await client.ask("counts", questions=viewers)))
            bytes_.append(server.memory())
            await _seen(client, viewers * _EVENTS_PER_SAMPLE)
    slope = linear_regression(events, bytes_).slope
    seen = round((events[-1] - events[0]) / viewers)
    what = f"bytes grown for each event and subscription, over {seen} events of {viewers} subscriptions"
    return [at_most(what, GROWN_BYTES, slope)]


async def _enter(client: Load, server: Server, watched: Sequence[str], viewers: int) -> None:
    await client.ask("leave")
    questions = [asked(each, FIVE).decode() for each in watched]
    await client.ask("open", url=server.url, questions=questions, number=viewers)


async def _seen(client: Load, events: int) -> None:
    await client.ask("expect", events=events)
    await client.ask("delivered")


async def _all_quick(client: Load) -> None:
    """Until every precheck is read as often as the vendor allows: whose reading was new is read again so soon."""
    before = await client.ask("counts", questions=PRECHECKS)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while min(map(sub, await client.ask("counts", questions=PRECHECKS), before)) < _EVENTS_UNTIL_QUICK:
            await asyncio.sleep(0.5)


async def _calls(stage: Stage, client: Load, viewers: int) -> Figure:
    """Of one precheck. Every reading is new, so that a viewer's events are the intervals."""
    await _seen(client, viewers)
    calls, [events] = await _called(stage), await client.ask("counts", questions=1)
    for _ in range(_INTERVALS):
        await _seen(client, viewers)
    calls = await _called(stage) - calls
    return _ratio(viewers, 1, calls / ((await client.ask("counts", questions=1))[0] - events))


async def _pace(stage: Stage) -> float:
    """Calls per second for one precheck, from its first to its last; the mean of all."""
    began = time.monotonic()
    await asyncio.sleep(_WINDOW_SECONDS)
    asked_at = [times for times in stage.asked_since(began).values() if len(times) > 1]
    return mean((len(times) - 1) / (times[-1] - times[0]) for times in asked_at)


async def _called(stage: Stage) -> int:
    return sum((await stage.vendors.calls(PROVIDER)).values())


def _ratio(viewers: int, prechecks: int, value: float) -> Figure:
    what = f"vendor calls per interval and precheck, {viewers} viewers of {prechecks}"
    return Figure(what, "1.00", f"{value:.3f}", value < 1.01, round(value, 4))


async def _completed(client: Load, viewers: int) -> int:
    for _ in range(int(_PATIENCE_SECONDS)):
        state = await client.ask("state")
        if state["completed"] >= viewers:
            break
        await asyncio.sleep(1)
    return int(state["completed"])
