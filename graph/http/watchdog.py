"""Notices that the event loop was blocked, and keeps new work away for a moment."""

import math

import structlog

from resolvers.clock import Clock
from resolvers.metrics import LOOP_BLOCKED, LOOP_LAG_SECONDS

INTERVAL_SECONDS = 0.25
TOLERATED_SECONDS = 1.0
RECOVERY_SECONDS = 5.0
_log = structlog.get_logger()


class Watchdog:
    """Sleeps for a quarter of a second again and again, and sees how late it wakes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = math.inf
        self._recovered_at = -math.inf

    async def watch(self) -> None:
        """Measure until cancelled."""
        while True:
            self._due = self._clock.monotonic() + INTERVAL_SECONDS
            await self._clock.sleep(INTERVAL_SECONDS)
            self._note(self._lag_seconds())

    def trouble(self) -> str | None:
        """Why no new work should come: the loop was late by more than a second within the last five."""
        # A probe that waited through the block may be answered before the watchdog itself wakes.
        is_late = self._lag_seconds() > TOLERATED_SECONDS
        if is_late or self._clock.monotonic() < self._recovered_at:
            return "The event loop was blocked a moment ago."
        return None

    def _lag_seconds(self) -> float:
        return max(0.0, self._clock.monotonic() - self._due)

    def _note(self, lag_seconds: float) -> None:
        LOOP_LAG_SECONDS.set(lag_seconds)
        if lag_seconds > TOLERATED_SECONDS:
            self._recovered_at = self._clock.monotonic() + RECOVERY_SECONDS
            LOOP_BLOCKED.inc()
            _log.warning("event_loop_blocked", seconds=round(lag_seconds, 3))
