"""Other people's clients ask once: what their own API hands out is what the server said, its codes included."""

import json
from typing import Any

import pytest

from tests.e2e.clients.conftest import PROVIDER
from tests.e2e.clients.documents import ASK, IN_PARTS, UNKNOWN_FIELD
from tests.e2e.programs import CLIENTS, command, told
from tests.emulator.process import Emulator
from tests.faults.serving import Serving
from tests.graph.documents import precheck_id, ref

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

ALL = pytest.mark.parametrize("client", CLIENTS)


@pytest.fixture(scope="module")
def reference(emulator: Emulator) -> str:
    """A run that is over."""
    run = emulator.create_run(PROVIDER, scenario="blocked", seconds=8)
    emulator.advance(8)
    return run


async def asked(client: str, server: Serving, document: str, **variables: Any) -> Any:
    """What the client's own API hands out."""
    return await told(*command("ask", client), f"{server.url}/graphql", document, json.dumps(variables))


@ALL
async def test_a_query_with_variables_is_answered_whole(client: str, server: Serving, reference: str) -> None:
    refs = [ref(PROVIDER, reference), ref("nowhere", "1")]
    variables = {"refs": refs, "id": precheck_id(PROVIDER, reference)}
    answer = await asked(client, server, ASK, **variables)
    [found, missing] = (await server.data(ASK, **variables))["lookupPrechecks"]
    assert plain(answer["data"]["lookupPrechecks"]) == [found, missing]
    assert (found["precheck"]["verdict"], missing["problem"]["code"]) == ("BLOCKED", "UNKNOWN_PROVIDER")
    assert len(found["precheck"]["items"]) == found["precheck"]["counts"]["total"] > 0
    assert answer["data"]["precheck"]["externalId"] == reference
    assert answer["codes"] == []


@ALL
async def test_an_error_of_the_request_keeps_its_code(client: str, server: Serving) -> None:
    answer = await asked(client, server, UNKNOWN_FIELD)
    assert (answer.get("data"), answer["codes"]) == (None, ["BAD_REQUEST"])


@ALL
async def test_an_error_of_a_field_keeps_its_code_and_leaves_the_others_whole(
    client: str, server: Serving
) -> None:
    answer = await asked(client, server, IN_PARTS[client == "Relay"], id=precheck_id(PROVIDER, "t_nosuchrun"))
    providers = await server.data("{ precheckProviders { id } }")
    assert plain(answer["data"]["precheckProviders"]) == providers["precheckProviders"]
    assert answer["codes"] == ["NOT_FOUND"]


def plain(value: Any) -> Any:
    """Without the types that Apollo Client and urql ask for themselves."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name != "__typename"}
    return value
