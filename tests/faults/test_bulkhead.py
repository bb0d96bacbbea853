"""The rows L4 and L5 of the fault matrix: a dead vendor beside four others, more calls than a vendor allows."""

import asyncio
import time

import pytest
from msgspec.structs import replace

from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckProblem
from resolvers.upstream.contract import LimitSettings
from resolvers.vocabulary import PrecheckLocale, ProviderState
from resolvers.vocabulary import PrecheckProblemCode as Code
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.faults.bench import PROVIDERS, Wiring
from tests.faults.faults import replied, silent
from tests.faults.line import Exchange
from tests.graph.documents import ref
from tests.graph.served import served
from tests.providers.bench import asked

LOOKUP = """query ($refs: [PrecheckRefInput!]!) {
  lookupPrechecks(refs: $refs, maxAgeSeconds: 0) { precheck { verdict } problem { code } } }"""
ROUNDS = 20

row = pytest.mark.row


@row("L4")
@pytest.mark.parametrize("dead", PROVIDERS)
async def test_a_dead_vendor_slows_no_other(wiring: Wiring, emulator: Emulator, dead: str) -> None:
    """The others answer round after round while every call to the dead one still hangs."""
    line = await wiring.line(wiring.bench.settings(dead).base_url, Hurried())
    asked_already = asyncio.Event()

    async def hang(exchange: Exchange) -> None:
        asked_already.set()
        await silent(exchange)

    line.always(hang)
    runs = {name: wiring.bench.new_run(name) for name in PROVIDERS}
    limits = LimitSettings(requests_per_second=1000.0, timeout_seconds=20.0)
    tables = [replace(wiring.bench.settings(name), limits=limits) for name in PROVIDERS]
    tables = [replace(each, base_url=line.url) if each.id == dead else each for each in tables]
    with served(tables) as server:
        hanging = [asyncio.create_task(server.data(LOOKUP, refs=[ref(dead, runs[dead])])) for _ in range(12)]
        await asked_already.wait()
        healthy = [ref(name, runs[name]) for name in PROVIDERS if name != dead]
        for _ in range(ROUNDS):
            emulator.advance(1)  # some vendors count the calls of a second
            entries = (await server.data(LOOKUP, refs=healthy))["lookupPrechecks"]
            assert [entry["problem"] for entry in entries] == [None] * len(healthy)
        assert not any(task.done() for task in hanging), "the dead vendor was not asked all that time"
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


@row("L5")
async def test_a_rate_limit_is_a_queue_with_an_end(wiring: Wiring) -> None:
    """In the order of asking; who could not be served within ten seconds hears so at once."""
    clock = Hurried()
    wired = await wiring("oms-ce", clock=clock, requests_per_second=10.0, timeout_seconds=5.0)
    runs = [wiring.bench.new_run("oms-ce") for _ in range(150)]
    started = time.monotonic()
    outcomes = await asyncio.gather(*(asked(wired.provider, run) for run in runs))
    in_time = [outcome for outcome in outcomes if isinstance(outcome, Precheck)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, PrecheckProblem)]
    assert {problem.code for problem in refused} == {Code.RATE_LIMITED}
    assert all(problem.retry_after_seconds for problem in refused)
    assert 85 <= len(in_time) <= 100, "ten seconds of nine calls each"
    assert outcomes[: len(in_time)] == in_time, "first come, first served"
    told = [request.partition(b"\r\n\r\n")[2] for request in wired.line.requests]
    assert told == [b'{"id":"%s"}' % run.encode() for run in runs[: len(in_time)]]
    assert time.monotonic() - started < clock.ahead_seconds, "nobody has really waited"


@row("H4")
async def test_who_stands_in_line_hears_at_once_that_the_vendor_is_down(wiring: Wiring) -> None:
    wired = await wiring("oms-ce", clock=Clock(), concurrency=2, requests_per_second=50.0, timeout_seconds=10.0)
    wired.line.always(replied(502))
    runs = [wiring.bench.new_run("oms-ce") for _ in range(60)]
    outcomes = await asyncio.gather(*(asked(wired.provider, run) for run in runs))
    problems = [outcome for outcome in outcomes if isinstance(outcome, PrecheckProblem)]
    assert {problem.code for problem in problems} == {Code.UNREACHABLE}
    assert len(problems) == 60
    assert len(wired.line.requests) <= 5 + 2, "those that opened the breaker, and what was under way"


@row("H1")
async def test_who_stands_in_line_hears_at_once_of_a_pause_that_is_too_long(wiring: Wiring) -> None:
    wired = await wiring("oms-ce", clock=Clock(), concurrency=2, requests_per_second=50.0, timeout_seconds=10.0)
    wired.line.always(replied(429, Retry_After="30"))
    runs = [wiring.bench.new_run("oms-ce") for _ in range(30)]
    outcomes = await asyncio.gather(*(asked(wired.provider, run) for run in runs))
    problems = [outcome for outcome in outcomes if isinstance(outcome, PrecheckProblem)]
    assert {problem.code for problem in problems} == {Code.RATE_LIMITED}
    assert all(problem.retry_after_seconds for problem in problems)
    assert len(problems) == 30
    assert len(wired.line.requests) <= 2, "nobody was sent after the vendor had asked for rest"


@row("P16")
async def test_one_bad_job_of_a_batch_does_not_take_the_others_with_it(wiring: Wiring, emulator: Emulator) -> None:
    wired = await wiring("drs", timeout_seconds=5.0)
    broken = {
        "count": 1,
        "results": [{"precheck_id": "", "error_code": "DRS.M00004", "error_msg": "out of order"}],
    }
    bad = emulator.create_run("drs", script=[{"body": broken}])
    for _ in range(10):
        outcomes = await wired.provider.fetch([wired.reference, bad], PrecheckLocale.EN)
        assert isinstance(outcomes[wired.reference], Precheck)
        problem = outcomes[bad]
        assert isinstance(problem, PrecheckProblem)
        assert problem.vendor_code == "DRS.M00004"
    assert wired.provider.health.shown().state is ProviderState.HEALTHY
