"""A clock that only moves when somebody waits or a test says so."""

import asyncio
from datetime import UTC, datetime, timedelta

from resolvers.clock import Clock

START = datetime(2026, 11, 21, tzinfo=UTC)


class Driven(Clock):
    """Sleepers wake in order, without any waiting; `late` is how many seconds too late they wake."""

    def __init__(self, late: float = 0.0) -> None:
        self.seconds = 0.0
        self.late = late

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds + self.late
        await asyncio.sleep(0)
        self.seconds = max(self.seconds, until)
