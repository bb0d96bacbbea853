"""Wakes the pollers of one connection together, so that their readings share its batch calls."""

import asyncio
import math

from resolvers.clock import Clock


class Rounds:
    """Waits that end only at whole multiples of `seconds`; who waits for the same one goes on together.

    Waits are rounded to the nearest round and not up: a reading that ends a moment after its round
    has begun would else lose the next one.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._begun: dict[int, _Round] = {}

    async def wait(self, seconds: float) -> None:
        """Wait about this long, at least until the next round."""
        now = self._clock.monotonic() / self._seconds
        number = max(math.floor(now) + 1, math.floor(now + seconds / self._seconds + 0.5))
        begun = self._begun.get(number)
        if begun is None or begun.reached.done():
            begun = self._begun[number] = _Round(asyncio.create_task(self._reach(number)))
        begun.waiting += 1
        try:
            await asyncio.shield(begun.reached)
        finally:
            begun.waiting -= 1
            if not begun.waiting:
                begun.reached.cancel()
            if self._begun.get(number) is begun and (begun.reached.done() or not begun.waiting):
                del self._begun[number]

    async def _reach(self, number: int) -> None:
        await self._clock.sleep(number * self._seconds - self._clock.monotonic())


class _Round:
    """One round that is waited for; it ends with the last who waits."""

    def __init__(self, reached: asyncio.Task[None]) -> None:
        self.reached = reached
        self.waiting = 0
