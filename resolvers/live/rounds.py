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
        self._waited_for: dict[int, asyncio.Task[None]] = {}

    async def wait(self, seconds: float) -> None:
        """Wait about this long, at least until the next round."""
        now = self._clock.monotonic() / self._seconds
        number = max(math.floor(now) + 1, math.floor(now + seconds / self._seconds + 0.5))
        begun = self._waited_for.get(number)
        if begun is None:
            begun = self._waited_for[number] = asyncio.create_task(self._begin(number))
        await asyncio.shield(begun)

    async def _begin(self, number: int) -> None:
        try:
            await self._clock.sleep(number * self._seconds - self._clock.monotonic())
        finally:
            del self._waited_for[number]
