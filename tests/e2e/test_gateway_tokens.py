"""What a bearer token may see is the same through a gateway that passes it on, for queries and for streams."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from graph.provider_file import read_providers
from tests.e2e.fleet import ASK, FOLLOW, errors_by_path, ids_of, of_one_connection, row
from tests.e2e.gateway import HIVES, KINDS, Gateway, gateway
from tests.emulator.process import Emulator
from tests.graph.conftest import DOCUMENTED, QUICK
from tests.graph.documents import MYSQL, calls, ref
from tests.graph.served import Served, served
from tests.graph.tokens import settings_for, table, token_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

OMS = "t_7di1uvmxd340"
TEAM = token_of("team")
CLIENTS = ("graphql-ws", "graphql-sse")
PROVIDERS = "{ precheckProviders { id } }"
TWO = [row("drs", "drs", MYSQL), row("oms", "oms-ce", OMS)]


@pytest.fixture(scope="module")
def server(
    module_emulator: Emulator, provider_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    providers = [replace(each, limits=QUICK) for each in read_providers(provider_file) if each.id in DOCUMENTED]
    tokens = (table("all"), table("team", ["oms-ce"], ["read"]))
    settings = settings_for(tmp_path_factory.mktemp("tokens"), *tokens)
    with served(providers, replace(settings, max_references=150)) as server:
        yield server


@pytest.fixture(scope="module")
def hundreds(module_emulator: Emulator) -> list[dict[str, str]]:
    return of_one_connection(module_emulator, "drs", 150, "many-")


@pytest.fixture(scope="module", params=KINDS)
async def through(
    request: pytest.FixtureRequest, server: Served, hundreds: list[dict[str, str]]
) -> AsyncIterator[Gateway]:
    async with gateway(request.param, server.url, [*TWO, *hundreds]) as through:
        yield through


@pytest.mark.parametrize("token", [None, "nonsense"], ids=["without", "with a wrong one"])
async def test_a_request_is_told_that_it_needs_a_token(through: Gateway, token: str | None) -> None:
    answer = await through.ask(PROVIDERS, token)
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert "bearer token" in error["message"]
    assert "127.0.0.1" not in str(answer)


async def test_a_query_sees_what_its_token_may(through: Gateway) -> None:
    assert await through.ask(PROVIDERS, TEAM) == {"data": {"precheckProviders": [{"id": "oms-ce"}]}}
    assert len((await through.ask(PROVIDERS, token_of("all")))["data"]["precheckProviders"]) == len(DOCUMENTED)


async def test_an_entity_that_a_token_may_not_see_does_not_exist(through: Gateway) -> None:
    answer = await through.ask(ASK, TEAM, ids=["drs", "oms"])
    hidden, shown = answer["data"]["migrations"]
    assert (hidden["precheck"], shown["precheck"]["externalId"]) == (None, OMS)
    assert errors_by_path(answer) == {("migrations", 0, "precheck"): "UNKNOWN_PROVIDER"}


async def test_a_right_that_a_token_does_not_have_is_told(through: Gateway) -> None:
    raw = "query ($ids: [ID!]) { migrations(ids: $ids) { precheck { items { rawError } } } }"
    answer = await through.ask(raw, TEAM, ids=["oms"])
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"NOT_PERMITTED"}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("through", HIVES, indirect=True)
async def test_a_stream_sees_what_its_token_may(through: Gateway, client: str) -> None:
    refs = [ref("drs", MYSQL), ref("oms-ce", OMS)]
    async with through.watched(client, FOLLOW, TEAM, refs=refs) as watcher:
        events = [await watcher.event() for _ in range(3)]
        assert await watcher.line() == {"complete": True}
    assert {event["problem"]["code"] for event in events if event["problem"]} == {"UNKNOWN_PROVIDER"}
    assert {event["precheck"]["externalId"] for event in events if event["precheck"]} == {OMS}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("through", ["Hive-SSE"], indirect=True)
async def test_a_stream_is_told_that_it_needs_a_token(through: Gateway, client: str) -> None:
    async with through.watched(client, FOLLOW, refs=[ref("oms-ce", OMS)]) as watcher:
        [error] = (await watcher.line())["next"]["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_hundred_and_fifty_entities_are_answered_where_the_setting_lets_them(
    through: Gateway, emulator: Emulator, hundreds: list[dict[str, str]]
) -> None:
    answer = await through.ask(ASK, token_of("all"), ids=ids_of(hundreds))
    found = [each["precheck"]["externalId"] for each in answer["data"]["migrations"]]
    assert found == [each["externalId"] for each in hundreds]
    assert calls(emulator)["drs/batch-precheck-result"] <= 15
