"""What an operation may take is estimated from its document and its variables, before anything is resolved."""

from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
    validate,
)

from graph.app import limits_of
from graph.guard.cost import ASKS_VENDORS, MOST, PAGES, PRICES, REFERENCES, Cost, cost_of
from graph.http.explorer_operations import PreparedOperation, prepared_operations
from graph.schema import schema
from graph.settings import Settings
from graph.types.views import entries_of
from resolvers.listing import DEFAULT_PAGE
from tests.docs.pages import OPERATIONS, README, examples
from tests.graph.served import Served
from tests.graph.test_schema import OWN

CORE = schema._schema
PAGE = PRICES["prechecks"]
LIMITS = limits_of(Settings())
HUNDRED = [{"providerId": "drs", "externalId": f"job-{number}"} for number in range(100)]
WITH_ITEMS = "lookupPrechecks(refs: $refs) { precheck { externalId items { code title state } } }"
REFS = "query ($refs: [PrecheckRefInput!]!)"
PREPARED = prepared_operations()
SENT = [example.curl for page in (README, OPERATIONS) for example in examples(page)]


def cost(document: str, name: str | None = None) -> Cost:
    parsed = parse(document)
    assert validate(CORE, parsed) == []
    operations = [each for each in parsed.definitions if isinstance(each, OperationDefinitionNode)]
    [operation] = [each for each in operations if name in (None, each.name and each.name.value)]
    return cost_of(CORE, parsed, operation)


def estimate(document: str, **variables: Any) -> int:
    return cost(document).estimate(variables)


def a_hundred_each(variables: dict[str, Any]) -> dict[str, Any]:
    """The same variables with a hundred entries in each list."""
    lists = {name: HUNDRED for name, value in variables.items() if isinstance(value, list)}
    return {**variables, **lists}


@pytest.mark.parametrize("operation", PREPARED, ids=lambda each: each.name)
def test_the_explorers_operations_pass_with_a_hundred_references(operation: PreparedOperation) -> None:
    assert cost(operation.document).refusal(a_hundred_each(operation.variables), LIMITS) is None


@pytest.mark.parametrize("body", [curl.body for curl in SENT if curl.to == "server"])
def test_the_operations_of_the_documentation_pass_with_a_hundred_references(body: dict[str, Any]) -> None:
    assert cost(body["query"]).refusal(a_hundred_each(body.get("variables") or {}), LIMITS) is None


def test_tools_may_ask_for_the_whole_schema() -> None:
    assert cost(get_introspection_query(input_value_deprecation=True)).refusal({}, LIMITS) is None
    circle = "fields { type { " * 4 + "name" + " } }" * 4
    assert unvalidated(f"{{ __schema {{ types {{ {circle} }} }} }}").estimate({}) > LIMITS.max_cost


def test_a_hundred_references_with_all_items_pass_and_not_with_the_items_of_each_item() -> None:
    assert estimate(f"{REFS} {{ {WITH_ITEMS} }}", refs=HUNDRED) == 14_200
    again = WITH_ITEMS.replace("items { code", "items { precheck { items { code } } code")
    refusal = cost(f"{REFS} {{ {again} }}").refusal({"refs": HUNDRED}, LIMITS)
    assert refusal is not None
    assert refusal.extensions == {"code": "LIMIT_EXCEEDED"}
    assert str(refusal).startswith("Answering this operation may cost 178200; at most 40000 is allowed.")
    assert "ask for fewer references, smaller pages" in str(refusal)


TWICE = f"a: {WITH_ITEMS} ...F"
COUNTED = f"{REFS} {{ {TWICE} }} fragment F on Query {{ {WITH_ITEMS} }}"


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ('{ precheck(id: "a") { id } ... on Query { b: precheck(id: "a") { id } } }', {}, 2),
        (f"{REFS} {{ {WITH_ITEMS} }}", {"refs": HUNDRED}, 100),
        (COUNTED, {"refs": HUNDRED}, 200),
        (COUNTED.replace("...F", "...F @skip(if: true)"), {"refs": HUNDRED}, 100),
        ("query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", {"r": HUNDRED[:7]}, 7),
        ('subscription { precheckUpdates(ids: ["a", "b"], refs: {id: "c"}) { kind } }', {}, 3),
        ("{ prechecks { nodes { items { precheck { id } } } } precheckProviders { id } }", {}, 0),
    ],
)
def test_references_are_counted_that_vendors_may_be_asked_for(
    document: str, variables: dict[str, Any], expected: int
) -> None:
    assert cost(document).calls(variables) == expected


def test_more_references_than_one_operation_may_have_vendors_asked_for_are_refused() -> None:
    assert cost(COUNTED).refusal({"refs": HUNDRED}, LIMITS) is None
    document = COUNTED.replace("a: lookup", 'one: precheck(id: "a") { id } a: lookup')
    assert str(cost(document).refusal({"refs": HUNDRED}, LIMITS)) == (
        "This operation names 201 prechecks that vendors may be asked for; at most 200 are allowed, each counted "
        "as often as it is named. Ask in several operations."
    )


@pytest.mark.parametrize("argument", ["refs", "ids"])
def test_a_list_of_references_that_is_too_long_is_what_is_told_first(argument: str) -> None:
    document = f"subscription ($l: [PrecheckRefInput!]) {{ precheckUpdates({argument}: $l) {{ kind }} }}"
    known = unvalidated(document)
    assert known.refusal({"l": HUNDRED}, LIMITS) is None
    too_long = known.refusal({"l": HUNDRED * 10}, LIMITS)
    assert str(too_long) == f"`{argument}` has 1000 entries; at most 100 may be asked for at once."


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ __typename }", {}, 0),
        ("{ _service { sdl } }", {}, 101),
        ('{ precheck(id: "a") { id } }', {}, 101),
        ('{ a: precheck(id: "a") { id } b: precheck(id: "a") { id progress { percent } } }', {}, 203),
        ('{ precheckProvider(id: "a") { health { problem { code } } } }', {}, 3),
        ('{ lookupPrechecks(refs: [{id: "a"}, {id: "b"}]) { problem { code } } }', {}, 204),
        ('{ lookupPrechecks(refs: {id: "a"}) { problem { code } } }', {}, 102),
        ("{ lookupPrechecks(refs: []) { problem { code } } }", {}, 0),
        (f"{REFS} {{ {WITH_ITEMS} }}", {"refs": HUNDRED[:3]}, 3 * 142),
        (f"{REFS} {{ {WITH_ITEMS} }}", {"refs": {"id": "a"}}, 142),
        (f"{REFS} {{ {WITH_ITEMS} }}", {}, 0),
        ('query ($r: [PrecheckRefInput!]! = [{id: "a"}]) { lookupPrechecks(refs: $r) { ref { id } } }', {}, 102),
        ("query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", {"r": HUNDRED}, 10_100),
        ("{ prechecks { nodes { id } } }", {}, PAGE + 51),
        ("{ prechecks { totalCount pageInfo { endCursor } } }", {}, PAGE + 2),
        ("{ prechecks(first: 7) { edges { node { blockers { code } } } } }", {}, PAGE + 1 + 7 * 7),
        (
            "{ prechecks(first: 7) { nodes { provider { prechecks { nodes { id } } } } } }",
            {},
            PAGE + 1 + 7 * (PAGE + 53),
        ),
        ("query ($n: Int) { prechecks(first: $n) { nodes { id } } }", {}, PAGE + 51),
        ("query ($n: Int) { prechecks(first: $n) { nodes { id } } }", {"n": None}, PAGE + 51),
        ("query ($n: Int = 9) { prechecks(first: $n) { nodes { id } } }", {}, PAGE + 10),
        ("query ($n: Int) { prechecks(first: $n) { nodes { id } } }", {"n": 100}, PAGE + 101),
        ("query ($n: Int) { prechecks(first: $n) { nodes { id } } }", {"n": 10**9}, PAGE + 101),
        ("query ($n: Int) { prechecks(first: $n) { nodes { id } } }", {"n": -5}, PAGE + 1),
        ("query ($n: Int) { prechecks(first: $n) { nodes { id } } }", {"n": "no number"}, PAGE + 101),
        (
            "query ($n: Int) { prechecks(first: $n) { ...F } } fragment F on PrecheckConnection { nodes { id } }",
            {},
            PAGE + 51,
        ),
        ('subscription { precheckUpdates(ids: ["a"]) { kind changes { item { code } } } }', {}, 101 + 5 * 2),
        (
            "subscription ($i: [ID!], $r: [PrecheckRefInput!]) { precheckUpdates(ids: $i, refs: $r) { kind } }",
            {"i": ["a", "b"], "r": HUNDRED},
            102 * 101,
        ),
    ],
)
def test_lists_are_as_long_as_what_bounds_them(document: str, variables: dict[str, Any], expected: int) -> None:
    assert estimate(document, **variables) == expected


def test_what_is_left_out_costs_nothing() -> None:
    asked = "lookupPrechecks(refs: $refs) { precheck { id items @include(if: $all) { code } } }"
    document = f"query ($refs: [PrecheckRefInput!]!, $all: Boolean = true) {{ {asked} }}"
    assert estimate(document, refs=HUNDRED) == estimate(document, refs=HUNDRED, all=True) == 14_200
    assert estimate(document, refs=HUNDRED, all=False) == 10_200
    skipping = document.replace("@include", "@skip")
    assert estimate(skipping, refs=HUNDRED, all=False) == 14_200
    assert estimate(f"{REFS} {{ {asked} }}".replace("$all", "false"), refs=HUNDRED) == 10_200


def test_the_operation_that_is_meant_is_the_one_that_counts() -> None:
    document = 'query A { precheck(id: "a") { ...F } } query B { _service { sdl } } fragment F on Precheck { id }'
    assert [cost(document, name).estimate({}) for name in "AB"] == [101, 101]


def twice(depth: int) -> str:
    """Fragments that each spread the next twice."""
    fragments = (
        f"fragment F{level} on Precheck {{ items {{ precheck {{ ...F{level + 1} ...F{level + 1} }} }} }}"
        for level in range(depth)
    )
    last = f"fragment F{depth} on Precheck {{ provider {{ prechecks(first: $n) {{ nodes {{ id }} }} }} }}"
    return " ".join(["query ($n: Int) { prechecks(first: $n) { nodes { ...F0 } } }", *fragments, last])


def unvalidated(document: str) -> Cost:
    parsed = parse(document)
    operation = parsed.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return cost_of(CORE, parsed, operation)


def test_fragments_that_spread_each_other_are_counted_once_each() -> None:
    small, large = (len(unvalidated(twice(depth)).steps) for depth in (100, 200))
    assert large <= 2 * small < 1000
    assert unvalidated(twice(200)).estimate({"n": 1}) == MOST
    inner = 40 * (2 + 2 * (1 + PAGE + 1 + 5))
    assert unvalidated(twice(2)).estimate({"n": 5}) == PAGE + 1 + 5 * (1 + 40 * (2 + 2 * inner))


def test_a_long_row_of_fragments_is_no_deep_recursion() -> None:
    row = " ".join(f"fragment F{number} on Precheck {{ ...F{number + 1} }}" for number in range(3000))
    document = f'{{ precheck(id: "a") {{ ...F0 }} }} {row} fragment F3000 on Precheck {{ progress {{ percent }} }}'
    assert unvalidated(document).estimate({}) == 102


def test_every_list_of_objects_is_bounded_or_says_how_long_it_is() -> None:
    told = {
        f"{kind.name}.{name}": entries_of(field) is not None or bool({*PAGES, *REFERENCES} & field.args.keys())
        for kind in OWN.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if is_list_of_objects(field)
    }
    assert [name for name, is_told in told.items() if not is_told] == [
        "PrecheckConnection.edges",
        "PrecheckConnection.nodes",
    ], "these are as long as the `first` of the field above"
    assert told["Precheck.items"]


def is_list_of_objects(field: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(field.type)) and not is_leaf_type(get_named_type(field.type))


def test_every_root_field_that_takes_references_counts_vendor_calls() -> None:
    roots = [kind for kind in (CORE.query_type, CORE.subscription_type, CORE.mutation_type) if kind]
    fields = {name: field for kind in roots for name, field in kind.fields.items()}
    taking = {name for name, field in fields.items() if set(REFERENCES) & field.args.keys()}
    assert taking | {"precheck"} == ASKS_VENDORS
    assert fields.keys() >= ASKS_VENDORS


def test_a_page_that_is_not_sized_is_as_large_as_the_schema_says() -> None:
    kinds = [kind for kind in OWN.values() if isinstance(kind, GraphQLObjectType)]
    arguments = [
        (name, each) for kind in kinds for field in kind.fields.values() for name, each in field.args.items()
    ]
    assert {each.default_value for name, each in arguments if name in PAGES} == {DEFAULT_PAGE}


def test_a_list_of_which_nothing_is_told_is_reckoned_with_ten_entries() -> None:
    plain = build_schema("type Query { some: [Thing] thing: Thing } type Thing { id: ID things: [Thing!]! }")
    document = parse("{ some { id } thing { things { id } } }")
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert cost_of(plain, document, operation).estimate({}) == 10 + 1 + 10


QUERIES = [each for each in PREPARED if "subscription" not in each.document]


@pytest.mark.parametrize("operation", QUERIES, ids=lambda each: each.name)
async def test_no_answer_is_larger_than_estimated(server: Served, operation: PreparedOperation) -> None:
    data = await server.data(operation.document, **operation.variables)
    assert 1 < objects(data) - 1 <= cost(operation.document).estimate(operation.variables)


def objects(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(objects, value.values()))
    return sum(map(objects, value)) if isinstance(value, list) else 0
