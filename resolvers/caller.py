"""Who asks: what exists for them, what they may do, and for how long: a stream never outlives its token."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import NamedTuple, TypeVar

from resolvers.clock import Clock
from resolvers.errors import AuthExpired

_Provider = TypeVar("_Provider")


class Right(Enum):
    """What a token may allow."""

    READ = "read"
    RAW = "raw"
    ACT = "act"


class Caller(NamedTuple):
    """Whom a bearer token names.

    `providers` are the ids of those it may see, None for all. The token ends at the instant `expires_at` (UTC), or
    when `withdrawn` is set; where both are None it never does.
    """

    subject: str
    expires_at: datetime | None = None
    providers: frozenset[str] | None = None
    rights: frozenset[Right] = frozenset({Right.READ})
    withdrawn: asyncio.Event | None = None

    @property
    def may_end(self) -> bool:
        """Whether there is an end to wait for."""
        return self.expires_at is not None or self.withdrawn is not None

    def is_expired(self, clock: Clock) -> bool:
        """Whether the token has ended."""
        is_withdrawn = self.withdrawn is not None and self.withdrawn.is_set()
        return is_withdrawn or (self.expires_at is not None and self.expires_at <= clock.now())

    async def expiry(self, clock: Clock) -> None:
        """Wait until the token ends; for ever, where nothing ends it."""
        if self.withdrawn is None:
            await self._lapse(clock)
            return
        ends = [asyncio.create_task(self.withdrawn.wait()), asyncio.create_task(self._lapse(clock))]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def _lapse(self, clock: Clock) -> None:
        if self.expires_at is None:
            await asyncio.get_running_loop().create_future()
            return
        while (left := (self.expires_at - clock.now()).total_seconds()) > 0:
            await clock.sleep(left)


NOBODY = Caller("", providers=frozenset(), rights=frozenset())


class Seen(Mapping[str, _Provider]):
    """The providers that exist for a caller: those it may see of the ones that are configured at the time."""

    __slots__ = ("_configured", "_ids")

    def __init__(self, configured: Mapping[str, _Provider], ids: frozenset[str]) -> None:
        self._configured = configured
        self._ids = ids

    def __getitem__(self, provider_id: str) -> _Provider:
        if provider_id not in self._ids:
            raise KeyError(provider_id)
        return self._configured[provider_id]

    def __contains__(self, provider_id: object) -> bool:
        return provider_id in self._ids and provider_id in self._configured

    def __iter__(self) -> Iterator[str]:
        return (each for each in self._configured if each in self._ids)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def seen_by(caller: Caller | None, configured: Mapping[str, _Provider]) -> Mapping[str, _Provider]:
    """What exists for this caller; everything for one that is not known, or whose token names no providers."""
    if caller is None or caller.providers is None:
        return configured
    return Seen(configured, caller.providers)


async def stop_at_the_end(caller: Caller, clock: Clock, stop: Callable[[AuthExpired], None]) -> None:
    """Call `stop` when the caller's token ends."""
    await caller.expiry(clock)
    stop(AuthExpired("The bearer token has ended, so this stream ends. Subscribe again with a new one."))
