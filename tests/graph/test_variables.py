"""Lists in variables that are coerced apart: the same values and the same refusals as by graphql-core itself."""

from typing import Any

import pytest
from graphql import DocumentNode, OperationDefinitionNode, get_variable_values, parse

from graph.schema import schema
from graph.variables import in_turns
from resolvers.domain import PrecheckRef

LOOKUP = parse(
    "query ($refs: [PrecheckRefInput!]!, $age: Int = 3) { lookupPrechecks(refs: $refs) { problem { code } } }"
)
WATCH = parse("subscription ($refs: [PrecheckRefInput!]) { precheckUpdates(refs: $refs) { kind } }")
FILTERED = parse("query ($many: [PrecheckItemFilter!]) { __typename @skip(if: false) }")
CORE = schema._schema


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


async def apart(document: DocumentNode, variables: dict[str, Any]) -> tuple[Any, bool]:
    """What comes of it, and whether a list was coerced apart."""
    operation = operation_of(document)
    ready = await in_turns(CORE, operation, variables)
    values = get_variable_values(CORE, operation.variable_definitions or (), ready.given)
    if not isinstance(values, list):
        ready.complete(values)
    return values, bool(ready.coerced)


def told(values: Any) -> Any:
    """The values with what was asked, or the errors."""
    if isinstance(values, list):
        return [str(each) for each in values]
    return values.coerced, {name: source.value for name, source in values.sources.items()}


def by_core(document: DocumentNode, variables: dict[str, Any]) -> Any:
    return get_variable_values(CORE, operation_of(document).variable_definitions or (), variables)


def refs(number: int) -> list[Any]:
    return [{"providerId": "drs", "externalId": f"job{each}"} for each in range(number)]


@pytest.mark.parametrize("document", [LOOKUP, WATCH])
async def test_many_references_are_coerced_apart_to_the_same_values(document: DocumentNode) -> None:
    variables = {"refs": [*refs(2000), {"id": "pc1.x"}, {"id": None, "externalId": "e"}, {}]}
    values, is_apart = await apart(document, variables)
    assert is_apart
    assert told(values) == told(by_core(document, variables))
    assert values.coerced["refs"][7] == PrecheckRef(provider_id="drs", external_id="job7")


@pytest.mark.parametrize(
    "odd",
    [None, 5, "text", [], {"providerId": 5}, {"externalId": ["e"]}, {"unknown": "x"}, {"id": True}, {"id": 1.5}],
)
async def test_a_list_with_an_odd_entry_is_for_graphql_core(odd: object) -> None:
    variables = {"refs": [*refs(100), odd]}
    values, is_apart = await apart(LOOKUP, variables)
    assert not is_apart
    assert told(values) == told(by_core(LOOKUP, variables))


@pytest.mark.parametrize("given", [[], refs(3), refs(1)[0], None, "text", {"refs": []}])
async def test_short_lists_and_other_values_stay_as_they_are(given: object) -> None:
    variables = {"refs": given}
    values, is_apart = await apart(LOOKUP, variables)
    assert not is_apart
    assert told(values) == told(by_core(LOOKUP, variables))


async def test_other_inputs_than_texts_are_for_graphql_core() -> None:
    variables = {"many": [{"blocking": True, "states": ["FAILED"]}] * 20}
    values, is_apart = await apart(FILTERED, variables)
    assert not is_apart
    assert told(values) == told(by_core(FILTERED, variables))
