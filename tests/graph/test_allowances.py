"""What one client may ask for in a minute: charged by cost, filled by time, refused before any vendor is asked."""

import pytest
from msgspec.structs import replace

from graph.guard.allowances import READING, Allowances
from graph.settings import ConfigurationError, Settings, read_settings
from resolvers.errors import TooMuchAtOnce
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.issuer import HandClock, issuing
from tests.graph.documents import calls, ref
from tests.graph.served import Served, Socket, served

LOOK_UP = "query ($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs, maxAgeSeconds: 0) { ref { id } } }"
TWO = [ref("oms-ce", "t_7di1uvmxd340"), ref("oms-ce", "t_4pm0l5s80hxc")]
LOOK_UP_COST = 2 * (100 + 2)
STREAM = 'subscription { precheckUpdates(refs: [{providerId: "oms-ce", externalId: "t_7di1uvmxd340"}]) { kind } }'


def test_what_is_spent_comes_back_with_time() -> None:
    clock = HandClock()
    allowances = Allowances(600, clock)
    allowances.charge("alice", 600)
    with pytest.raises(TooMuchAtOnce, match="a cost of 600 in a minute") as refusal:
        allowances.charge("alice", 20)
    assert refusal.value.retry_after_seconds == 2
    clock.advance(2.5)
    allowances.charge("alice", 20)
    with pytest.raises(TooMuchAtOnce):
        allowances.charge("alice", 20)


def test_each_client_has_an_allowance_of_its_own_and_is_forgotten_when_it_is_whole_again() -> None:
    clock = HandClock()
    allowances = Allowances(600, clock)
    for client in ("alice", "bob"):
        allowances.charge(client, 600)
    assert len(allowances) == 2
    clock.advance(61)
    allowances.charge("carol", 1)
    assert len(allowances) == 1


async def test_too_much_is_refused_with_429_and_when_to_ask_again(
    providers: list[ProviderSettings], emulator: Emulator
) -> None:
    settings = Settings(max_cost=LOOK_UP_COST, max_cost_per_minute=LOOK_UP_COST + READING)
    with served(providers, settings, HandClock()) as server:
        await server.data(LOOK_UP, refs=TWO)
        before = calls(emulator)
        answer = await server.post({"query": LOOK_UP, "variables": {"refs": TWO}})
        assert answer.status_code == 429
        [error] = answer.json()["errors"]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert answer.headers["retry-after"] == f"{error['extensions']['retryAfterSeconds']:.0f}"
        assert calls(emulator) == before


async def test_a_refused_document_is_paid_for_as_well(providers: list[ProviderSettings]) -> None:
    settings = Settings(max_cost=2 * READING, max_cost_per_minute=2 * READING)
    with served(providers, settings, HandClock()) as server:
        for _ in range(2):
            assert "errors" in (await server.post({"query": "{ nothing }"})).json()
        assert (await server.post({"query": "{ nothing }"})).status_code == 429
        assert (await server.post({"query": "{ __typename }"})).status_code == 429


async def test_a_socket_is_told_and_lives_on(providers: list[ProviderSettings]) -> None:
    clock = HandClock()
    settings = Settings(max_cost=2_000, max_cost_per_minute=2_000)
    with served(providers, settings, clock) as server:
        async with Socket(server.url) as ws:
            for number in range(200):
                await ws.subscribe(f"{number}", "{ nothing }")
                assert (await ws.receive())["type"] == "error"
            await ws.subscribe("stream", STREAM)
            refusal = await ws.receive()
            assert refusal["payload"]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
            assert await ws.receive() == {"id": "stream", "type": "complete"}
            clock.advance(30)
            await ws.subscribe("stream", STREAM)
            while (message := await ws.receive())["type"] == "ping":
                pass
            assert message["type"] == "next"


async def test_a_client_is_whom_its_token_names(providers: list[ProviderSettings]) -> None:
    with issuing() as issuer:
        settings = replace(issuer.settings(), max_cost=READING, max_cost_per_minute=READING)
        with served(providers, settings, issuer.clock) as server:
            alice, bob = (server.with_token(issuer.token(sub=name)) for name in ("alice", "bob"))
            assert [await status(each) for each in (alice, alice, bob)] == [200, 429, 200]


async def status(server: Served) -> int:
    return (await server.post({"query": "{ __typename }"})).status_code


def test_an_allowance_that_no_operation_fits_in_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="less than PRECHECK_MAX_COST"):
        read_settings({"PRECHECK_MAX_COST_PER_MINUTE": "39999"})


@pytest.mark.parametrize(("proxies", "statuses"), [("", [200, 429]), ("127.0.0.0/8", [200, 200])])
async def test_only_a_trusted_proxy_is_believed_about_addresses(
    providers: list[ProviderSettings], proxies: str, statuses: list[int]
) -> None:
    cost = READING + 1
    settings = Settings(max_cost=cost, max_cost_per_minute=cost, trusted_proxies=proxies)
    with served(providers, settings, HandClock()) as server:
        told = [{"x-forwarded-for": f"192.0.2.{number}"} for number in range(2)]
        answers = [await server.post({"query": "{ __typename }"}, headers) for headers in told]
        assert [answer.status_code for answer in answers] == statuses
