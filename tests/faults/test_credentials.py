"""The rows C1 to C3 of the fault matrix: clocks that differ, tokens that end, and nobody to give a new one."""

import asyncio

import pytest

from resolvers.clock import Clock
from resolvers.domain import Precheck
from resolvers.vocabulary import PrecheckProblemCode as Code
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.faults.bench import PROVIDERS, Wired, Wiring
from tests.faults.faults import reset
from tests.faults.line import Line
from tests.faults.watching import until
from tests.providers.bench import answered, refused

TEN_MINUTES = 600
REFRESH_SECONDS = 23 * 3600.0
LIFETIME_SECONDS = 24 * 3600.0

row = pytest.mark.row


async def signed_in_by_token(wiring: Wiring, clock: Clock) -> tuple[Wired, Line]:
    """DRS by token, with a line of its own to IAM, and one precheck read."""
    iam = await wiring.line(wiring.bench.settings("drs").base_url, clock)
    wired = await wiring("drs", clock=clock, auth="token", iam_url=iam.url)
    await wired.answered()
    return wired, iam


@row("C1")
@pytest.mark.parametrize("provider_id", PROVIDERS)
async def test_a_clock_that_is_wrong_is_learnt(wiring: Wiring, emulator: Emulator, provider_id: str) -> None:
    wired = await wiring(provider_id)
    emulator.advance(TEN_MINUTES)
    await wired.answered()
    assert len(wired.line.requests) <= 2, "one that is refused at most, and one that is right"
    before = len(wired.line.requests)
    await wired.answered()
    assert len(wired.line.requests) == before + 1


@row("C2")
async def test_a_token_that_ends_is_renewed_once_for_all(wiring: Wiring, emulator: Emulator) -> None:
    wired, iam = await signed_in_by_token(wiring, Clock())
    emulator.fault("drs", "expired_token", times=1)
    provider = wiring.provider(
        "drs", wired.line, Clock(), auth="token", iam_url=iam.url, timeout_seconds=10.0, concurrency=50
    )
    await answered(provider, wired.reference)
    emulator.fault("drs", "expired_token", times=1)
    before = len(iam.requests)
    outcomes = await asyncio.gather(*(answered(provider, wired.reference) for _ in range(200)))
    assert len(outcomes) == 200
    assert len(iam.requests) == before + 1


@row("C3")
async def test_an_old_token_serves_while_no_new_one_can_be_had(wiring: Wiring) -> None:
    clock = Hurried()
    wired, iam = await signed_in_by_token(wiring, clock)
    iam.always(reset)
    clock.advance(REFRESH_SECONDS + 1)
    outcomes = await asyncio.gather(*(answered(wired.provider, wired.reference) for _ in range(50)))
    assert all(isinstance(outcome, Precheck) for outcome in outcomes)
    await until(lambda: len(iam.requests) > 1)  # nobody waits for it, so it may come after the answers
    assert 1 < len(iam.requests) <= 3, "fifty callers are no reason to ask fifty times"


@row("C3")
async def test_without_any_token_there_is_no_signing_in_and_no_stampede(wiring: Wiring) -> None:
    clock = Hurried()
    wired, iam = await signed_in_by_token(wiring, clock)
    iam.always(reset)
    clock.advance(LIFETIME_SECONDS + 1)
    asked_before = len(iam.requests)
    problems = await asyncio.gather(*(refused(wired.provider, wired.reference) for _ in range(50)))
    assert {(problem.code, problem.retryable) for problem in problems} == {(Code.AUTHENTICATION, True)}
    assert len(iam.requests) - asked_before <= 2
    assert len(wired.line.requests) == 1, "without a token there is nothing to ask DRS"


@row("C3")
async def test_signing_in_goes_on_when_tokens_can_be_had_again(wiring: Wiring) -> None:
    clock = Hurried()
    wired, iam = await signed_in_by_token(wiring, clock)
    iam.next(reset, reset)
    clock.advance(LIFETIME_SECONDS + 1)
    assert (await wired.refused()).code is Code.AUTHENTICATION
    clock.advance(10)
    await wired.answered()
