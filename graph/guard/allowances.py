"""How much one client may ask for: an allowance that fills by the minute and is charged by cost."""

import math

from resolvers.clock import Clock
from resolvers.errors import TooMuchAtOnce

_MINUTE_SECONDS = 60.0
_MOST_CLIENTS = 100_000
# What reading a document takes, valid or not, in the unit of cost; and 1 for so many characters of a new one.
READING = 10
READ_AT_ONCE = 16


class Allowances:
    """Each client's allowance, whole at first; a client that was not seen for a minute is forgotten."""

    def __init__(self, cost_per_minute: int, clock: Clock) -> None:
        self._most = cost_per_minute
        self._per_second = cost_per_minute / _MINUTE_SECONDS
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}  # how much, and when that was; the oldest first

    def __len__(self) -> int:
        return len(self._spent)

    def charge(self, client: str, cost: int) -> None:
        """Take this much, or nothing and raise TooMuchAtOnce."""
        now = self._clock.monotonic()
        self._forget(now)
        spent = self._owed(client, now)
        if spent + cost > self._most:
            raise self._refusal(cost, math.ceil((spent + cost - self._most) / self._per_second))
        self._spent.pop(client, None)
        self._spent[client] = (spent + cost, now)

    def _owed(self, client: str, now: float) -> float:
        spent, at = self._spent.get(client, (0.0, now))
        return max(0.0, spent - (now - at) * self._per_second)

    def _forget(self, now: float) -> None:
        while self._spent:
            oldest = next(iter(self._spent))
            if now - self._spent[oldest][1] < _MINUTE_SECONDS and len(self._spent) <= _MOST_CLIENTS:
                return
            del self._spent[oldest]

    def _refusal(self, cost: int, seconds: int) -> TooMuchAtOnce:
        return TooMuchAtOnce(
            f"One client may ask for a cost of {self._most} in a minute, and too little of it is left for this "
            f"operation, which may cost {cost}. Ask again in {seconds} s, or for less.",
            retry_after_seconds=float(seconds),
        )
