"""The rows H1 to H4 of the fault matrix: vendors that ask for fewer calls, and vendors that fail in bursts."""

import asyncio
import itertools
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from resolvers.domain import PrecheckProblem
from resolvers.vocabulary import PrecheckProblemCode as Code
from resolvers.vocabulary import ProviderState
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.faults.bench import PROVIDERS, Wired, Wiring, counted
from tests.faults.faults import replied
from tests.faults.line import forwarded
from tests.providers.bench import refused

ATTEMPTS = 3
LONGEST_PAUSE_SECONDS = 30.0

row = pytest.mark.row
every_provider = pytest.mark.parametrize("provider_id", PROVIDERS)
any_provider = pytest.mark.parametrize("provider_id", PROVIDERS[:1])


@row("H1")
@every_provider
async def test_a_pause_told_in_seconds_is_kept_and_then_answered(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.next(replied(429, Retry_After="3"))
    await wired.answered()
    first, second = wired.line.times
    assert 3 <= second - first < 6


@row("H1")
@every_provider
async def test_a_vendor_that_throttles_in_its_own_words_is_asked_again(
    wiring: Wiring, emulator: Emulator, provider_id: str
) -> None:
    wired = await wiring(provider_id)
    emulator.fault(provider_id, "rate_limit", retry_after=2, times=1)
    await wired.answered()
    assert len(wired.line.requests) == 2


@row("H1")
@every_provider
async def test_a_long_pause_is_told_and_holds_for_everyone_in_its_scope(wiring: Wiring, provider_id: str) -> None:
    clock = Hurried()
    wired = await wiring(provider_id, clock=clock)
    other = wiring.provider(provider_id, wired.line, clock)
    wired.line.next(replied(429, Retry_After="3600"))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.RATE_LIMITED, True)
    assert problem.retry_after_seconds == pytest.approx(LONGEST_PAUSE_SECONDS, abs=1)
    assert (await refused(other, wired.reference)).code is Code.RATE_LIMITED
    assert len(wired.line.requests) == 1, "a vendor that wants to be left alone is left alone"
    clock.advance(LONGEST_PAUSE_SECONDS)
    await wired.answered()


@row("H1")
@any_provider
async def test_calls_are_spaced_wider_after_a_throttling(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id, requests_per_second=2.0)
    for _ in range(4):
        await wired.answered()
    before = gaps(wired.line.times)
    wired.line.next(replied(429, Retry_After="1"))
    for _ in range(4):
        await wired.answered()
    assert min(gaps(wired.line.times[-4:])) > 1.1 * max(before)


def gaps(times: list[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(times)]


@row("H2")
@every_provider
async def test_a_pause_told_as_a_date_is_kept(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    told = wired.clock.now().replace(microsecond=0) + timedelta(seconds=5)
    wired.line.next(replied(429, Retry_After=http_date(told)))
    await wired.answered()
    assert told <= wired.clock.now() < told + timedelta(seconds=3)


@row("H2")
@every_provider
async def test_a_date_gone_by_asks_for_no_pause(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.next(replied(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"))
    await wired.answered()
    first, second = wired.line.times
    assert second - first < 1


@row("H2")
@any_provider
@pytest.mark.parametrize("told", ["Fri, 31 Dec 9999 23:59:59 GMT", "99999999999999", "9" * 400])
async def test_an_absurd_pause_is_cut_to_the_longest(wiring: Wiring, provider_id: str, told: str) -> None:
    wired = await wiring(provider_id)
    wired.line.always(replied(429, Retry_After=told))
    problem = await wired.refused()
    assert problem.code is Code.RATE_LIMITED
    assert problem.retry_after_seconds == pytest.approx(LONGEST_PAUSE_SECONDS, abs=1)
    assert len(wired.line.requests) == 1


@row("H2")
@any_provider
@pytest.mark.parametrize("told", ["soon", "-5", "", "Wed, 99 Foo 2015 07:28:00 GMT", "\xbd"])
async def test_a_pause_that_means_nothing_is_none(wiring: Wiring, provider_id: str, told: str) -> None:
    wired = await wiring(provider_id)
    wired.line.next(replied(429, Retry_After=told))
    await wired.answered()


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@row("H3")
@every_provider
async def test_throttling_without_a_word_is_met_three_times(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.always(replied(429))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.RATE_LIMITED, True)
    assert len(wired.line.requests) == ATTEMPTS


@row("H3")
@any_provider
async def test_the_pause_before_a_retry_is_left_to_chance(wiring: Wiring, provider_id: str) -> None:
    pauses = []
    for _ in range(8):
        wired = await wiring(provider_id)
        wired.line.next(replied(429))
        await wired.answered()
        pauses += gaps(wired.line.times)
    assert max(pauses) - min(pauses) > 0.02, "those who were refused together must not come back together"


@row("H4")
@every_provider
async def test_a_burst_of_failures_is_not_made_worse_and_soon_forgotten(wiring: Wiring, provider_id: str) -> None:
    interval = 5.0
    wired = await wiring(provider_id, breaker_seconds=interval)
    opened = counted("precheck_breaker_opened", provider=provider_id)
    wired.line.always(replied(503))
    problems = [await wired.refused() for _ in range(300)]
    assert {problem.code for problem in problems} == {Code.UNREACHABLE}
    assert len(wired.line.requests) == 5, "the breaker opens at the fifth failure in a row"
    assert len(wired.line.requests) <= 1.2 * len(problems)
    assert counted("precheck_breaker_opened", provider=provider_id) - opened == 1
    health = wired.provider.health.shown()
    assert health.state is ProviderState.DOWN
    assert health.retry_at
    wired.line.always(forwarded)
    assert await recovery_seconds(wired) <= 1.5 * interval
    assert wired.provider.health.shown().state is not ProviderState.DOWN


async def recovery_seconds(wired: Wired) -> float:
    begun = wired.clock.monotonic()
    while isinstance(await wired.asked(), PrecheckProblem):
        await wired.clock.sleep(0.05)
    return wired.clock.monotonic() - begun


@row("H4")
@any_provider
async def test_an_open_breaker_lets_one_call_try_and_then_waits_longer(wiring: Wiring, provider_id: str) -> None:
    clock = Hurried()
    wired = await wiring(provider_id, clock=clock, breaker_seconds=5.0)
    wired.line.always(replied(503))
    told = [(await wired.refused()).retry_after_seconds for _ in range(5)][-1]
    assert told
    clock.advance(told + 0.001)
    seen = len(wired.line.requests)
    outcomes = await asyncio.gather(*(wired.asked() for _ in range(10)))
    assert len(wired.line.requests) == seen + 1
    assert all(isinstance(outcome, PrecheckProblem) for outcome in outcomes)
    again = (await wired.refused()).retry_after_seconds
    assert again
    assert 5 < again <= 10


@row("H4")
@any_provider
async def test_retries_are_few_where_many_calls_fail_now_and_then(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    calls = 300
    for number in range(calls):
        if number % 3 == 0:
            wired.line.next(replied(503))
        await wired.asked()
    assert calls < len(wired.line.requests) <= 1.2 * calls + 20, "a budget, of which 20 retries are there at first"
