"""The rate limiter, on a clock that only moves when somebody waits."""

import asyncio
from contextlib import AsyncExitStack

from resolvers.clock import Clock
from resolvers.upstream.limiter import Dismissed, Limiter
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
    async with AsyncExitStack() as line:
        for _ in range(2):
            assert limiter.refusal("dts") is None
            await line.enter_async_context(limiter.queue("dts"))
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


async def in_line(limiter: Limiter, provider_id: str) -> None:
    async with limiter.queue(provider_id):
        await limiter.take()


async def lined_up(limiter: Limiter, *provider_ids: str) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(in_line(limiter, each)) for each in provider_ids]
    await asyncio.sleep(0)
    return tasks


async def test_a_pause_that_is_too_long_to_wait_for_sends_the_whole_line_away() -> None:
    limiter = Limiter(1, Clock())
    await limiter.take()
    tasks = await lined_up(limiter, "dts", "dts-too")
    limiter.pause(30)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Dismissed, Dismissed]


async def test_a_line_is_dismissed_for_one_connection_only() -> None:
    limiter = Limiter(2, Clock())
    await limiter.take()
    gone, stays = await lined_up(limiter, "dts", "dts-too")
    limiter.dismiss("dts")
    outcomes = await asyncio.gather(gone, stays, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Dismissed, type(None)]


async def test_a_line_that_is_being_sent_away_may_be_dismissed_again() -> None:
    limiter = Limiter(1, Clock())
    await limiter.take()
    tasks = await lined_up(limiter, "dts", "dts")
    while not all(task.done() for task in tasks):
        limiter.dismiss("dts")
        limiter.pause(30)
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Dismissed, Dismissed]


async def test_trouble_that_many_are_told_of_at_once_is_one_reason_to_slow_down() -> None:
    clock = Driven()
    limiter = Limiter(20, clock)
    for _ in range(8):
        limiter.pause(1)
    assert len(await granted(limiter, clock, 40)) / (clock.seconds - 1) >= 8


async def test_another_rate_holds_from_the_next_turn_on() -> None:
    clock = Driven()
    limiter = Limiter(20, clock)
    limiter.set_rate(2)
    assert busiest(await granted(limiter, clock, 10)) <= 2
