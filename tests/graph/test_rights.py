"""The rights that an operation needs: found wherever a field hides, before anything is resolved."""

import itertools

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from graph.documents import Document
from graph.guard.rights import RAW_FIELDS, needs_of, refusal
from graph.schema import schema
from resolvers.caller import Caller, Right

RAW = "`PrecheckItem.rawError`"
READS = [("A query", Right.READ)]
SPREAD = """query { prechecks { nodes { ...P } } }
fragment P on Precheck { ... on Precheck { blockers { ...I } } }
fragment I on PrecheckItem { why: rawError }"""


def needs(text: str, place: int = 0) -> list[tuple[str, Right]]:
    node = parse(text)
    assert validate(schema._schema, node) == []
    operations = [each for each in node.definitions if isinstance(each, OperationDefinitionNode)]
    return [tuple(need) for need in Document(schema._schema, node).needs(operations[place])]  # type: ignore[misc]


@pytest.mark.parametrize(
    "text",
    [
        "{ __typename }",
        '{ __schema { types { name fields { name } } } __type(name: "PrecheckItem") { fields { name } } }',
        "{ _service { sdl } }",
        "{ precheckProviders { id rawError: name } }",
        "{ prechecks { nodes { items { reason } } } }",
        "query { __typename } fragment Unused on PrecheckItem { rawError }".replace("query", "query A").replace(
            "fragment", "query B { _entities(representations: []) { ...Unused } } fragment"
        ),
    ],
)
def test_a_query_needs_to_read_and_no_more(text: str) -> None:
    assert needs(text) == READS


@pytest.mark.parametrize(
    "text",
    [
        "{ prechecks { nodes { items { rawError } } } }",
        "{ prechecks { nodes { items { id: rawError } } } }",
        "{ prechecks { nodes { items { rawError @skip(if: true) } } } }",
        SPREAD,
        "{ _entities(representations: []) { ... on PrecheckItem { rawError } } }",
        "{ _entities(representations: []) { ... { ... on Precheck { items { precheck { items { rawError }}}}}}}",
        "{ lookupPrechecks(refs: []) { precheck { items { ... @include(if: false) { a: rawError b: rawError }}}}}",
    ],
)
def test_raw_text_needs_a_right_wherever_it_is_selected(text: str) -> None:
    assert needs(text) == [*READS, (RAW, Right.RAW)]


def test_a_subscription_needs_to_read_and_what_its_events_show() -> None:
    watch = 'subscription { precheckUpdates(ids: ["x"]) { changes { item { %s } } } }'
    assert needs(watch % "key") == [("A subscription", Right.READ)]
    assert needs(watch % "rawError") == [("A subscription", Right.READ), (RAW, Right.RAW)]


def test_each_operation_of_a_document_needs_its_own() -> None:
    text = SPREAD.replace("query", "query A") + " query B { __typename }"
    assert needs(text, 0) == [*READS, (RAW, Right.RAW)]
    assert needs(text, 1) == READS
    assert needs(text, 0) == [*READS, (RAW, Right.RAW)]


def test_a_mutation_needs_to_act() -> None:
    changing = build_schema("type Query { a: Int } type Mutation { skip: Int }")
    node = parse("mutation { skip }")
    [operation] = node.definitions
    assert isinstance(operation, OperationDefinitionNode)
    needed = needs_of(changing, node, operation)
    assert [tuple(need) for need in needed] == [("A mutation", Right.ACT)]
    assert refusal(needed, Caller("alice", rights=frozenset({Right.ACT}))) is None
    refused = refusal(needed, Caller("alice", rights=frozenset({Right.READ, Right.RAW})))
    assert str(refused).startswith("A mutation needs the right `act`; the bearer token gives `read`, `raw`.")


def test_every_combination_of_rights_is_decided_by_what_is_needed() -> None:
    node = parse(SPREAD)
    operation = node.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    needed = needs_of(schema._schema, node, operation)
    for size in range(len(Right) + 1):
        for rights in map(frozenset, itertools.combinations(Right, size)):
            refused = refusal(needed, Caller("alice", rights=rights))
            assert (refused is None) is ({Right.READ, Right.RAW} <= rights), rights


def test_the_fields_that_need_a_right_exist_and_say_so() -> None:
    types = schema._schema.type_map
    described = {
        (name, field_name)
        for name, known in types.items()
        for field_name, field in getattr(known, "fields", {}).items()
        if "Needs the right `raw`." in (field.description or "")
    }
    assert described == RAW_FIELDS


def fanned_out(levels: int) -> str:
    """A document whose fragments each spread the next one twice; followed path by path they would never end."""
    fragments = [
        f"fragment F{level} on Precheck {{ a: items {{ precheck {{ ...F{level + 1} }} }} ...F{level + 1} }}"
        for level in range(levels)
    ]
    last = f"fragment F{levels} on Precheck {{ items {{ rawError }} }}"
    return "\n".join(["query { prechecks { nodes { ...F0 } } }", *fragments, last])


def test_it_takes_time_in_proportion_to_the_document() -> None:
    node = parse(fanned_out(1000))
    operation = node.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert needs_of(schema._schema, node, operation)[1:] == ((RAW, Right.RAW),)
