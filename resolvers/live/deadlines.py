"""Ends what lasts too long: one task for however many, since all of them may last equally long."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from resolvers.clock import Clock

_Kept = TypeVar("_Kept")


class Deadlines(Generic[_Kept]):
    """Calls `overdue` with each that was added `seconds` ago and was not removed since."""

    def __init__(self, clock: Clock, seconds: float, overdue: Callable[[_Kept], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._overdue = overdue
        self._due: dict[_Kept, float] = {}  # the first is the next
        self._watch: asyncio.Task[None] | None = None

    def add(self, kept: _Kept) -> None:
        """Its time begins now."""
        self._due[kept] = self._clock.monotonic() + self._seconds
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._run(), name="deadlines of streams")

    def remove(self, kept: _Kept) -> None:
        """It has ended before."""
        self._due.pop(kept, None)
        if not self._due and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _run(self) -> None:
        while self._due:
            kept, due = next(iter(self._due.items()))
            left = due - self._clock.monotonic()
            if left > 0:
                await self._clock.sleep(left)
            else:
                del self._due[kept]
                self._overdue(kept)
