"""Long work in one event loop, given up for a moment so that others have their turn."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeAlias

Seconds: TypeAlias = Callable[[], float]

TURN_SECONDS = 0.001
_TURNS_FOR_OTHERS = 4  # a small request takes several turns of the loop


class Turn:
    """Some work, a millisecond if nothing is said, and then everybody else's turn. The clock counts seconds."""

    def __init__(self, clock: Seconds = time.perf_counter, seconds: float = TURN_SECONDS) -> None:
        self.now = clock
        self._seconds = seconds
        self._until = clock() + seconds

    def is_over(self) -> bool:
        """Whether others should go on."""
        return self.now() >= self._until

    async def give(self) -> None:
        """Let them, and begin another one."""
        for _ in range(_TURNS_FOR_OTHERS):
            await asyncio.sleep(0)
        self._until = self.now() + self._seconds
