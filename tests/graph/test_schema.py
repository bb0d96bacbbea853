"""The schema as a contract: printed, described, wide enough for what users send."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    validate,
)

from graph.http.explorer_operations import PreparedOperation, prepared_operations
from graph.schema import schema

ROOT = Path(__file__).parents[2]
OWN = {
    name: kind
    for name, kind in schema._schema.type_map.items()
    if not (is_introspection_type(kind) or is_specified_scalar_type(kind) or name.startswith(("_", "link__")))
}


def undescribed(kind: GraphQLNamedType) -> list[str]:
    found = [] if kind.description else [kind.name]
    if isinstance(kind, GraphQLEnumType):
        found += [f"{kind.name}.{name}" for name, value in kind.values.items() if not value.description]
    if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
        fields: dict[str, Any] = {name: each for name, each in kind.fields.items() if not name.startswith("_")}
        found += [f"{kind.name}.{name}" for name, each in fields.items() if not each.description]
        for name, each in fields.items():
            arguments = getattr(each, "args", {})
            found += [f"{kind.name}.{name}({arg})" for arg, given in arguments.items() if not given.description]
    return found


def test_the_checked_in_schema_is_the_printed_one() -> None:
    checked_in = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert checked_in == schema.as_str() + "\n", "run `make schema > schema.graphql`, and mind breaking changes"


@pytest.mark.parametrize("kind", OWN.values(), ids=OWN)
def test_every_element_is_described(kind: GraphQLNamedType) -> None:
    assert undescribed(kind) == []


def test_there_is_no_field_that_other_subgraphs_have_too() -> None:
    assert "node" not in schema._schema.query_type.fields  # type: ignore[union-attr]
    assert {"id", "name"} <= set(OWN["Provider"].fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize("operation", prepared_operations(), ids=lambda operation: operation.name)
def test_the_prepared_operations_are_valid(operation: PreparedOperation) -> None:
    assert validate(schema._schema, parse(operation.document)) == []


# What users would send, cut to what exists today.
OPERATIONS = [
    """subscription Bar($id: ID!) { precheckUpdates(ids: [$id]) { kind remaining
      precheck { id status verdict progress { percent source itemsDone itemsTotal } }
      changes { previousState item { title state } } } }""",
    """subscription WaitAll($ids: [ID!]!, $after: String) {
      precheckUpdates(ids: $ids, after: $after, until: ALL_COMPLETED) { kind cursor at gap remaining
      precheck { externalId provider { name } verdict counts { blocking } }
      problem { code message retryAfterSeconds } } }""",
    """subscription FailFast($ids: [ID!]!) { precheckUpdates(ids: $ids, until: FIRST_BLOCKER) { kind
      precheck { externalId verdict blockers { title reason remedy { text } } } } }""",
    """query ByVendorIds($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs, maxAgeSeconds: 0) {
      ref { id providerId externalId } precheck { verdict status progress { percent } }
      problem { code message retryAfterSeconds vendorRequestId } } }""",
    "query Entities($r: [_Any!]!) { _entities(representations: $r) { ... on Precheck { id verdict } } }",
    """query Providers { precheckProviders { id name vendor region capabilities locales
      health { state lastSuccessAt consecutiveFailures typicalLatencyMs retryAt problem { code message } }
      limits { requestsPerSecond batchSize pollSeconds } } }""",
]


@pytest.mark.parametrize("document", OPERATIONS)
def test_what_users_send_is_valid(document: str) -> None:
    assert validate(schema._schema, parse(document)) == []


async def test_the_schema_is_printed_once() -> None:
    one, other = [(await schema.execute("{ _service { sdl } }")).data for _ in range(2)]
    assert one is not None
    assert other is not None
    assert one["_service"]["sdl"] is other["_service"]["sdl"]
