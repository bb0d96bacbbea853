"""When a failed read is worth asking again, and after how long: bounded by attempts, time and a budget."""

from collections.abc import Callable

from resolvers.domain import PrecheckProblem
from resolvers.metrics import RETRIES, RETRIES_DENIED
from resolvers.vocabulary import PrecheckProblemCode as Code

# How often one read is asked at most. A vendor that is slow is not helped by being asked twice.
ATTEMPTS = {Code.UNREACHABLE: 3, Code.RATE_LIMITED: 3, Code.UNREADABLE_ANSWER: 2}
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
FULL_BUDGET = 100
COST_OF_A_RETRY = 5


class Retries:
    """The retry budget of one connection: a retry costs five tokens of a hundred, a success earns one."""

    def __init__(self, provider_id: str, random: Callable[[], float]) -> None:
        self._provider_id = provider_id
        self._random = random
        self._tokens = FULL_BUDGET

    def earn(self) -> None:
        """The vendor has answered."""
        self._tokens = min(self._tokens + 1, FULL_BUDGET)

    def wait_seconds(self, problem: PrecheckProblem, attempt: int, seconds_left: float) -> float | None:
        """How long to wait before asking again after this many attempts, and pay for it; None for no more."""
        if not problem.retryable or attempt >= ATTEMPTS.get(problem.code, 1):
            return None
        wait = problem.retry_after_seconds
        if wait is None:
            wait = self.back_off_seconds(attempt)
        if wait >= seconds_left:
            return None
        if self._tokens < COST_OF_A_RETRY:
            RETRIES_DENIED.labels(self._provider_id).inc()
            return None
        self._tokens -= COST_OF_A_RETRY
        RETRIES.labels(self._provider_id, problem.code.value.lower()).inc()
        return wait

    def back_off_seconds(self, attempt: int) -> float:
        """Anything from nothing to a bound that doubles: full jitter keeps callers from coming back together."""
        return self._random() * min(FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1), LONGEST_WAIT_SECONDS)
