"""Gateways that others wrote join this subgraph with another team's: both ways, in batches, with errors."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from graph.provider_file import read_providers
from tests.docs.pages import FEDERATION, blocks
from tests.e2e.fleet import ASK, BACK, errors_by_path, ids_of, of_one_connection, row
from tests.e2e.gateway import KINDS, Gateway, gateway
from tests.emulator.process import Emulator
from tests.graph.conftest import DOCUMENTED, QUICK
from tests.graph.documents import DDS, MYSQL, calls, ref
from tests.graph.served import Served, served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

KNOWN, UNKNOWN = ("drs", MYSQL), ("drs", "00000000-0000-0000-0000-000000000000")
NINEDATA = ("ninedata", "cd-tg3isu1xgs/pcte-dj02vti9tabd")
FAULTS: dict[str, tuple[tuple[str, str], dict[str, Any], str]] = {
    "unknown": (UNKNOWN, {}, "NOT_FOUND"),
    "malformed": (("oms-ce", "no such form"), {}, "INVALID_REFERENCE"),
    "another provider": (("nobody", "1"), {}, "UNKNOWN_PROVIDER"),
    "vendor down": (("dts", "dts-1ewjspuw"), {"kind": "refuse"}, "UNREACHABLE"),
    "vendor broken": (
        ("oms-ee", "t_57p3m9qk2v1a"),
        {"kind": "status", "status": 500, "body": "secret words"},
        "UNREACHABLE",
    ),
    "wrong credentials": (NINEDATA, {"kind": "expired_token"}, "AUTHENTICATION"),
}
TWO = [row("known", *KNOWN), row("again", *KNOWN)]
LAST = row("other", "drs", DDS)


@pytest.fixture(scope="module")
def server(module_emulator: Emulator, provider_file: Path) -> Iterator[Served]:
    settings = [replace(each, limits=QUICK) for each in read_providers(provider_file) if each.id in DOCUMENTED]
    with served(settings) as server:
        yield server


@pytest.fixture(scope="module")
def fifty(module_emulator: Emulator) -> list[dict[str, str]]:
    return of_one_connection(module_emulator, "drs", 50, "fifty-")


@pytest.fixture(scope="module")
def failing() -> list[dict[str, str]]:
    return [row(name, *reference) for name, (reference, _, _) in FAULTS.items()]


@pytest.fixture(scope="module")
def hundreds() -> list[dict[str, str]]:
    return [row(f"many-{place}", "oms-ce", f"t_{place:012}") for place in range(150)]


@pytest.fixture(scope="module", params=KINDS)
async def through(
    request: pytest.FixtureRequest, server: Served, fifty: Any, failing: Any, hundreds: Any
) -> AsyncIterator[Gateway]:
    async with gateway(request.param, server.url, [*TWO, *fifty, *failing, *hundreds, LAST]) as through:
        yield through


@pytest.fixture(params=KINDS)
async def by_id(request: pytest.FixtureRequest, server: Served) -> AsyncIterator[Gateway]:
    async with gateway(request.param, server.url, [*TWO, LAST], joins_by_id=True) as through:
        yield through


async def test_a_query_is_answered(through: Gateway) -> None:
    data = await through.data('{ precheckProvider(id: "drs") { id name vendor } }')
    assert data == {"precheckProvider": {"id": "drs", "name": "Huawei DRS", "vendor": "huawei-drs"}}


async def test_the_query_of_the_page_is_answered(through: Gateway) -> None:
    [shown] = [block.text for block in blocks(FEDERATION, "graphql") if block.text.startswith("query ")]
    [migration] = (await through.data(shown, ids=["2"]))["migrations"]
    assert migration == {
        "name": "Users to Singapore",
        "precheck": {
            "verdict": "READY",
            "summary": "All 39 checks passed.",
            "provider": {"name": "Huawei DRS"},
            "migrations": [
                {"name": each} for each in ("Users to Singapore", "Migration known", "Migration again")
            ],
        },
    }


async def test_both_ways_are_joined_by_the_identifier_of_the_vendor(through: Gateway) -> None:
    await joins_both_ways(through)
    assert '"externalId":"' in through.line.asked.decode()


async def test_both_ways_are_joined_by_id(by_id: Gateway) -> None:
    await joins_both_ways(by_id)
    assert '"__typename":"Precheck","id":"pc1.' in by_id.line.asked.decode()


async def joins_both_ways(through: Gateway) -> None:
    there = (await through.data(ASK, ids=["known", "other"]))["migrations"]
    assert [each["precheck"]["externalId"] for each in there] == [MYSQL, DDS]
    assert {"id": "again"} in there[0]["precheck"]["migrations"]
    [back] = (await through.data(BACK, refs=[ref("drs", DDS)]))["lookupPrechecks"]
    assert {"id": "other", "name": "Migration other"} in back["precheck"]["migrations"]


async def test_fifty_entities_of_one_connection_are_five_vendor_calls(
    through: Gateway,
    emulator: Emulator,
    fifty: list[dict[str, str]],
    record_property: Callable[..., None],
) -> None:
    through.line.forget()
    found = (await through.data(ASK, ids=ids_of(fifty)))["migrations"]
    assert [each["precheck"]["externalId"] for each in found] == [each["externalId"] for each in fifty]
    assert {each["precheck"]["verdict"] for each in found} == {"READY"}
    assert calls(emulator) == {"drs/batch-precheck-result": 5}
    assert through.line.requests("_entities(") == 1
    record_property("figure", "5 vendor calls for 50 entities, in 1 request")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failed_entity_keeps_its_code_and_leaves_the_others_whole(
    through: Gateway, emulator: Emulator, fault: str
) -> None:
    (provider, _), order, code = FAULTS[fault]
    if order:
        emulator.fault(provider, **order)
    answer = await through.ask(ASK, ids=["known", fault, "other"])
    whole, failed, other = answer["data"]["migrations"]
    assert (whole["precheck"]["externalId"], other["precheck"]["externalId"]) == (MYSQL, DDS)
    assert (failed["name"], failed["precheck"]) == (f"Migration {fault}", None)
    assert errors_by_path(answer) == {("migrations", 1, "precheck"): code}
    tells_nothing_of_vendors(answer, emulator)


def tells_nothing_of_vendors(answer: Any, emulator: Emulator) -> None:
    said = json.dumps(answer)
    for provider in emulator.providers().values():
        assert not [word for word in (provider["url"], *provider["credentials"].values()) if word in said]
    assert not [word for word in ("127.0.0.1", "http", "secret words", "headers", "stacktrace") if word in said]


async def test_a_malformed_id_is_told_by_its_code(through: Gateway) -> None:
    answer = await through.ask('{ precheck(id: "nonsense") { verdict } }')
    assert answer["data"] == {"precheck": None}
    [error] = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["precheck"], "INVALID_REFERENCE")


async def test_more_entities_than_a_request_may_have_are_refused_by_a_code(
    through: Gateway, emulator: Emulator, hundreds: list[dict[str, str]]
) -> None:
    through.line.forget()
    answer = await through.ask(ASK, ids=ids_of(hundreds))
    assert [each["precheck"] for each in answer["data"]["migrations"]] == [None] * 150
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"LIMIT_EXCEEDED"}
    assert (through.line.requests("_entities("), calls(emulator)) == (1, {})


async def test_gateways_ask_in_json_by_post(through: Gateway) -> None:
    through.line.forget()
    await through.data("{ precheckProviders { id } }")
    request = through.line.asked.decode()
    assert request.startswith("POST /graphql HTTP/1.1\r\n")
    assert "content-type: application/json\r\n" in request


@pytest.mark.parametrize("through", ["Apollo"], indirect=True)
async def test_apollo_says_that_it_has_no_subscriptions(through: Gateway) -> None:
    [error] = (await through.ask("subscription { precheckUpdates(ids: []) { kind } }"))["errors"]
    assert error["message"] == "Execution of subscriptions not supported by gateway"
