"""Clocks for which nobody has to wait."""

import asyncio
from datetime import UTC, datetime, timedelta

from resolvers.clock import Clock

START = datetime(2026, 11, 21, tzinfo=UTC)


class Driven(Clock):
    """Only moves when somebody waits or a test says so. `late` is how many seconds too late sleepers wake."""

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


class Hurried(Clock):
    """The machine's time, ahead by every wait: whoever sleeps is woken at once and finds the time gone by."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead_seconds)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_seconds

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        await asyncio.sleep(0)
        self.advance(max(0.0, until - self.monotonic()))

    def advance(self, seconds: float) -> None:
        self.ahead_seconds += seconds
