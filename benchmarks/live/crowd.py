"""Many viewers of one server, and when each of them got what."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.live.viewers import Kind, SocketViewer, Viewer

PATIENCE_SECONDS = 120.0
AT_ONCE = 256


class Delivery(NamedTuple):
    """When one event reached so many viewers: times of the monotonic clock, which all processes share."""

    viewers: int
    first: float
    middle: float
    late: float
    last: float

    @classmethod
    def of(cls, arrivals: Sequence[float]) -> "Delivery":
        """`late` is when 99 % had it."""
        ordered = sorted(arrivals)
        middle, late = (ordered[math.ceil(part * len(ordered)) - 1] for part in (0.5, 0.99))
        return cls(len(ordered), ordered[0], middle, late, ordered[-1])


class Crowd:
    """Viewers that are opened together; who is lost is not replaced."""

    def __init__(self) -> None:
        self.viewers: list[Viewer] = []
        self._arrivals: list[float] = []
        self._missing = 0
        self._complete = asyncio.Event()
        self._first: dict[Viewer, asyncio.Future[None]] = {}

    def arrived(self, viewer: Viewer, at: float) -> None:
        """Note it, and whether it was the last that was waited for."""
        self._arrivals.append(at)
        self._missing -= 1
        if not self._missing:
            self._complete.set()
        if self._first and (first := self._first.pop(viewer, None)) is not None and not first.done():
            first.set_result(None)

    def ended(self, viewer: Viewer) -> None:
        """Whoever waits for its first event has waited in vain."""
        first = self._first.pop(viewer, None)
        if first is not None and not first.done():
            first.set_exception(ConnectionError(viewer.end))

    async def open(
        self,
        url: str,
        questions: Sequence[bytes],
        number: int,
        kind: Kind = SocketViewer,
        at_once: int = AT_ONCE,
    ) -> float:
        """Seconds until so many more have their first event; they ask the questions in turns."""
        began = time.monotonic()
        turns = asyncio.Semaphore(at_once)

        async def enter(place: int) -> None:
            async with turns:
                await self._enter(kind(self, url, questions[place % len(questions)]))

        async with asyncio.TaskGroup() as entering:
            for place in range(number):
                entering.create_task(enter(place))
        return time.monotonic() - began

    def expect(self, events: int | None = None) -> None:
        """From now on, count towards so many events; None means one for each viewer."""
        self._arrivals = []
        self._missing = len(self.viewers) if events is None else events
        self._complete.clear()

    async def delivered(self) -> Delivery:
        """Once each has got what was expected. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._complete.wait()
        return Delivery.of(self._arrivals)

    def counts(self, questions: int) -> list[int]:
        """How many events the first viewer of each question has got in all."""
        return [viewer.events for viewer in self.viewers[:questions]]

    def state(self) -> dict[str, int]:
        """How many are connected, completed, and gone by each way to end."""
        ends = Counter(viewer.end for viewer in self.viewers if not viewer.is_open)
        number = sum(viewer.is_open for viewer in self.viewers)
        return {"open": number, "completed": sum(viewer.has_completed for viewer in self.viewers), **ends}

    async def leave(self) -> None:
        """Everyone is gone at once."""
        for viewer in self.viewers:
            viewer.drop()
        await self.gone()
        self.viewers = []

    async def gone(self) -> None:
        """Once no viewer has a connection any more."""
        while any(viewer.is_open for viewer in self.viewers):
            await asyncio.sleep(0.01)

    async def _enter(self, viewer: Viewer) -> None:
        first = self._first[viewer] = asyncio.get_running_loop().create_future()
        self.viewers.append(viewer)
        await viewer.connect()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await first


class _Reader(SocketViewer):
    """Keeps the text of its first event."""

    __slots__ = ("text",)

    def _frame(self, opcode: int, data: bytes, start: int, end: int, now: float) -> None:
        if opcode == 1 and not self.events:
            self.text = data[start:end]
        super()._frame(opcode, data, start, end, now)


async def first_event(url: str, question: bytes) -> bytes:
    """The message that a viewer gets first, as it was sent."""
    crowd = Crowd()
    await crowd.open(url, [question], 1, _Reader)
    [viewer] = crowd.viewers
    await crowd.leave()
    return viewer.text if isinstance(viewer, _Reader) else b""
