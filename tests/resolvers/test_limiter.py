"""The rate limiter, on a clock that only moves when somebody waits."""

import asyncio
from contextlib import ExitStack

from resolvers.upstream.limiter import Limiter
from tests.driven import Driven


async def granted(limiter: Limiter, clock: Driven, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        await limiter.take()
        times.append(clock.seconds)
    return times


def busiest(times: list[float]) -> int:
    return max(sum(start <= at < start + 1 for at in times) for start in times)


async def test_no_second_has_more_calls_than_the_limit_and_most_of_it_is_used() -> None:
    clock = Driven()
    assert 17 <= busiest(await granted(Limiter(20, clock), clock, 200)) <= 20


async def test_turns_that_begin_late_are_made_up_for_within_the_limit() -> None:
    for late in (0.002, 0.01, 0.025):
        clock = Driven(late)
        times = await granted(Limiter(20, clock), clock, 200)
        assert busiest(times) <= 20
        assert len(times) / times[-1] >= 17


async def test_after_a_rest_calls_do_not_come_in_a_bunch() -> None:
    clock = Driven()
    limiter = Limiter(20, clock)
    await limiter.take()
    clock.seconds += 100
    assert busiest(await granted(limiter, clock, 60)) <= 20


async def test_without_a_limit_nobody_waits() -> None:
    clock = Driven()
    assert await granted(Limiter(None, clock), clock, 50) == [0.0] * 50


async def test_a_call_whose_turn_would_come_too_late_is_refused_before_it_waits() -> None:
    limiter = Limiter(1, Driven(), longest_wait_seconds=2.0)
    with ExitStack() as line:
        for _ in range(2):
            assert limiter.refusal("dts") is None
            line.enter_context(limiter.queue())
        refusal = limiter.refusal("dts")
    assert limiter.refusal("dts") is None
    assert refusal is not None
    assert (refusal.code.value, refusal.provider_id) == ("RATE_LIMITED", "dts")
    assert refusal.retry_after_seconds


async def test_whoever_leaves_the_line_costs_the_others_nothing() -> None:
    clock = Driven()
    limiter = Limiter(1, clock)
    await limiter.take()
    gone = [asyncio.create_task(limiter.take()) for _ in range(100)]
    await asyncio.sleep(0)
    for each in gone:
        each.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    await limiter.take()
    assert clock.seconds < 3


async def test_a_vendor_that_asks_for_fewer_calls_gets_a_pause_and_fewer_calls_for_a_while() -> None:
    clock = Driven()
    limiter = Limiter(20, clock)
    limiter.pause(3)
    times = await granted(limiter, clock, 40)
    assert times[0] >= 3
    assert busiest(times) <= 10
    for _ in range(200):
        limiter.ease()
    assert busiest(await granted(limiter, clock, 40)) >= 17


async def test_a_pause_is_no_longer_than_thirty_seconds_and_refuses_who_will_not_wait_so_long() -> None:
    clock = Driven()
    limiter = Limiter(None, clock)
    limiter.pause(1e9)
    refusal = limiter.refusal("ninedata")
    assert refusal is not None
    assert refusal.retry_after_seconds == 20
    clock.seconds += 30
    assert limiter.refusal("ninedata") is None
