"""How a connection has behaved lately, learnt from ordinary traffic and never from probes."""

from collections import deque
from datetime import datetime
from statistics import median

from resolvers.clock import Clock
from resolvers.domain import PrecheckProblem, ProviderHealth
from resolvers.upstream.breaker import Breaker
from resolvers.vocabulary import PrecheckProblemCode as Code
from resolvers.vocabulary import ProviderState

# Trouble of the connection; NOT_FOUND and the like are answers of a vendor that works.
CONNECTION_TROUBLE = frozenset(
    {
        Code.AUTHENTICATION,
        Code.FORBIDDEN,
        Code.RATE_LIMITED,
        Code.TIMEOUT,
        Code.UNREACHABLE,
        Code.UNREADABLE_ANSWER,
        Code.INTERNAL,
    }
)
_WINDOW_SECONDS = 60.0
_DEGRADED_SHARE = 0.2
_LATENCIES_KEPT = 50


class Health:
    """Counts the calls of one connection; reading it makes no call."""

    def __init__(self, clock: Clock, breaker: Breaker) -> None:
        self._clock = clock
        self._breaker = breaker
        self._calls: deque[tuple[float, bool]] = deque(maxlen=1000)
        self._latencies: deque[float] = deque(maxlen=_LATENCIES_KEPT)
        self._last_success_at: datetime | None = None
        self._last_failure_at: datetime | None = None
        self._failures_in_a_row = 0
        self._problem: PrecheckProblem | None = None

    def record(self, failure: PrecheckProblem | None, seconds: float) -> None:
        """One call has ended, as a whole with this problem or else answered."""
        failed = failure is not None and failure.code in CONNECTION_TROUBLE
        self._calls.append((self._clock.monotonic(), failed))
        self._latencies.append(seconds * 1000)
        if failed:
            self._failures_in_a_row += 1
            self._last_failure_at = self._clock.now()
            self._problem = failure
        else:
            self._failures_in_a_row = 0
            self._last_success_at = self._clock.now()
            self._problem = None

    def shown(self) -> ProviderHealth:
        """The health as clients see it."""
        return ProviderHealth(
            state=self._state(),
            last_success_at=self._last_success_at,
            last_failure_at=self._last_failure_at,
            consecutive_failures=self._failures_in_a_row,
            typical_latency_ms=round(median(self._latencies), 1) if self._latencies else None,
            retry_at=self._breaker.retry_at,
            problem=self._problem,
        )

    def _state(self) -> ProviderState:
        if not self._calls:
            return ProviderState.UNKNOWN
        if self._breaker.is_open:
            return ProviderState.DOWN
        return ProviderState.DEGRADED if self._failures_in_a_row or self._is_shaky() else ProviderState.HEALTHY

    def _is_shaky(self) -> bool:
        since = self._clock.monotonic() - _WINDOW_SECONDS
        recent = [failed for at, failed in self._calls if at >= since]
        return sum(recent) > _DEGRADED_SHARE * len(recent)
