"""Leaves a vendor alone that keeps failing, and lets one call try it when the time has come."""

import math
from collections import deque
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from resolvers.clock import Clock
from resolvers.domain import PrecheckProblem
from resolvers.metrics import BREAKER_OPENED, BREAKER_REFUSED, BREAKER_STATE
from resolvers.vocabulary import PrecheckProblemCode as Code

# Trouble of the whole connection. A vendor that asks for fewer calls, or sends one bad answer, is not down.
BREAKING = frozenset({Code.AUTHENTICATION, Code.TIMEOUT, Code.UNREACHABLE})
FAILURES_IN_A_ROW = 5
OPEN_SECONDS = 5.0
LONGEST_OPEN_SECONDS = 60.0
_WINDOW_SECONDS = 10.0
_LEAST_IN_WINDOW = 20
_SHARE_OF_WINDOW = 0.5
# Who comes while the one call tries the vendor is told to come back after this share of the interval.
_SHARE_WHILE_TRYING = 0.25
_log = structlog.get_logger()

Permit = int


class Breaker:
    """Closed until attempts fail; then open for a while, each time twice as long; then one probe decides.

    Every change of state makes older permits worthless, so that calls which began before it count no more.
    """

    def __init__(self, provider_id: str, clock: Clock, open_seconds: float = OPEN_SECONDS) -> None:
        self._provider_id = provider_id
        self._clock = clock
        self._shortest_seconds = open_seconds
        self._seconds = open_seconds
        self._permit: Permit = 0
        self._cause: PrecheckProblem | None = None
        self._opened_at = self._open_until = 0.0
        self._is_trying = False
        self._failures_in_a_row = 0
        self._window: deque[tuple[float, bool]] = deque(maxlen=1000)

    @property
    def is_open(self) -> bool:
        """Whether the vendor counts as down."""
        return self._cause is not None

    @property
    def retry_at(self) -> datetime | None:
        """When the vendor is tried again; None where it is not down."""
        if self._cause is None:
            return None
        return self._clock.now() + timedelta(seconds=max(self._open_until - self._clock.monotonic(), 0.0))

    def admit(self) -> Permit | PrecheckProblem:
        """A permit for one attempt, which ends with `record` or `abandon`; or the problem that keeps it closed."""
        if (refusal := self.refusal()) is not None:
            BREAKER_REFUSED.labels(self._provider_id).inc()
            return refusal
        if self._cause is not None:
            self._is_trying = True
            self._change(0.5)
        return self._permit

    def refusal(self) -> PrecheckProblem | None:
        """What keeps an attempt from being made now: the problem that opened it, with the time to come back."""
        wait = self._open_until - self._clock.monotonic()
        if self._cause is None or (wait <= 0 and not self._is_trying):
            return None
        if self._is_trying:
            wait = self._seconds * _SHARE_WHILE_TRYING
        return replace(self._cause, retry_after_seconds=math.ceil(max(wait, 0.001) * 1000) / 1000)

    def record(self, permit: Permit, problem: PrecheckProblem | None) -> None:
        """How an attempt has ended."""
        if permit != self._permit:
            return
        is_failure = problem is not None and problem.code in BREAKING
        self._failures_in_a_row = self._failures_in_a_row + 1 if is_failure else 0
        self._window.append((self._clock.monotonic(), is_failure))
        if problem is not None and is_failure:
            if self._is_trying:
                self._open(problem, min(self._seconds * 2, max(LONGEST_OPEN_SECONDS, self._seconds)))
            elif self._failures_in_a_row >= FAILURES_IN_A_ROW or self._is_mostly_failing():
                self._opened_at = self._clock.monotonic()
                self._open(problem, self._shortest_seconds)
                self._tell("provider_down", code=problem.code.value, why=problem.message)
        elif self._is_trying:
            self._close()

    def abandon(self, permit: Permit) -> None:
        """An attempt has ended without telling anything of the vendor; the next one may try in its place."""
        if permit == self._permit:
            self._is_trying = False

    def _open(self, cause: PrecheckProblem, seconds: float) -> None:
        self._cause, self._seconds, self._is_trying = cause, seconds, False
        self._open_until = self._clock.monotonic() + seconds
        BREAKER_OPENED.labels(self._provider_id).inc()
        self._change(1.0)

    def _close(self) -> None:
        self._cause, self._is_trying = None, False
        self._window.clear()
        self._change(0.0)
        self._tell("provider_back", down_seconds=round(self._clock.monotonic() - self._opened_at, 1))

    def _change(self, shown: float) -> None:
        self._permit += 1
        BREAKER_STATE.labels(self._provider_id).set(shown)

    def _is_mostly_failing(self) -> bool:
        since = self._clock.monotonic() - _WINDOW_SECONDS
        recent = [failed for at, failed in self._window if at >= since]
        return len(recent) >= _LEAST_IN_WINDOW and sum(recent) >= _SHARE_OF_WINDOW * len(recent)

    def _tell(self, event: str, **facts: object) -> None:
        _log.warning(event, provider=self._provider_id, **facts)
