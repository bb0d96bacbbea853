"""Who asks, and for how long: a stream never outlives the token that opened it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def ending(caller: Caller | None, clock: Clock, stop: Callable[[AuthExpired], None]) -> Iterator[None]:
    """Call `stop` when the caller's token ends, if the block lasts so long; nothing where there is no caller."""
    if caller is None:
        yield
        return

    async def watch() -> None:
        await caller.expiry(clock)
        stop(_expired())

    if caller.is_expired(clock):
        stop(_expired())
    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def _expired() -> AuthExpired:
    return AuthExpired("The bearer token has expired, so this stream ends. Subscribe again with a new one.")
