"""Measures sides in turns, round after round, so that whatever else the machine does meets all of them alike."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import median, quantiles
from typing import Any, NamedTuple

from benchmarks.emulated import Emulated
from benchmarks.peers import HIVE
from benchmarks.sides import BARE, Caller, Side
from benchmarks.work import Work

ROUNDS, TURN_SECONDS = 3, 0.2
# What two right answers may differ in: when they were read, and how a place in a list is written.
_OF_THE_MOMENT = frozenset({"ageSeconds", "source", "endCursor"})


class Spread(NamedTuple):
    """A median between its quartiles."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of one value for each round."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        return cls(*quantiles(values, n=4, method="inclusive"))

    def __str__(self) -> str:
        if self.low == self.high:
            return rounded(self.middle)
        return f"{rounded(self.middle)} ({rounded(self.low)}-{rounded(self.high)})"


class Turn(NamedTuple):
    """What one side did in one round: calls, CPU and latency in milliseconds of a request, requests a second."""

    calls: float
    cpu: float
    latency: float
    rate: float


class Cell(NamedTuple):
    """One side at one piece of work, over the rounds."""

    work: str
    clients: int
    side: str
    turns: list[Turn]

    def spread(self, name: str) -> Spread:
        """Of one of a turn's figures."""
        return Spread.of([getattr(turn, name) for turn in self.turns])


def ratio(over: Cell, under: Cell, name: str = "cpu") -> Spread:
    """Of each round by itself, for a round is when both met the same machine."""
    pairs = zip(over.turns, under.turns, strict=True)
    return Spread.of([getattr(one, name) / max(getattr(other, name), 1e-6) for one, other in pairs])


async def measured(work: Work, sides: Mapping[str, Side], emulated: Emulated) -> list[Cell]:
    """Every side that there is at one piece of work, after their answers were compared."""
    asked = [sides[name] for name in work.sides if name in sides]
    await _compare(work, asked)
    turns = {side.name: itertools.count(1) for side in asked}
    cells = [Cell(work.name, work.clients, side.name, []) for side in asked]
    for _ in range(ROUNDS):
        for side, cell in zip(asked, cells, strict=True):
            cell.turns.append(await _turn(work, side, turns[side.name], emulated))
    return cells


async def _turn(work: Work, side: Side, numbers: Iterator[int], emulated: Emulated) -> Turn:
    callers = [await side.caller() for _ in range(work.clients)]
    await emulated.forget_calls()
    cpu, began = side.cpu_seconds(), time.perf_counter()
    until = began + TURN_SECONDS
    spent = await asyncio.gather(*(_ask_until(until, work, side.name, numbers, caller) for caller in callers))
    seconds, cpu = time.perf_counter() - began, side.cpu_seconds() - cpu
    for caller in callers:
        caller.close()
    latencies = [each for some in spent for each in some]
    calls = await emulated.all_calls()
    number = len(latencies)
    return Turn(calls / number, 1000 * cpu / number, 1000 * median(latencies), number / seconds)


async def _ask_until(until: float, work: Work, side: str, numbers: Iterator[int], caller: Caller) -> list[float]:
    spent: list[float] = []
    while not spent or time.perf_counter() < until:
        question = work.question(side, next(numbers))
        began = time.perf_counter()
        await caller.ask(question)
        spent.append(time.perf_counter() - began)
    return spent


async def _compare(work: Work, sides: Sequence[Side]) -> None:
    """Raises RuntimeError where the answers differ; the bare route and Hive have words of their own."""
    said: list[object] = []
    for side in sides:
        caller = await side.caller()
        answer = json.loads(await caller.ask(work.question(side.name, 0)))
        caller.close()
        if not answer.get("data") or answer.get("errors"):
            raise RuntimeError(f"{side.name}, {work.name}: {str(answer)[:500]}")
        if side.name not in (HIVE, BARE):
            said.append(_lasting(answer["data"]))
    if any(each != said[0] for each in said):
        raise RuntimeError(f"{work.name}: the answers differ")


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(each) for key, each in value.items() if key not in _OF_THE_MOMENT}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


def rounded(value: float) -> str:
    """Three digits of it, all of them where there are more before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
