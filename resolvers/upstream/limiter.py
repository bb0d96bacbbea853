"""Never more calls than a vendor allows in any one second: the generic cell rate algorithm with burst one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from resolvers.clock import Clock
from resolvers.domain import PrecheckProblem
from resolvers.errors import RateLimited
from resolvers.metrics import LIMITER_REFUSED

# Head room for clocks and networks that bunch calls on the way to the vendor.
_SHARE_OF_THE_LIMIT = 0.9
# A turn that begins late may be made up for by at most this share of the spacing.
_CATCHING_UP = 0.5
# Where a vendor documents no rate, one that asks for fewer calls gets them this far apart, times the stretch.
_SPACING_WHERE_NONE_IS_KNOWN = 0.05
_MOST_STRETCH = 8.0
_EASING = 0.97
LONGEST_PAUSE_SECONDS = 30.0


class Dismissed(Exception):
    """Whoever stood in line was sent away: a turn would not come in time, or would be of no use any more."""


class Limiter:
    """Hands out one turn after another, evenly spaced; calls wait in the order in which they came.

    A vendor that asks for fewer calls gets a pause, and then wider spacing that eases with every success.
    """

    def __init__(
        self, requests_per_second: float | None, clock: Clock, longest_wait_seconds: float = 10.0
    ) -> None:
        self.set_rate(requests_per_second)
        self._clock = clock
        self._longest_wait = longest_wait_seconds
        self._stretch = 1.0
        self._next_free = 0.0
        self._resumes_at = 0.0
        self._waiting: dict[asyncio.Timeout, str] = {}
        self._line = asyncio.Lock()

    def set_rate(self, requests_per_second: float | None) -> None:
        """Space further turns by another rate; None for none. A pause goes on, and so does wider spacing."""
        self._known_spacing = 1 / (requests_per_second * _SHARE_OF_THE_LIMIT) if requests_per_second else 0.0

    def refusal(self, provider_id: str) -> PrecheckProblem | None:
        """Why a call is not even to line up: its turn would come too late. None where it may."""
        wait = max(self._next_free - self._clock.monotonic(), 0.0) + len(self._waiting) * self._spacing
        if wait <= self._longest_wait:
            return None
        LIMITER_REFUSED.labels(provider_id).inc()
        return RateLimited(
            "More calls wait for this vendor than its rate limit lets through in time. Ask for less at once.",
            provider_id=provider_id,
            retry_after_seconds=max(round(wait - self._longest_wait, 1), 0.1),
        ).problem

    @asynccontextmanager
    async def queue(self, provider_id: str) -> AsyncIterator[None]:
        """Stand in line; who leaves it without a turn costs the others nothing. Raises Dismissed."""
        place = asyncio.timeout(None)
        try:
            async with place:
                self._waiting[place] = provider_id
                yield
        except TimeoutError:
            raise Dismissed from None
        finally:
            self._waiting.pop(place, None)

    async def take(self) -> None:
        """Wait for this call's turn."""
        if not self._spacing and self._next_free <= self._clock.monotonic():
            return
        async with self._line:
            while (wait := self._next_free - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            now = self._clock.monotonic()
            self._next_free = max(self._next_free, now - _CATCHING_UP * self._spacing) + self._spacing

    def pause(self, seconds: float) -> None:
        """The vendor asks for fewer calls: none for so long, at most 30 s, then fewer than before.

        Where that is longer than anyone waits, all who stand in line are sent away.
        """
        now = self._clock.monotonic()
        if now >= self._resumes_at:  # calls that were under way together are told of one and the same trouble
            self._stretch = min(self._stretch * 2, _MOST_STRETCH)
        self._resumes_at = max(self._resumes_at, now + min(seconds, LONGEST_PAUSE_SECONDS))
        self._next_free = max(self._next_free, self._resumes_at)
        if self._next_free - now > self._longest_wait:
            for provider_id in set(self._waiting.values()):
                self.dismiss(provider_id)

    def dismiss(self, provider_id: str) -> None:
        """Send away all who stand in line for this connection."""
        for place in [place for place, waits_for in self._waiting.items() if waits_for == provider_id]:
            del self._waiting[place]  # at once, for nobody can be sent away twice
            place.reschedule(0.0)

    def ease(self) -> None:
        """The vendor has answered."""
        self._stretch = max(self._stretch * _EASING, 1.0)

    @property
    def _spacing(self) -> float:
        if self._stretch == 1.0:
            return self._known_spacing
        return max(self._known_spacing, _SPACING_WHERE_NONE_IS_KNOWN) * self._stretch
