"""The rate limiter, on a clock that only moves when somebody waits."""

import asyncio

from resolvers.clock import Clock
from resolvers.errors import RateLimited
from resolvers.upstream.limiter import Limiter


class Driven(Clock):
    """A clock whose sleepers wake in order, without any waiting."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        await asyncio.sleep(0)
        self.seconds = max(self.seconds, until)


async def granted(limiter: Limiter, clock: Driven, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        await limiter.take("dts")
        times.append(clock.seconds)
    return times


async def test_no_second_has_more_calls_than_the_limit_and_most_of_it_is_used() -> None:
    clock = Driven()
    times = await granted(Limiter(20, clock), clock, 200)
    most = max(sum(start <= at < start + 1 for at in times) for start in times)
    assert 17 <= most <= 20


async def test_without_a_limit_nobody_waits() -> None:
    clock = Driven()
    assert await granted(Limiter(None, clock), clock, 50) == [0.0] * 50


async def test_a_turn_that_would_come_too_late_is_refused_at_once() -> None:
    limiter = Limiter(1, Driven(), longest_wait_seconds=2.0)
    calls = [asyncio.create_task(limiter.take("dts")) for _ in range(4)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, RateLimited)]
    assert outcomes[:2] == [None, None]
    assert refused
    assert all(each.problem.retry_after_seconds for each in refused)
