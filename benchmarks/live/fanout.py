"""One change to many viewers: ours, the textbook's server and raw sockets, in turns."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import orjson

from benchmarks.figure import Figure, Spread, most
from benchmarks.live.crowd import Delivery, first_event
from benchmarks.live.servers import RAW, Load, Server, load, ours, raw, textbook
from benchmarks.live.stage import ITEMS, Stage, asked
from benchmarks.sides import OURS, TEXTBOOK

FIVE = "kind cursor remaining precheck { status summary }"
FORTY = f"""{FIVE.removesuffix("}")} items {{
  code title side category state blocking vendorState reason
}} }}"""
POLL_SECONDS = 0.5
EXECUTIONS = "precheck_executions_total"
DIFFERENT = 1000
ROUNDS = {FIVE: 5, FORTY: 3}
_REFERENCES = {OURS: "t_ours1", TEXTBOOK: "t_textbook1"}


class Turn(NamedTuple):
    """One change: milliseconds until half of the viewers, and 99 %, had it; microseconds of CPU for each."""

    middle: float
    late: float
    cpu: float


class Party:
    """One side with its viewers, all of one precheck that only this side watches."""

    def __init__(self, name: str, server: Server, load: Load, stage: Stage) -> None:
        self.name = name
        self.server = server
        self.load = load
        self.text = b""
        self._stage = stage
        self._reference = _REFERENCES.get(name, _REFERENCES[OURS])

    async def gather(self, selections: Sequence[str], number: int) -> None:
        """So many viewers, in place of those there are, who select that in turns."""
        await self.load.ask("leave")
        questions = [asked(self._reference, each).decode() for each in selections]
        await self.load.ask("open", url=self.server.url, questions=questions, number=number)

    async def first(self, selection: str) -> bytes:
        """What a new viewer is told first."""
        return await first_event(self.server.url, asked(self._reference, selection))

    async def turn(self) -> Turn:
        """One change, until the last viewer has it."""
        await self.load.ask("expect")
        cpu = self.server.side.cpu_seconds()
        began = await self._begin()
        told = Delivery(*await self.load.ask("delivered"))
        cpu = self.server.side.cpu_seconds() - cpu
        return Turn(1e3 * (told.middle - began), 1e3 * (told.late - began), 1e6 * cpu / told.viewers)

    async def _begin(self) -> float:
        if self.name == RAW:
            return await self.server.write(self.text)
        return await (await self._stage.change(self._reference))


class Crossing(NamedTuple):
    """What some sides did in turns, and what ours executed meanwhile for each event of a viewer."""

    turns: dict[str, list[Turn]]
    executions: float

    def over(self, name: str) -> Spread:
        """Our p99 over another side's, round by round."""
        pairs = zip(self.turns[OURS], self.turns[name], strict=True)
        return Spread.of([one.late / other.late for one, other in pairs])

    def told(self) -> str:
        """The CPU of each side for one viewer."""
        return "CPU per viewer, us: " + ", ".join(
            f"{name} {Spread.of([turn.cpu for turn in turns]).middle:.0f}" for name, turns in self.turns.items()
        )


@asynccontextmanager
async def parties(stage: Stage) -> AsyncIterator[dict[str, Party]]:
    """All three sides, without viewers yet; each has a load client of its own."""
    providers_file = stage.providers_file(POLL_SECONDS)
    started: dict[str, Party] = {}
    makes: dict[str, Callable[[], AbstractAsyncContextManager[Server]]] = {
        OURS: lambda: ours(providers_file),
        TEXTBOOK: lambda: textbook(providers_file, "--known-documents"),
        RAW: raw,
    }
    async with AsyncExitStack() as stack:
        for name, make in makes.items():
            server, client = await stack.enter_async_context(make()), await stack.enter_async_context(load())
            started[name] = Party(name, server, client, stage)
        for reference in _REFERENCES.values():
            await stage.change(reference)
        yield started


async def equal(stage: Stage, viewers: int) -> list[Figure]:
    """All ask for the same."""
    figures = []
    async with parties(stage) as started:
        for selection, what, of_textbook, of_raw in (
            (FIVE, "5 fields", (0.25, 0.15), (2.6, 1.6)),
            (FORTY, f"{ITEMS} items", (0.02,), ()),
        ):
            crossing = await _crossed(started, [selection], viewers)
            change = f"one change to {viewers} equal viewers, {what}, p99"
            figures.append(_most(f"{change}, over the textbook's", of_textbook, crossing, TEXTBOOK))
            if of_raw:
                figures.append(_most(f"{change}, over raw sockets'", of_raw, crossing, RAW))
            figures.append(once(f"executions per event, {viewers} equal viewers, {what}", crossing.executions))
    return figures


async def different(stage: Stage, viewers: int) -> list[Figure]:
    """Everyone asks in words of its own."""
    viewers = min(viewers, DIFFERENT)
    selections = [FORTY.replace("title", f"title{number}: title", 1) for number in range(viewers)]
    async with parties(stage) as started:
        del started[RAW]
        crossing = await _crossed(started, selections, viewers, rounds=5)
    change = f"one change to {viewers} viewers who all ask differently, {ITEMS} items, p99"
    executions = crossing.executions / viewers
    return [
        _most(f"{change}, over the textbook's", (0.15,), crossing, TEXTBOOK),
        once(f"executions per event and question, {viewers} questions", executions),
    ]


async def _crossed(
    started: dict[str, Party], selections: Sequence[str], viewers: int, rounds: int | None = None
) -> Crossing:
    await _compare(started, selections[0])
    async with asyncio.TaskGroup() as gathering:
        for party in started.values():
            gathering.create_task(party.gather(selections, viewers))
    mine = started[OURS]
    turns: dict[str, list[Turn]] = {name: [] for name in started}
    executed, [seen] = await mine.server.counted(EXECUTIONS), await mine.load.ask("counts", questions=1)
    for _ in range(rounds or ROUNDS[selections[0]]):
        for party in started.values():
            turns[party.name].append(await party.turn())
            _tell(f"{viewers} viewers, {len(selections)} questions", party.name, turns[party.name][-1])
    executed = await mine.server.counted(EXECUTIONS) - executed
    return Crossing(turns, executed / ((await mine.load.ask("counts", questions=1))[0] - seen))


async def _compare(started: dict[str, Party], selection: str) -> None:
    """Have raw sockets write what ours does. Raises RuntimeError where the textbook says something else."""
    texts = {name: await party.first(selection) for name, party in started.items() if name != RAW}
    if _lasting(texts[OURS]) != _lasting(texts[TEXTBOOK]):
        raise RuntimeError(f"the answers differ: {texts}"[:1000])
    if RAW in started:
        started[RAW].text = texts[OURS]


def _lasting(text: bytes) -> Any:
    """An event without what every server makes up by itself, and the word by which changes are told apart."""
    event = orjson.loads(text)["payload"]["data"]["precheckUpdates"]
    del event["cursor"]
    for item in event["precheck"].get("items", ()):
        del item["reason"]
    return event


def _tell(what: str, side: str, turn: Turn) -> None:
    numbers = f"{turn.middle:>9.0f} | {turn.late:>9.0f} | {turn.cpu:>9.0f}"
    print(f"{what:40} | {side:12} | {numbers}", flush=True)


def _most(what: str, goals: Sequence[float], crossing: Crossing, other: str) -> Figure:
    """Judged by the first goal."""
    figure = most(what, goals[0], crossing.over(other), crossing.told())
    more = "".join(f"; {goal:g} with a handler of our own" for goal in goals[1:])
    return figure._replace(goal=figure.goal + more)


def once(what: str, value: float) -> Figure:
    """A count that may be nothing but one."""
    return Figure(what, "exactly 1", f"{value:.4g}", value == 1, value)
