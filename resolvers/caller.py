"""Who asks, and for how long: a stream never outlives the token that opened it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import NamedTuple, TypeVar

from resolvers.clock import Clock
from resolvers.errors import AuthExpired

_Event = TypeVar("_Event")


class Caller(NamedTuple):
    """Whom a bearer token names, and the instant (UTC) at which it ends."""

    subject: str
    expires_at: datetime

    def is_expired(self, clock: Clock) -> bool:
        """Whether the token has ended."""
        return self.expires_at <= clock.now()

    async def expiry(self, clock: Clock) -> None:
        """Wait until the token ends."""
        while (left := (self.expires_at - clock.now()).total_seconds()) > 0:
            await clock.sleep(left)


async def while_admitted(
    events: AsyncGenerator[_Event, None], caller: Caller, clock: Clock
) -> AsyncGenerator[_Event, None]:
    """The events for as long as the caller's token lasts. Raises AuthExpired when it ends before they do."""
    expiry = asyncio.create_task(caller.expiry(clock))
    try:
        while (event := await _next(events, expiry)) is not None:
            yield event
    finally:
        expiry.cancel()
        await events.aclose()


async def _next(events: AsyncGenerator[_Event, None], expiry: asyncio.Task[None]) -> _Event | None:
    """The next event, None after the last one."""
    if not expiry.done():
        step = asyncio.ensure_future(anext(events, None))
        try:
            await asyncio.wait((step, expiry), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not step.done():  # a generator that still runs could not be closed
                step.cancel()
                await asyncio.wait((step,))
        if not step.cancelled():
            return step.result()
    raise AuthExpired("The bearer token has expired, so this stream ends. Subscribe again with a new one.")
