"""Time as a value that is handed in, so that tests drive it."""

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """The machine's own time; a test passes a subclass that it moves by hand."""

    def now(self) -> datetime:
        """The instant now, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean something."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds, or not at all if that is not in the future."""
        await asyncio.sleep(max(0.0, seconds))
