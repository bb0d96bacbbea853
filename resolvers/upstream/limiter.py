"""Never more calls than a vendor allows in any one second: the generic cell rate algorithm with burst one."""

from resolvers.clock import Clock
from resolvers.errors import RateLimited

# Head room for clocks and networks that bunch calls on the way to the vendor.
_SHARE_OF_THE_LIMIT = 0.9


class Limiter:
    """Hands out one call after another, evenly spaced; calls wait in the order in which they came."""

    def __init__(
        self, requests_per_second: float | None, clock: Clock, longest_wait_seconds: float = 10.0
    ) -> None:
        self._spacing = 1 / (requests_per_second * _SHARE_OF_THE_LIMIT) if requests_per_second else 0.0
        self._clock = clock
        self._longest_wait = longest_wait_seconds
        self._next_free = 0.0

    async def take(self, provider_id: str) -> None:
        """Wait for this call's turn. Raises RateLimited at once if the turn would come too late."""
        if not self._spacing:
            return
        now = self._clock.monotonic()
        turn = max(now, self._next_free)
        if turn - now > self._longest_wait:
            raise RateLimited(
                "More calls wait for this vendor than its rate limit lets through in time. Ask for less at once.",
                provider_id=provider_id,
                retry_after_seconds=round(turn - now - self._longest_wait, 1),
            )
        self._next_free = turn + self._spacing
        await self._clock.sleep(turn - now)
