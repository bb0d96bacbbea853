"""Who asks, and for how long: a stream never outlives the token that opened it."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from resolvers.clock import Clock
from resolvers.errors import AuthExpired


class Caller(NamedTuple):
    """Whom a bearer token names, and the instant (UTC) at which it ends."""

    subject: str
    expires_at: datetime

    @property
    def rights(self) -> frozenset[str]:
        """What the token allows. Whoever is let in may read everything: there are no other rights so far."""
        return frozenset({"read"})

    def is_expired(self, clock: Clock) -> bool:
        """Whether the token has ended."""
        return self.expires_at <= clock.now()

    async def expiry(self, clock: Clock) -> None:
        """Wait until the token ends."""
        while (left := (self.expires_at - clock.now()).total_seconds()) > 0:
            await clock.sleep(left)


async def stop_at_the_end(caller: Caller, clock: Clock, stop: Callable[[AuthExpired], None]) -> None:
    """Call `stop` when the caller's token ends."""
    await caller.expiry(clock)
    stop(AuthExpired("The bearer token has expired, so this stream ends. Subscribe again with a new one."))
