"""How attempts are told to breaker, budget, limiter and health, whatever a vendor's module answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import pytest

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import PrecheckError, RateLimited, TimedOut, Unreachable
from resolvers.reference import Reference
from resolvers.report import Report
from resolvers.upstream.connection import Connection
from resolvers.upstream.limiter import Limiter
from resolvers.upstream.manners import READ_SECONDS, Manners, Outcome
from resolvers.upstream.retries import FULL_BUDGET
from resolvers.vocabulary import PrecheckProblemCode as Code
from resolvers.vocabulary import PrecheckStatus, ProviderState
from tests.driven import START, Driven

DOWN = Unreachable("The vendor cannot be reached.", provider_id="dts")
BREAKER_SECONDS = 5.0

Ask = Callable[[Sequence[str]], Awaitable[Mapping[str, Outcome]]]


class Bench:
    """Manners with a vendor's module that answers as told, on a clock that nobody waits for."""

    def __init__(self) -> None:
        self.clock = Driven()
        self.limiter = Limiter(None, self.clock)
        self.connection = Connection(
            provider_id="dts",
            base_url="http://127.0.0.1",
            timeout_seconds=8.0,
            concurrency=2,
            limiter=self.limiter,
            clock=self.clock,
        )
        self.manners = Manners(self.connection, self.clock, BREAKER_SECONDS, random=lambda: 0.5)
        self.asked: list[list[str]] = []

    async def read(
        self, *answers: Outcome | PrecheckError | None, ids: Sequence[str] = ("dts-1",)
    ) -> list[Outcome]:
        """Read once; the module gives these answers to its calls, the last one for ever, None for a precheck."""
        told = iter(answers)
        newest: Outcome | PrecheckError | None = None

        async def ask(external_ids: Sequence[str]) -> Mapping[str, Outcome]:
            nonlocal newest
            self.asked.append(list(external_ids))
            newest = next(told, newest)
            if isinstance(newest, PrecheckError):
                raise newest
            return {each: newest or precheck(each) for each in external_ids}

        return list((await self.manners.read(["dts-1"], ask)).values())

    async def go_down(self) -> None:
        while self.manners.health.shown().state is not ProviderState.DOWN:
            await self.read(DOWN)
        self.asked.clear()


def precheck(external_id: str) -> Precheck:
    return Report(Reference("dts", external_id), START).close(PrecheckStatus.COMPLETED)


def codes(outcomes: list[Outcome]) -> list[Code | None]:
    return [outcome.code if isinstance(outcome, PrecheckProblem) else None for outcome in outcomes]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.connection.close()


async def test_only_what_failed_is_asked_again(bench: Bench) -> None:
    async def ask(external_ids: Sequence[str]) -> Mapping[str, Outcome]:
        bench.asked.append(list(external_ids))
        bad = DOWN.problem if len(bench.asked) == 1 else precheck("dts-2")
        return {each: bad if each == "dts-2" else precheck(each) for each in external_ids}

    outcomes = await bench.manners.read(["dts-1", "dts-2", "dts-3"], ask)
    assert all(isinstance(outcome, Precheck) for outcome in outcomes.values())
    assert bench.asked == [["dts-1", "dts-2", "dts-3"], ["dts-2"]]


async def test_trouble_with_an_entry_is_no_trouble_with_the_connection(bench: Bench) -> None:
    for _ in range(20):
        assert codes(await bench.read(DOWN.problem)) == [Code.UNREACHABLE]
        await bench.read(None)
    assert bench.manners.health.shown().state is ProviderState.HEALTHY


async def test_successes_refill_the_budget(bench: Bench) -> None:
    for _ in range(FULL_BUDGET):
        await bench.read(DOWN.problem, None)
        for _ in range(4):
            await bench.read(None)
    assert [len(bench.asked)] == [FULL_BUDGET * 6]


async def test_successes_ease_the_limiter_after_a_throttling(bench: Bench) -> None:
    await bench.read(RateLimited("Slower.", retry_after_seconds=1.0), None)
    assert bench.limiter._spacing > 0
    for _ in range(40):
        await bench.read(None)
    assert bench.limiter._spacing == 0


async def test_a_reader_who_leaves_while_it_tries_the_vendor_leaves_the_try_to_the_next(bench: Bench) -> None:
    await bench.go_down()
    bench.clock.seconds += BREAKER_SECONDS
    under_way = asyncio.Event()

    async def hang(_: Sequence[str]) -> Mapping[str, Outcome]:
        under_way.set()
        await asyncio.Event().wait()
        return {}

    leaving = asyncio.create_task(bench.manners.read(["dts-1"], hang))
    await under_way.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    assert codes(await bench.read(None)) == [None]
    assert bench.manners.health.shown().state is not ProviderState.DOWN


async def test_a_try_that_the_rate_limit_forbids_is_left_to_the_next(bench: Bench) -> None:
    await bench.go_down()
    bench.clock.seconds += BREAKER_SECONDS
    bench.limiter.pause(30)
    assert codes(await bench.read(None)) == [Code.RATE_LIMITED]
    bench.clock.seconds += 30
    assert codes(await bench.read(None)) == [None]


async def test_waiting_too_long_in_line_is_not_the_vendors_fault(bench: Bench) -> None:
    async def never(_: Sequence[str]) -> Mapping[str, Outcome]:
        raise TimeoutError  # as the time that a read has makes it

    for _ in range(20):
        [outcome] = (await bench.manners.read(["dts-1"], never)).values()
        assert isinstance(outcome, PrecheckProblem)
        assert outcome.code is Code.TIMEOUT
        assert f"{READ_SECONDS:g} s" in outcome.message
    assert bench.manners.health.shown().state is ProviderState.UNKNOWN


async def test_one_slow_answer_is_one_failure_and_one_attempt(bench: Bench) -> None:
    await bench.read(TimedOut("Too slow.", provider_id="dts"))
    assert len(bench.asked) == 1
    assert bench.manners.health.shown().consecutive_failures == 1


async def test_who_is_sent_away_from_the_line_hears_why(bench: Bench) -> None:
    await bench.go_down()
    bench.clock.seconds += BREAKER_SECONDS - 1
    permits = bench.manners._breaker.admit()
    assert isinstance(permits, PrecheckProblem)
    bench.clock.seconds += 1

    async def dismissed(_: Sequence[str]) -> Mapping[str, Outcome]:
        bench.limiter.pause(30)
        raise bench.connection.no_turn

    [outcome] = (await bench.manners.read(["dts-1"], dismissed)).values()
    assert isinstance(outcome, PrecheckProblem)
    assert (outcome.code, outcome.retryable) == (Code.UNREACHABLE, True)
    assert outcome.retry_after_seconds
    bench.clock.seconds += 30
    assert codes(await bench.read(None)) == [None], "and the try is still to be made"


async def test_a_turn_is_given_back_by_who_leaves_before_it_comes(bench: Bench) -> None:
    """Two turns at once are all there are; a hundred who left must not have taken one along."""
    bench.limiter.pause(5)
    turns = bench.connection._turn

    async def stand() -> None:
        async with turns():
            pass

    leaving = [asyncio.create_task(stand()) for _ in range(100)]
    await asyncio.sleep(0)
    for each in leaving:
        each.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    async with asyncio.timeout(10), turns(), turns():
        pass
