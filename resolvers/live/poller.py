"""Asks for one watched precheck again and again: faster while it changes, slower when not, never silent."""

from collections.abc import Awaitable, Callable

import structlog

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import InternalFault
from resolvers.live.topic import Topic
from resolvers.snapshots import Snapshots
from resolvers.vocabulary import PrecheckLocale

SLOWEST_POLL_SECONDS = 10.0
LONGEST_BACK_OFF_SECONDS = 30.0
_SLOWING = 1.5
_JITTER = 0.1
_log = structlog.get_logger()

Rest = Callable[[float], Awaitable[None]]


class Pace:
    """How long to wait between two readings, in seconds; never less than the vendor's floor."""

    def __init__(self, floor_seconds: float, random: Callable[[], float]) -> None:
        self._floor = floor_seconds
        self._random = random
        self._seconds = floor_seconds
        self._failures = 0

    def after_reading(self, *, changed: bool, is_over: bool) -> float:
        """The wait after an answer: the floor after a change, longer each time after none, longest at the end."""
        self._failures = 0
        slowest = max(SLOWEST_POLL_SECONDS, self._floor)
        slower = slowest if is_over else min(self._seconds * _SLOWING, slowest)
        self._seconds = self._floor if changed and not is_over else slower
        return max(self._floor, self._seconds * (1 + _JITTER * (2 * self._random() - 1)))

    def after_failure(self, asked_to_wait_seconds: float | None) -> float:
        """The wait after trouble: as told, else doubling."""
        self._failures += 1
        doubled = self._floor * 2.0 ** min(self._failures, 10)
        return max(self._floor, min(max(asked_to_wait_seconds or 0.0, doubled), LONGEST_BACK_OFF_SECONDS))


async def poll(topic: Topic, locale: PrecheckLocale, snapshots: Snapshots, pace: Pace, rest: Rest) -> None:
    """Feed a topic until cancelled, or until its reference proves permanently wrong."""
    max_age_seconds = 0.5  # a viewer that comes right after a query needs no second call
    while True:
        reading = await _reading(topic, locale, snapshots, max_age_seconds)
        max_age_seconds = 0.0
        if isinstance(reading, Precheck):
            wait_seconds = pace.after_reading(changed=topic.take(reading), is_over=topic.is_over)
        else:
            wait_seconds = pace.after_failure(reading.retry_after_seconds)
            if topic.fail(reading, wait_seconds):
                return
        await rest(wait_seconds)


async def _reading(
    topic: Topic, locale: PrecheckLocale, snapshots: Snapshots, max_age_seconds: float
) -> Precheck | PrecheckProblem:
    try:
        lookup = await snapshots.read(topic.reference, locale, max_age_seconds)
        reading = lookup.problem or lookup.precheck
    except Exception:
        # Viewers of a poller that died would wait in silence for ever.
        _log.exception("poller_fault", provider=topic.reference.provider_id)
        reading = None
    return reading or InternalFault("This server failed while it was watching; its log says why.").problem
