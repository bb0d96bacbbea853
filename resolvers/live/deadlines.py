"""Ends what lasts too long: one timer for however many, since all of them may last equally long."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from resolvers.turns import Turn

_Kept = TypeVar("_Kept")


class Deadlines(Generic[_Kept]):
    """Calls `overdue` with each that was added `seconds` ago, by the event loop's clock, and not removed since."""

    def __init__(self, seconds: float, overdue: Callable[[_Kept], None]) -> None:
        self._seconds = seconds
        self._overdue = overdue
        self._due: dict[_Kept, float] = {}  # the first is the next
        self._timer: asyncio.TimerHandle | None = None

    def add(self, kept: _Kept) -> None:
        """Its time begins now."""
        loop = asyncio.get_running_loop()
        self._due[kept] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)

    def remove(self, kept: _Kept) -> None:
        """It has ended before."""
        self._due.pop(kept, None)
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        turn = Turn(loop.time)
        self._timer = None
        while self._due:
            kept, due = next(iter(self._due.items()))
            if due > loop.time() or turn.is_over():
                # Those who came together end together; others go on between them.
                self._timer = loop.call_at(max(due, loop.time()), self._look)
                return
            del self._due[kept]
            self._overdue(kept)
