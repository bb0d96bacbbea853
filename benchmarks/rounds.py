"""Measures sides in turns, round after round, so that whatever else the machine does meets all of them alike."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.emulated import Emulated
from benchmarks.figure import Spread
from benchmarks.peers import HIVE
from benchmarks.sides import BARE, Caller, Side
from benchmarks.work import Work

# What two right answers may differ in: when they were read, and how a place in a list is written.
_OF_THE_MOMENT = frozenset({"ageSeconds", "source", "endCursor"})


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
    """Of each round by itself that both took part in, for a round is when both met the same machine."""
    pairs = zip(over.turns, under.turns, strict=False)
    return Spread.of([getattr(one, name) / max(getattr(other, name), 1e-6) for one, other in pairs])


async def measured(together: Sequence[Work], sides: Mapping[str, Side], emulated: Emulated) -> list[Cell]:
    """Every side that there is at some pieces of work, in the same rounds, after their answers were compared."""
    players = [player for work in together for player in await _compared(work, sides, emulated)]
    for number in range(max(work.rounds for work in together)):
        for player in players:
            if number < player.rounds:
                player.cell.turns.append(await _turn(player, emulated))
    return [player.cell for player in players]


class _Player(NamedTuple):
    """A side at one piece of work: the turns it still has, and the number of its next question."""

    work: Work
    side: Side
    cell: Cell
    rounds: int
    numbers: Iterator[int]


async def _compared(work: Work, sides: Mapping[str, Side], emulated: Emulated) -> list[_Player]:
    """Who has a part in the work, each asked once; of sides that are slow, that is what is measured.

    Raises RuntimeError where the answers differ; the bare route and Hive have words of their own.
    """
    players, said = [], []
    for side in (sides[name] for name in work.sides if name in sides):
        turn, answer = await _first(work, side, emulated)
        is_done = side.name in work.once
        cell = Cell(work.name, work.clients, side.name, [turn] if is_done else [])
        players.append(_Player(work, side, cell, 0 if is_done else work.rounds, itertools.count(1)))
        if side.name not in (HIVE, BARE):
            said.append(answer)
    if any(each != said[0] for each in said):
        raise RuntimeError(f"{work.name}: the answers differ")
    return players


async def _first(work: Work, side: Side, emulated: Emulated) -> tuple[Turn, object]:
    caller = await side.caller()
    await emulated.forget_calls()
    watch = _Watch(side)
    said = await caller.ask(work.question(side.name, 0))
    cpu, seconds = watch.read()
    caller.close()
    answer = json.loads(said)
    if not answer.get("data") or answer.get("errors"):
        raise RuntimeError(f"{side.name}, {work.name}: {str(answer)[:500]}")
    return Turn(await emulated.all_calls(), 1000 * cpu, 1000 * seconds, 1 / seconds), _lasting(answer["data"])


async def _turn(player: _Player, emulated: Emulated) -> Turn:
    callers = [await player.side.caller() for _ in range(player.work.clients)]
    await emulated.forget_calls()
    watch = _Watch(player.side)
    until = watch.began + player.work.seconds
    spent = await asyncio.gather(*(_ask_until(until, player, caller) for caller in callers))
    cpu, seconds = watch.read()
    for caller in callers:
        caller.close()
    latencies = [each for some in spent for each in some]
    calls = await emulated.all_calls()
    number = len(latencies)
    return Turn(calls / number, 1000 * cpu / number, 1000 * median(latencies), number / seconds)


async def _ask_until(until: float, player: _Player, caller: Caller) -> list[float]:
    spent: list[float] = []
    while not spent or time.perf_counter() < until:
        question = player.work.question(player.side.name, next(player.numbers))
        began = time.perf_counter()
        await caller.ask(question)
        spent.append(time.perf_counter() - began)
    return spent


class _Watch:
    """The CPU of a side and the time since it was made, in seconds."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._cpu = side.cpu_seconds()
        self.began = time.perf_counter()

    def read(self) -> tuple[float, float]:
        """CPU, then time."""
        return self._side.cpu_seconds() - self._cpu, time.perf_counter() - self.began


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(each) for key, each in value.items() if key not in _OF_THE_MOMENT}
    return [_lasting(each) for each in value] if isinstance(value, list) else value
