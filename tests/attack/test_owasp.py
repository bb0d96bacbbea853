"""The fourteen lines of OWASP's GraphQL cheat sheet, each tried at a server as it would run in production."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import is_input_object_type
from msgspec.structs import replace
from structlog.testing import capture_logs

from graph.schema import schema
from resolvers.upstream.contract import ProviderSettings
from tests.attack.dialogue import handshake
from tests.emulator.process import Emulator
from tests.faults.issuer import Issuer, issuing
from tests.graph.documents import DASHBOARD, LOOKUP, calls, precheck_id, ref
from tests.graph.served import Served, served

pytestmark = pytest.mark.attack("OWASP GraphQL")

OMS = "t_7di1uvmxd340"
SEEN, HIDDEN = "oms-ce", "dts"
HIDDEN_ID = "dts-1ewjspuw"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def production(providers: list[ProviderSettings], issuer: Issuer) -> Iterator[Served]:
    """With everything that production turns on, and asked with a token that may see one provider."""
    settings = replace(
        issuer.settings(),
        introspection=False,
        suggestions=False,
        explorer=False,
        operation_seconds=0.5,
        max_cost_per_minute=1_000_000,
    )
    with served(providers, settings, issuer.clock) as server:
        yield server.with_token(issuer.token(sub="owasp", providers=[SEEN], rights=["read"], lasts=3_600))


async def refusal(server: Served, document: str, **variables: Any) -> tuple[str, str]:
    """Code and message of the one error that is all there is."""
    answer = (await server.post({"query": document, "variables": variables})).json()
    assert not answer.get("data"), answer
    [error] = answer["errors"]
    return error["extensions"]["code"], error["message"]


async def test_1_input_is_validated_before_it_goes_anywhere(production: Served, emulator: Emulator) -> None:
    for external_id in (
        "../../etc/passwd",
        "t_1' OR '1'='1",
        "t_1\r\nX-Injected: 1",
        "http://169.254.169.254/",
        "",
        "x" * 300,
    ):
        data = await production.data(LOOKUP, refs=[ref(SEEN, external_id)], maxAgeSeconds=0)
        assert data["lookupPrechecks"][0]["problem"]["code"] == "INVALID_REFERENCE"
    code, _ = await refusal(production, LOOKUP, refs=[{"providerId": {"$ne": None}, "externalId": OMS}])
    assert code == "BAD_REQUEST"
    assert calls(emulator) == {}


async def test_2_depth_is_limited(production: Served, emulator: Emulator) -> None:
    document = "{ prechecks { nodes { items { " + "precheck { items { " * 5 + "id" + " } }" * 5 + " } } } }"
    code, message = await refusal(production, document)
    assert (code, "10" in message) == ("LIMIT_EXCEEDED", True)
    assert calls(emulator) == {}


async def test_3_amounts_are_limited(production: Served, emulator: Emulator) -> None:
    code, message = await refusal(production, LOOKUP, refs=[ref(SEEN, f"t_{n}") for n in range(101)])
    assert (code, "100" in message) == ("LIMIT_EXCEEDED", True)
    code, message = await refusal(production, "{ " + " ".join(f"a{n}: __typename" for n in range(31)) + " }")
    assert code == "LIMIT_EXCEEDED"
    assert calls(emulator) == {}


async def test_4_lists_come_in_pages(production: Served) -> None:
    answer = await production.ask(DASHBOARD, first=101)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "0 to 100" in answer["errors"][0]["message"]
    await production.data(LOOKUP, refs=[ref(SEEN, OMS), ref(SEEN, "t_4pm0l5s80hxc")])
    assert len((await production.data(DASHBOARD, first=1))["prechecks"]["nodes"]) == 1


async def test_5_an_operation_has_an_end(production: Served, emulator: Emulator) -> None:
    emulator.fault(SEEN, "delay", seconds=3)
    code, message = await refusal(production, LOOKUP, refs=[ref(SEEN, OMS)], maxAgeSeconds=0)
    assert (code, "0.5" in message) == ("OPERATION_TIMEOUT", True)


async def test_6_cost_is_reckoned_before_anything_is_done(production: Served, emulator: Emulator) -> None:
    lookup = "lookupPrechecks(refs: $refs) { precheck { items { id details { title } } blockers { id } } }"
    document = "query ($refs: [PrecheckRefInput!]!) { " + " ".join(f"a{n}: {lookup}" for n in range(5)) + " }"
    code, message = await refusal(production, document, refs=[ref(SEEN, f"t_{n}") for n in range(100)])
    assert (code, "may" in message) == ("LIMIT_EXCEEDED", True)
    assert calls(emulator) == {}


async def test_7_a_client_has_an_allowance(providers: list[ProviderSettings], issuer: Issuer) -> None:
    settings = replace(issuer.settings(), max_cost=50, max_cost_per_minute=50)
    with served(providers, settings, issuer.clock) as server:
        asked = server.with_token(issuer.token(sub="greedy"))
        answers = [await asked.post({"query": "{ __typename }"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_8_batches_are_bounded(production: Served, emulator: Emulator) -> None:
    answer = await production.post([{"query": "{ __typename }"}] * 10)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (400, "Batching is not enabled")
    look_up = 'lookupPrechecks(refs: [{providerId: "oms-ce", externalId: "t_4pm0l5s80hxc"}], maxAgeSeconds: 0)'
    aliases = " ".join(f"a{n}: {look_up} {{ precheck {{ id }} }}" for n in range(20))
    assert len(await production.data("{ " + aliases + " }")) == 20
    assert calls(emulator) == {"oms-ce/GetPreCheckResult": 1}


async def test_9_nodes_are_authorised(production: Served, emulator: Emulator) -> None:
    for document in (
        f'{{ precheck(id: "{precheck_id(HIDDEN, HIDDEN_ID)}") {{ id }} }}',
        f'{{ _entities(representations: [{{__typename: "Provider", id: "{HIDDEN}"}}]) {{ __typename }} }}',
    ):
        answer = (await production.post({"query": document})).json()
        assert answer["errors"][0]["extensions"]["code"] == "UNKNOWN_PROVIDER", answer
    assert (await production.data(f'{{ precheckProvider(id: "{HIDDEN}") {{ id }} }}'))["precheckProvider"] is None
    unauthenticated = await Served(production.url).post({"query": "{ __typename }"})
    assert unauthenticated.status_code == 401
    assert calls(emulator) == {}


async def test_10_edges_are_authorised(production: Served) -> None:
    await production.data(LOOKUP, refs=[ref(SEEN, OMS)])
    lists = "prechecks { totalCount nodes { provider { id } } }"
    data = await production.data(f"{{ {lists} precheckProviders {{ id {lists} }} }}")
    assert {node["provider"]["id"] for node in data["prechecks"]["nodes"]} == {SEEN}
    assert [each["id"] for each in data["precheckProviders"]] == [SEEN]


async def test_11_rights_are_asked_for_by_field(production: Served, issuer: Issuer) -> None:
    selection = "{ precheck { items { x: rawError } } }"
    document = f"query ($refs: [PrecheckRefInput!]!) {{ lookupPrechecks(refs: $refs) {selection} }}"
    code, message = await refusal(production, document, refs=[ref(SEEN, OMS)])
    assert code == "NOT_PERMITTED"
    assert "PrecheckItem.rawError" in message
    allowed = production.with_token(issuer.token(providers=[SEEN], rights=["read", "raw"], lasts=3_600))
    assert await allowed.data(document, refs=[ref(SEEN, OMS)])


async def test_12_the_schema_and_the_explorer_are_not_shown(production: Served) -> None:
    for document in (
        "{ __schema { types { name } } }",
        '{ a: __type(name: "Query") { name } }',
        "{ _service { sdl } }",
    ):
        code, _ = await refusal(production, document)
        assert code == "BAD_REQUEST"
    answer = await production.get("/graphql", {"accept": "text/html"})
    assert "graphiql" not in answer.text.lower()


async def test_13_errors_say_no_more_than_a_client_needs(production: Served, emulator: Emulator) -> None:
    _, message = await refusal(production, "{ precheckz { id } }")
    assert "Did you mean" not in message
    _, message = await refusal(production, "{ prechecks(orderBy: UPDATED_DESCC) { totalCount } }")
    assert "UPDATED_DESC" not in message.replace("UPDATED_DESCC", "")
    emulator.fault(SEEN, "status", status=503)
    with capture_logs():
        answer = await production.post(
            {"query": LOOKUP, "variables": {"refs": [ref(SEEN, OMS)], "maxAgeSeconds": 0}}
        )
    assert all(word not in answer.text for word in ("Traceback", "127.0.0.1", ".py", "httpx"))


async def test_14_no_client_chooses_where_calls_go(production: Served, emulator: Emulator) -> None:
    types = schema._schema.type_map.values()
    fields = [(name, field) for each in types if hasattr(each, "fields") for name, field in each.fields.items()]
    named = {name.lower() for each in types if is_input_object_type(each) for name in each.fields}
    named |= {name.lower() for _, field in fields for name in getattr(field, "args", ())}
    assert named
    assert not [name for name in named if any(word in name for word in ("url", "host", "address", "proxy"))]
    data = await production.data(LOOKUP, refs=[ref("http://169.254.169.254", "latest")], maxAgeSeconds=0)
    assert data["lookupPrechecks"][0]["problem"]["code"] == "UNKNOWN_PROVIDER"
    assert await handshake(production.url, "Origin: https://evil.example\r\n") == 403
    assert calls(emulator) == {}
