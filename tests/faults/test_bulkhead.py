"""The rows L4 and L5 of the fault matrix: a dead vendor beside four others, more calls than a vendor allows."""

import asyncio
import time

import pytest
from msgspec.structs import replace

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.upstream.contract import LimitSettings
from resolvers.vocabulary import PrecheckProblemCode as Code
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.faults.bench import PROVIDERS, Wiring
from tests.faults.faults import silent
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
