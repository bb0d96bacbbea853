"""Compiled execution and graphql-core's own give the same bytes and the same errors."""

from typing import Any

import msgspec
import pytest
from graphql import parse
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from benchmarks.equality import compare, told
from benchmarks.odd_schema import Behind, Colour, LeafValue, NodeValue, OtherValue, odd_schema
from benchmarks.odd_values import ODD_VALUES
from graph.execution.executor import CompiledExecutor

LEAF = LeafValue(
    name="leaf",
    count=1,
    share=0.5,
    is_set=True,
    colour=Colour.GREEN,
    at=None,
    note="a note",
    matrix=[[1], []],
    words=("a", None),
)
NODE = NodeValue(
    name="node",
    leaf=LEAF,
    maybe=None,
    leaves=(LEAF, LEAF),
    rows=[[LEAF, None]],
    things=[LEAF],
    named=LEAF,
    other=OtherValue(name="other"),
    secret=None,
)
LEAF_FIELDS = ("name", "count", "share", "isSet", "colour", "at", "note", "matrix", "words")
ATTRIBUTES = dict(zip(LEAF_FIELDS, LeafValue.__struct_fields__, strict=True))
CONDITIONS = [
    "{ leaves { a: name @skip(if: $any) count @include(if: $any) name } }",
    "{ nodes { name leaf @skip(if: $any) { name } leaves { name ...on Leaf @include(if: $any) { count } } } }",
    "{ nodes { ...Part leaf { ...Part @skip(if: $any) count } } } fragment Part on Named { name __typename }",
    "{ leaves { count ... @skip(if: $any) { b: name } a: name } }",
]


async def assert_equal(document: str, values: dict[str, Any], **variables: object) -> None:
    behind, parsed = Behind(values), parse(document)
    expected = await told(odd_schema, parsed, variables, behind, StrawberryGraphQLCoreExecutionContext)
    assert await told(odd_schema, parsed, variables, behind, CompiledExecutor) == expected


@pytest.mark.parametrize("seed", range(4))
async def test_documents_and_values_made_by_chance_are_answered_alike(seed: int) -> None:
    compared = await compare(96, seed)
    assert compared.mismatches == []
    assert min(compared.compiled, compared.fell_back, compared.with_errors, compared.in_fragments) > 5


@pytest.mark.parametrize("name", LEAF_FIELDS)
async def test_every_odd_value_of_every_leaf_is_shown_alike(name: str) -> None:
    for odd in ODD_VALUES:
        values = [LEAF, msgspec.structs.replace(LEAF, **{ATTRIBUTES[name]: odd}), LEAF]
        await assert_equal(f"{{ leaves {{ x: {name} }} }}", {"leaves": values})
        await assert_equal(f"{{ leaves {{ name {name} }} }}", {"leaves": tuple(values[:2])})


@pytest.mark.parametrize("number", range(len(ODD_VALUES)))
async def test_every_odd_value_in_the_place_of_an_object_or_a_list_is_shown_alike(number: int) -> None:
    odd = ODD_VALUES[number]
    await assert_equal("{ leaves { name } }", {"leaves": [LEAF, odd]})
    await assert_equal("{ leaves { name } }", {"leaves": odd})
    for name in ("leaf", "maybe", "leaves", "rows", "things", "named", "other"):
        below = "... on Leaf { name }" if name in ("things", "named") else "name"
        node = msgspec.structs.replace(NODE, **{name: odd})
        await assert_equal(f"{{ nodes {{ name {name} {{ __typename {below} }} loud }} }}", {"nodes": [NODE, node]})


async def test_a_function_of_its_parent_is_another_one_with_an_argument() -> None:
    await assert_equal(
        "{ nodes { first second: first(at: 1) none: first(at: null) reversed { name } } }", {"nodes": [NODE]}
    )


async def test_a_type_that_looks_at_values_is_asked_for_each() -> None:
    nodes = [NODE, msgspec.structs.replace(NODE, name="")]
    await assert_equal("{ nodes { name } }", {"nodes": nodes})


@pytest.mark.parametrize("document", CONDITIONS)
async def test_a_known_document_follows_its_conditions_each_time(document: str) -> None:
    parsed = parse(f"query ($any: Boolean!) {document}")
    behind = Behind({"leaves": [LEAF], "nodes": [NODE]})
    seen = []
    for any_ in (True, False, True):
        expected = await told(odd_schema, parsed, {"any": any_}, behind, StrawberryGraphQLCoreExecutionContext)
        seen.append(await told(odd_schema, parsed, {"any": any_}, behind, CompiledExecutor))
        assert seen[-1] == expected
    assert seen[0] == seen[2] != seen[1]
