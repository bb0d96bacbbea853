"""How a vendor is asked, whichever it is: not while it is down, not too often, again where that may help."""

import asyncio
import itertools
import random
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from msgspec.structs import replace

from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import InternalFault, NotFound, PrecheckError, TimedOut
from resolvers.upstream.breaker import Breaker, Permit
from resolvers.upstream.connection import Connection
from resolvers.upstream.health import CONNECTION_TROUBLE, Health
from resolvers.upstream.retries import Retries
from resolvers.vocabulary import PrecheckProblemCode as Code

# The longest a read takes, waiting for its turns and asking again included.
READ_SECONDS = 15.0

Outcome = Precheck | PrecheckProblem
Ask = Callable[[Sequence[str]], Awaitable[Mapping[str, Outcome]]]
_log = structlog.get_logger()


class Manners:
    """Breaker, retry budget and health of one connection; its limiter and bulkhead are the connection's own."""

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        breaker_seconds: float,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._provider_id = connection.provider_id
        self._limiter = connection.limiter
        self._no_turn = connection.no_turn.problem
        self._clock = clock
        self._read_seconds = max(READ_SECONDS, connection.timeout_seconds)
        self._breaker = Breaker(self._provider_id, clock, breaker_seconds)
        self._retries = Retries(self._provider_id, random)
        self._logged_fault: object = None
        self._too_late = TimedOut(
            f"No answer came within {self._read_seconds:g} s, waiting for a turn included. Ask for less at once.",
            provider_id=self._provider_id,
        ).problem
        self.health = Health(clock, self._breaker)

    async def read(self, external_ids: Sequence[str], ask: Ask) -> dict[str, Outcome]:
        """One outcome for each identifier: an answer, or why there is none. Only reads may be asked again."""
        deadline = self._clock.monotonic() + self._read_seconds
        outcomes: dict[str, Outcome] = {}
        open_ids = external_ids
        for attempt in itertools.count(1):
            permit = self._admit(attempt)
            if isinstance(permit, PrecheckProblem):
                return outcomes | dict.fromkeys(open_ids, permit)
            answers, failure = await self._attempt(permit, open_ids, ask, deadline)
            outcomes |= answers
            problem = self._settle(permit, answers, failure, attempt)
            if problem is None:
                break
            wait = self._retries.wait_seconds(problem, attempt, deadline - self._clock.monotonic())
            if wait is None:
                break
            open_ids = [each for each in open_ids if _code(answers[each]) is problem.code]
            await self._clock.sleep(wait)
        return outcomes

    def _admit(self, attempt: int) -> Permit | PrecheckProblem:
        permit = self._breaker.admit()
        if isinstance(permit, PrecheckProblem) or attempt > 1:
            return permit
        if (refusal := self._limiter.refusal(self._provider_id)) is not None:
            self._breaker.abandon(permit)
            return refusal
        return permit

    async def _attempt(
        self, permit: Permit, external_ids: Sequence[str], ask: Ask, deadline: float
    ) -> tuple[dict[str, Outcome], PrecheckProblem | None]:
        """What became of each identifier, and the problem of the whole call where there is one."""
        started = self._clock.monotonic()
        failure = None
        answers: Mapping[str, Outcome]
        try:
            async with asyncio.timeout(max(deadline - started, 0.0)):
                answers = await ask(external_ids)
        except TimeoutError:
            failure = self._too_late
        except PrecheckError as error:
            failure = error.problem
        except asyncio.CancelledError:
            self._breaker.abandon(permit)
            raise
        except Exception as error:
            failure = self._fault(error)
        if failure is not None:
            answers = dict.fromkeys(external_ids, failure)
        outcomes = {external_id: self._outcome(answers, external_id) for external_id in external_ids}
        if failure is None and all(map(self._is_held_back, outcomes.values())):
            failure = self._no_turn
        if failure not in (self._too_late, self._no_turn):
            self.health.record(failure, self._clock.monotonic() - started)
        return {each: self._told(outcome) for each, outcome in outcomes.items()}, failure

    def _settle(
        self, permit: Permit, answers: Mapping[str, Outcome], failure: PrecheckProblem | None, attempt: int
    ) -> PrecheckProblem | None:
        """Tell breaker, limiter and budget how an attempt went; the problem that asking again may mend."""
        if failure is self._no_turn:
            self._breaker.abandon(permit)
            return None
        problems = [answer for answer in answers.values() if isinstance(answer, PrecheckProblem)]
        trouble = [problem for problem in problems if problem.code in CONNECTION_TROUBLE]
        self._tell_breaker(permit, failure, is_answered=len(trouble) < len(answers))
        slow_down = next((problem for problem in trouble if problem.code is Code.RATE_LIMITED), None)
        if slow_down is not None:
            told = slow_down.retry_after_seconds
            self._limiter.pause(self._retries.back_off_seconds(attempt) if told is None else told)
        elif not trouble:
            self._limiter.ease()
            self._retries.earn()
        return slow_down or next((problem for problem in trouble if problem.retryable), None)

    def _tell_breaker(self, permit: Permit, failure: PrecheckProblem | None, *, is_answered: bool) -> None:
        # A fault of ours tells nothing of the vendor, whoever waited in line too long was not its doing, and
        # trouble with each of the entries need not be trouble with the connection.
        is_ours = failure is self._too_late or (failure is not None and failure.code is Code.INTERNAL)
        if is_ours or (failure is None and not is_answered):
            self._breaker.abandon(permit)
        else:
            was_open = self._breaker.is_open
            self._breaker.record(permit, failure)
            if self._breaker.is_open and not was_open:
                self._limiter.dismiss(self._provider_id)

    def _is_held_back(self, outcome: Outcome) -> bool:
        return outcome is self._no_turn

    def _told(self, outcome: Outcome) -> Outcome:
        """Whoever was sent away from the line hears why."""
        if not self._is_held_back(outcome):
            return outcome
        return self._breaker.refusal() or self._limiter.refusal(self._provider_id) or self._no_turn

    def _outcome(self, answers: Mapping[str, Outcome], external_id: str) -> Outcome:
        outcome = answers.get(external_id)
        if outcome is None:
            outcome = NotFound("The vendor knows no such precheck. Check the identifier.").problem
        if isinstance(outcome, PrecheckProblem) and outcome.provider_id is None:
            return replace(outcome, provider_id=self._provider_id)
        return outcome

    def _fault(self, error: Exception) -> PrecheckProblem:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = (type(error), last.filename, last.lineno)
        if place != self._logged_fault:  # one line for each fault, not one for each reading
            self._logged_fault = place
            _log.exception("provider_fault", provider=self._provider_id)
        return InternalFault(
            "This server failed to read the vendor's answer; its log says why.", provider_id=self._provider_id
        ).problem


def _code(outcome: Outcome) -> Code | None:
    return outcome.code if isinstance(outcome, PrecheckProblem) else None
