"""Runs the engines in turns: what execution costs each side, and the floor below it, without any socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.emulated import process
from benchmarks.rounds import Cell, Turn
from benchmarks.sides import OURS, STOCK, TEXTBOOK, environments

FLOOR = "floor, no GraphQL"
TURN_SECONDS = 0.1
ROUNDS, ROUNDS_OF_SECONDS = 6, 4
# Two are enough where no goal is judged by it.
ROUNDS_UNJUDGED = 2


class Engine(NamedTuple):
    """One process of `benchmarks.engine`."""

    name: str
    running: asyncio.subprocess.Process

    async def ask(self, **question: Any) -> bytes:
        """Its answer to a question. Raises RuntimeError where it has ended."""
        if self.running.stdin is None or self.running.stdout is None:
            raise RuntimeError("the engine is not piped")
        self.running.stdin.write(json.dumps(question).encode() + b"\n")
        line = await self.running.stdout.readline()
        if not line:
            raise RuntimeError(f"the engine of {self.name} has ended")
        return line


async def executions(providers_file: Path) -> list[Cell]:
    """Every piece of work of every engine that knows it; CPU milliseconds of one execution."""
    async with _engines(providers_file) as engines:
        known = {engine.name: json.loads(await engine.ask()) for engine in engines}
        cells: list[Cell] = []
        for work in known[OURS]:
            able = [engine for engine in engines if work in known[engine.name]]
            cells += await _measured(work, able)
    return cells


async def _measured(work: str, engines: list[Engine]) -> list[Cell]:
    answers = [json.loads(await engine.ask(work=work))["data"] for engine in engines]
    if any(answer != answers[0] for answer in answers):
        raise RuntimeError(f"{work}: the answers differ")
    for engine in engines:  # once more: what is kept of an answer may be kept at its second time
        await engine.ask(work=work)
    cells = [Cell(work, 0, engine.name, []) for engine in engines]
    for number in range(ROUNDS_OF_SECONDS if work == "execute 1000" else ROUNDS):
        for engine, cell in zip(engines, cells, strict=True):
            if number >= ROUNDS_UNJUDGED and (engine.name == STOCK or work.startswith("look up")):
                continue
            told = json.loads(await engine.ask(work=work, seconds=TURN_SECONDS))
            cell.turns.append(Turn(0.0, 1000 * told["seconds"] / told["times"], 0.0, 0.0))
    return cells


@asynccontextmanager
async def _engines(providers_file: Path) -> AsyncIterator[list[Engine]]:
    kinds = {OURS: "ours", STOCK: "ours", TEXTBOOK: "textbook", FLOOR: "floor"}
    async with AsyncExitStack() as stack:
        engines = []
        for name, kind in kinds.items():
            variables = environments().get(name, {})
            started = process("benchmarks.engine", kind, str(providers_file), environment=variables)
            engines.append(Engine(name, await stack.enter_async_context(started)))
        yield engines
