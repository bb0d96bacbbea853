"""One change to many viewers: ours, the textbook's server and raw sockets, in turns."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import orjson

from benchmarks.figure import Figure, Spread
from benchmarks.live.crowd import Delivery, first_event
from benchmarks.live.servers import RAW, Load, Server, load, ours, raw, textbook
from benchmarks.live.stage import Stage, asked
from benchmarks.sides import OURS, TEXTBOOK

FIVE = "kind cursor remaining precheck { status summary }"
FORTY = f"""{FIVE.removesuffix("}")} items {{
  code title side category state blocking vendorState reason
}} }}"""
# How long the least of the pauses between two readings is.
POLL_SECONDS = 0.5
_OWN = ("cursor",)


class Turn(NamedTuple):
    """One change at one side: milliseconds until half of the viewers, and 99 % of them, had it; CPU in microseconds
    of a viewer."""

    middle: float
    late: float
    cpu: float


class Party:
    """One side with its viewers."""

    def __init__(self, name: str, server: Server, load: Load, stage: Stage, reference: str) -> None:
        self.name = name
        self.server = server
        self.load = load
        self.turns: list[Turn] = []
        self.text = b""
        self._stage = stage
        self._reference = reference

    async def gather(self, selections: Sequence[str], number: int) -> float:
        """Seconds until so many viewers more have their first event."""
        questions = [asked(self._reference, each).decode() for each in selections]
        seconds: float = await self.load.ask("open", url=self.server.url, questions=questions, number=number, at_once=256)
        return seconds

    async def turn(self) -> Turn:
        """One change, until the last viewer has it."""
        await self.load.ask("expect")
        cpu = self.server.side.cpu_seconds()
        if self.name == RAW:
            began = await self.server.write(self.text)
        else:
            passed = await self._stage.change(self._reference)
            began = await passed
        told = Delivery(*await self.load.ask("delivered"))
        cpu = self.server.side.cpu_seconds() - cpu
        turn = Turn(1e3 * (told.middle - began), 1e3 * (told.late - began), 1e6 * cpu / told.viewers)
        self.turns.append(turn)
        return turn

    async def first(self, selection: str) -> bytes:
        """What a new viewer is told first."""
        return await first_event(self.server.url, asked(self._reference, selection))
