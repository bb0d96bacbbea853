"""Clients that speak nonsense, mean too much or leave in the middle; `make attack` does more of the first two."""

import asyncio

import httpx2 as httpx
import pytest

from tests.attack.bombs import ALIASES, DIRECTIVES, FRAGMENTS, OVERLAP
from tests.attack.dialogue import held
from tests.attack.dialogues import CLOSED, REFUSED, SIBLING
from tests.emulator.process import Emulator
from tests.faults.watching import until
from tests.graph.documents import LOOKUP, calls, ref
from tests.graph.served import Served

RUN = "t_7di1uvmxd340"


@pytest.mark.row("K6")
async def test_a_malformed_dialogue_is_closed_or_gets_an_error_and_siblings_live_on(server: Served) -> None:
    for name in ("not JSON", "binary", "no such type", "subscribe first", "query a list", "the same id twice"):
        code, sent = CLOSED[name]
        assert (await held(server.url, sent)).closed == code, name
    for name in ("syntax", "no such field", "deep braces"):
        outcome = await held(server.url, [REFUSED[name]], sibling=SIBLING)
        assert (outcome.closed, outcome.told("1")) == (None, ["error"]), name


@pytest.mark.row("K8")
async def test_a_document_that_means_too_much_is_refused_before_any_vendor_is_called(
    server: Served, emulator: Emulator
) -> None:
    for name, bomb in {**FRAGMENTS, **OVERLAP, **DIRECTIVES, **ALIASES}.items():
        answer = await server.post({"query": bomb(8_000)})
        [error, *_] = answer.json()["errors"]
        assert error["extensions"]["code"] in ("LIMIT_EXCEEDED", "BAD_REQUEST"), name
    assert calls(emulator) == {}


@pytest.mark.row("K9")
async def test_what_a_client_asked_for_that_left_is_kept_for_the_next(server: Served, emulator: Emulator) -> None:
    emulator.fault("oms-ce", "delay", seconds=0.5)
    before = await server.tasks()
    asked = {"query": LOOKUP, "variables": {"refs": [ref("oms-ce", RUN)], "maxAgeSeconds": 0}}
    async with httpx.AsyncClient(base_url=server.url, timeout=0.2) as client:
        with pytest.raises(httpx.TimeoutException):
            await client.post("/graphql", json=asked)
    await until(lambda: calls(emulator) == {"oms-ce/GetPreCheckResult": 1})
    data = await server.data(LOOKUP, refs=[ref("oms-ce", RUN)], maxAgeSeconds=60)
    assert data["lookupPrechecks"][0]["precheck"]["verdict"] == "READY_WITH_WARNINGS"
    assert calls(emulator) == {"oms-ce/GetPreCheckResult": 1}
    async with asyncio.timeout(10):
        while await server.tasks() > before:  # noqa: ASYNC110  # in another thread
            await asyncio.sleep(0.02)
