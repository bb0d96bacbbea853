"""The emulator's one clock: real time plus an offset that tests move, so that nothing has to sleep."""

import time
from datetime import UTC, datetime
from email.utils import formatdate


class Clock:
    """Real time plus `offset_seconds`; `advance` moves it, and everything timed in the emulator asks it."""

    def __init__(self) -> None:
        self._base = time.time() - time.monotonic()  # a step of the machine's clock must not end a run
        self.offset_seconds = 0.0

    def time(self) -> float:
        """Seconds since 1970, UTC."""
        return self._base + time.monotonic() + self.offset_seconds

    def now(self) -> datetime:
        """The same instant as an aware UTC datetime."""
        return datetime.fromtimestamp(self.time(), UTC)

    def http_date(self) -> str:
        """The same instant as a `Date` response header."""
        return formatdate(self.time(), usegmt=True)

    def advance(self, seconds: float) -> None:
        """Move the clock; a negative number moves it back."""
        self.offset_seconds += seconds
