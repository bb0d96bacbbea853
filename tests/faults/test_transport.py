"""The rows T of the fault matrix: connections that are refused, silent, slow, broken or full of noise."""

import asyncio
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from resolvers.domain import Precheck
from resolvers.vocabulary import PrecheckProblemCode as Code
from tests.driven import Hurried
from tests.faults import faults
from tests.faults.bench import PROVIDERS, QUICK_SECONDS, Wired, Wiring, counted
from tests.faults.line import HOST, Fault, Line

ATTEMPTS = 3
STEP_SECONDS = QUICK_SECONDS / 10

row = pytest.mark.row
every_provider = pytest.mark.parametrize("provider_id", PROVIDERS)
any_provider = pytest.mark.parametrize("provider_id", PROVIDERS[:1])


def retries(wired: Wired) -> float:
    return counted("precheck_vendor_retries", provider=wired.provider.id)


@row("T1")
@every_provider
async def test_a_refused_connection_is_tried_again_and_then_unreachable(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    before = retries(wired)
    await wired.line.refuse()
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREACHABLE, True)
    assert retries(wired) - before == ATTEMPTS - 1


@row("T1")
@any_provider
async def test_a_name_without_an_address_is_unreachable(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id, base_url="http://vendor.invalid")
    before = retries(wired)
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREACHABLE, True)
    assert retries(wired) - before == ATTEMPTS - 1


class Opening(Hurried):
    """Opens a line while somebody waits for the next attempt."""

    line: Line

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await self.line.listen()
        await super().sleep(seconds)


@row("T1")
@every_provider
async def test_a_port_that_opens_before_the_retry_is_reached(wiring: Wiring, provider_id: str) -> None:
    clock = Opening()
    wired = await wiring(provider_id, clock=clock)
    before = retries(wired)
    await wired.line.refuse()
    clock.line = wired.line
    await wired.answered()
    assert retries(wired) - before == 1


@row("T1")
@every_provider
async def test_refused_connections_open_the_breaker(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    await wired.line.refuse()
    problems = [await wired.refused() for _ in range(4)]
    assert {problem.code for problem in problems} == {Code.UNREACHABLE}
    assert problems[-1].retry_after_seconds
    await wired.line.listen()
    assert (await wired.refused()).code is Code.UNREACHABLE
    assert wired.line.connections == 0


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that answers nothing at all, because the queue of its listener is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://{HOST}:{listener.getsockname()[1]}"


@row("T2")
@any_provider
async def test_a_connection_that_never_comes_about_is_unreachable(wiring: Wiring, provider_id: str) -> None:
    with black_hole() as url:
        wired = await wiring(provider_id, base_url=url, timeout_seconds=QUICK_SECONDS)
        before = retries(wired)
        problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREACHABLE, True)
    assert retries(wired) - before == ATTEMPTS - 1


@every_provider
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.silent, marks=row("T3"), id="silent"),
        pytest.param(faults.headers_then_silence, marks=row("T4"), id="headers-then-silence"),
        pytest.param(faults.body_dripped(STEP_SECONDS), marks=row("T5"), id="body-dripped"),
        pytest.param(faults.headers_dripped(STEP_SECONDS), marks=row("T6"), id="headers-dripped"),
        pytest.param(faults.still_at_it(STEP_SECONDS), marks=row("T7"), id="endless-102"),
    ],
)
async def test_an_answer_that_does_not_come_in_time_is_a_timeout(
    wiring: Wiring, provider_id: str, fault: Fault
) -> None:
    wired = await wiring(provider_id, timeout_seconds=QUICK_SECONDS)
    wired.line.always(fault)
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.TIMEOUT, True)
    assert len(wired.line.requests) == 1, "an answer that takes too long is not asked for again"


@any_provider
@pytest.mark.parametrize(
    ("fault", "share"),
    [
        pytest.param(faults.silent, 0.75, marks=row("T3"), id="silent"),
        pytest.param(faults.headers_then_silence, 0.5, marks=row("T4"), id="headers-then-silence"),
        pytest.param(faults.body_dripped(0.4), 1.0, marks=row("T5"), id="body-dripped"),
        pytest.param(faults.headers_dripped(0.4), 0.75, marks=row("T6"), id="headers-dripped"),
        pytest.param(faults.still_at_it(0.1), 0.75, marks=row("T7"), id="endless-102"),
    ],
)
async def test_each_stage_takes_no_more_than_its_share_however_busy_the_vendor_looks(
    wiring: Wiring, provider_id: str, fault: Fault, share: float
) -> None:
    limit = 1.0
    wired = await wiring(provider_id, timeout_seconds=limit)
    wired.line.always(fault)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert (await wired.refused()).code is Code.TIMEOUT
    assert (loop.time() - begun) / limit <= share + 0.1


@every_provider
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.reset, marks=row("T8"), id="reset"),
        pytest.param(faults.reset_in_the_body, marks=row("T8"), id="reset-in-body"),
        pytest.param(faults.ended_in_the_body, marks=row("T9"), id="ended-in-body"),
        pytest.param(faults.empty, marks=row("T9"), id="empty-reply"),
    ],
)
async def test_a_read_that_breaks_off_is_asked_again(wiring: Wiring, provider_id: str, fault: Fault) -> None:
    wired = await wiring(provider_id)
    wired.line.next(fault)
    await wired.answered()
    assert (len(wired.line.requests), wired.line.connections) == (2, 2)
    wired.line.always(fault)
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREACHABLE, True)
    assert len(wired.line.requests) == 2 + ATTEMPTS


@row("T8")
@every_provider
async def test_a_connection_reset_as_it_begins_is_made_again(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.resets_on_accept = 2
    await wired.answered()
    assert wired.line.connections == ATTEMPTS


@row("T9")
@every_provider
async def test_a_kept_connection_that_the_peer_ends_is_made_anew(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    await wired.answered()
    await wired.line.hang_up()
    await wired.answered()
    wired.line.next(faults.empty)  # too late for the client to notice before it has asked
    await wired.answered()
    assert wired.line.connections == 3


@row("T10")
@every_provider
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.said(b"\x15\x03\x03\x00\x02\x02\x28"), id="tls-alert"),
        pytest.param(faults.said(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), id="ssh"),
        pytest.param(faults.said(b"HTTP/1.1 zanzibar\r\n\r\n"), id="status-line"),
        pytest.param(faults.many_headers(3000), id="3000-headers"),
    ],
)
async def test_noise_is_unreadable_and_asked_once_more(wiring: Wiring, provider_id: str, fault: Fault) -> None:
    wired = await wiring(provider_id)
    wired.line.next(fault)
    await wired.answered()
    wired.line.always(fault)
    problem = await wired.refused()
    assert problem.code is Code.UNREADABLE_ANSWER
    assert not [word for word in ("SSH", "zanzibar") if word in str(problem)]
    assert len(wired.line.requests) == 4


@row("T11")
@every_provider
async def test_a_connection_gone_deaf_is_used_no_more(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id, timeout_seconds=2 * QUICK_SECONDS)
    await wired.answered()
    wired.line.freeze()
    assert (await wired.refused()).code is Code.TIMEOUT
    await wired.answered()
    assert wired.line.connections == 2


@row("T12")
@any_provider
async def test_a_storm_of_clients_that_leave_costs_nobody_else(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.always(faults.late(0.01))
    chance = random.Random(12)
    loop = asyncio.get_running_loop()
    storm = [asyncio.create_task(wired.asked()) for _ in range(100)]
    for call in storm:
        loop.call_later(chance.uniform(0, 0.1), call.cancel)
    outcomes = await asyncio.gather(*storm, return_exceptions=True)
    assert sum(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes) > 50
    assert all(isinstance(outcome, asyncio.CancelledError | Precheck) for outcome in outcomes)
    after = await asyncio.gather(*(wired.asked() for _ in range(30)))
    assert all(isinstance(outcome, Precheck) for outcome in after)


@row("T14")
@any_provider
async def test_a_bad_line_costs_no_answers(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id, concurrency=25)
    wired.line.always(faults.lossy(0.05, random.Random(1), latency_seconds=0.2))
    outcomes = await asyncio.gather(*(wired.asked() for _ in range(100)))
    assert len(wired.line.requests) > 100, "nothing broke, so nothing is shown"
    assert sum(isinstance(outcome, Precheck) for outcome in outcomes) >= 99
