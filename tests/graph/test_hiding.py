"""Introspection and suggestions can be turned off, whatever anything is called."""

import pytest
from msgspec.structs import replace

from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.graph.documents import LOOKUP
from tests.graph.served import served
from tests.graph.test_limits import DEFAULT, refusals


@pytest.mark.parametrize(
    "document",
    [
        "{ __schema { types { name } } }",
        '{ a: __type(name: "Query") { name } }',
        "{ ... on Query { ...F } } fragment F on Query { a: __schema { types { name } } }",
        "{ _service { sdl } }",
    ],
)
def test_without_introspection_only_typenames_are_left(document: str) -> None:
    hidden = replace(DEFAULT, introspection=False)
    assert refusals(document) == []
    [(message, code)] = refusals(document, hidden)
    assert message.startswith(
        "Introspection is turned off here: `__schema`, `__type` and `_service` are not answered."
    )
    assert code == "BAD_REQUEST"
    named = "query __schema { __schema: precheckProviders { __type: __typename } ...__schema }"
    named += " fragment __schema on Query { __typename }"
    assert refusals(named, hidden) == []


TYPOS = [
    "{ precheckz { id } }",
    "{ precheckProviders }",
    '{ precheck(idd: "a") { id } }',
    "query ($a: PrecheckRefInputt) { __typename }",
    '{ lookupPrechecks(refs: [{idd: "a"}]) { problem { code } } }',
    "{ precheckProviders(supporting: [REPORTS_SIDES]) { id } }",
    "{ prechecks(orderBy: UPDATED_DES) { totalCount } }",
]


@pytest.mark.parametrize("document", TYPOS)
def test_suggestions_are_made_or_not_as_the_setting_says(document: str) -> None:
    quiet = replace(DEFAULT, suggestions=False)
    assert any("Did you mean" in message for message, _ in refusals(document))
    assert refusals(document, quiet)
    assert not any("Did you mean" in message for message, _ in refusals(document, quiet))


async def test_a_server_without_suggestions_makes_none_about_variables(providers: list[ProviderSettings]) -> None:
    by_order = "query ($o: PrecheckOrder) { prechecks(orderBy: $o) { totalCount } }"
    by_refs = LOOKUP.replace(", $maxAgeSeconds: Int", "").replace(", maxAgeSeconds: $maxAgeSeconds", "")
    for suggestions in (True, False):
        with served(providers, Settings(suggestions=suggestions)) as server:
            for document, variables in ((by_order, {"o": "UPDATED_DES"}), (by_refs, {"refs": [{"idd": "a"}]})):
                answer = await server.ask(document, **variables)
                messages = [error["message"] for error in answer["errors"]]
                assert messages
                assert any("Did you mean" in message for message in messages) is suggestions
