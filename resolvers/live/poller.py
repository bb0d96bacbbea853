"""Asks for one watched precheck again and again: faster while it changes, slower when not, never silent."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import InternalFault
from resolvers.live.topic import Topic
from resolvers.metrics import POLLER_FAULTS, POLLS
from resolvers.snapshots import Snapshots
from resolvers.stall import is_stalled
from resolvers.vocabulary import PrecheckLocale, PrecheckProblemCode

SLOWEST_POLL_SECONDS = 10.0
# A run that has come to a stand waits for a person, not for the next second.
STALLED_POLL_SECONDS = 30.0
# Breaker and limiter spare a vendor in trouble; longer waits here would only find out late that it is back.
LONGEST_BACK_OFF_SECONDS = 5.0
# Nobody but the poller itself spares this server; and what no second attempt mends waits for a person.
LONGEST_FAULT_BACK_OFF_SECONDS = 30.0
_SLOWING = 1.5
_JITTER = 0.1
_MAX_FIRST_AGE_SECONDS = 0.5  # a viewer that comes right after a query needs no second call
_FAULT = InternalFault("This server failed while it was watching; its log says why.").problem
_log = structlog.get_logger()

Rest = Callable[[float], Awaitable[None]]


class Pace:
    """How long to wait between two readings, in seconds; never less than the vendor's floor.

    `crowding` gives the seconds in which all that is watched at a connection can be read once: nobody asks twice
    in that time, or the line of those who wait for their turn would grow.
    """

    def __init__(
        self, floor_seconds: float, random: Callable[[], float], crowding: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._floor = floor_seconds
        self._random = random
        self._crowding = crowding
        self._seconds = floor_seconds
        self._failures = 0

    def after_reading(self, *, changed: bool, is_over: bool, is_stalled: bool = False) -> float:
        """The wait after an answer: the floor after a change, longer each time after none, longest at the end."""
        self._failures = 0
        slowest = max(STALLED_POLL_SECONDS if is_stalled else SLOWEST_POLL_SECONDS, self._floor)
        if is_over or is_stalled:
            self._seconds = slowest
        else:
            self._seconds = self._floor if changed else min(self._seconds * _SLOWING, slowest)
        jitter = 1 + _JITTER * (2 * self._random() - 1)
        return max(self._floor, max(self._seconds, self._crowding()) * jitter)

    def after_failure(self, problem: PrecheckProblem) -> float:
        """The wait after trouble: as told, for whoever tells it knows when asking is worth it; else doubling."""
        self._failures += 1
        if problem.retry_after_seconds:
            # A little later, each by another time: else all would wake at once, and fail at once.
            return max(self._floor, problem.retry_after_seconds * (1 + _JITTER * self._random()))
        is_passing = problem.retryable and problem.code is not PrecheckProblemCode.INTERNAL
        longest = LONGEST_BACK_OFF_SECONDS if is_passing else LONGEST_FAULT_BACK_OFF_SECONDS
        return max(self._floor, self._crowding(), min(self._floor * 2.0 ** min(self._failures, 10), longest))


class Poller:
    """Feeds one topic. A fault of this server costs an attempt, never the watch."""

    def __init__(self, topic: Topic, locale: PrecheckLocale, snapshots: Snapshots, pace: Pace, rest: Rest) -> None:
        self._topic = topic
        self._locale = locale
        self._snapshots = snapshots
        self._pace = pace
        self._rest = rest
        self._max_age_seconds = _MAX_FIRST_AGE_SECONDS
        self._known_fault: str | None = None

    async def run(self, after: BaseException | None = None) -> None:
        """Until cancelled, or until the reference proves permanently wrong.

        `after` is the fault by which the run before this one ended: it is told, and waited for.
        """
        if after is not None:
            await self._recover(after)
        # Asked each time, for a wait that ends in the very moment of a cancellation may swallow it.
        while self._topic.poller is asyncio.current_task():
            try:
                wait_seconds = await self._attempt()
                if self._topic.is_given_up:
                    return
                await self._rest(wait_seconds)
                self._known_fault = None
            except Exception as fault:
                await self._recover(fault)

    async def _attempt(self) -> float:
        """One reading; the seconds to wait before the next."""
        POLLS.labels(self._topic.reference.provider_id).inc()
        lookup = await self._snapshots.read(self._topic.reference, self._locale, self._max_age_seconds)
        self._max_age_seconds = 0.0
        reading = lookup.problem or lookup.precheck or _FAULT
        if isinstance(reading, Precheck):
            # An end that is not confirmed is asked about again as soon as the vendor allows.
            changed = self._topic.take(reading) or reading.unconfirmed is not None
            return self._pace.after_reading(
                changed=changed, is_over=self._topic.is_over, is_stalled=is_stalled(reading)
            )
        wait_seconds = self._pace.after_failure(reading)
        self._topic.fail(reading, wait_seconds)
        return wait_seconds

    async def _recover(self, fault: BaseException) -> None:
        provider_id = self._topic.reference.provider_id
        POLLER_FAULTS.labels(provider_id).inc()
        if repr(fault) != self._known_fault:
            self._known_fault = repr(fault)
            _log.error("poller_fault", provider=provider_id, exc_info=fault)
        wait_seconds = self._pace.after_failure(_FAULT)
        # What keeps viewers from being told now may be over at the next attempt.
        with contextlib.suppress(Exception):
            self._topic.fail(_FAULT, wait_seconds)
        # The clock that is handed in may be what failed: the event loop's own measures this wait.
        await asyncio.sleep(wait_seconds)
