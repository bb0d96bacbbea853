"""What breaks for clients and for gateways between two schemas, case by case."""

import pytest

from graph.contract import UnreadableSchema, breaking_changes, contract

LINK = '@link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])'
HELD = f"""
schema {LINK} {{ query: Query, subscription: Subscription }}
type Query @shareable {{ thing(first: Int): Thing, things(with: Sought): Things }}
type Subscription {{ thing: Thing }}
type Thing implements Things @key(fields: "id of {{ kind number }}") {{
  id: ID!
  name: String @override(from: "names")
  of: Of @provides(fields: "number kind")
}}
type Of @shareable {{ kind: Kind, number: Int }}
type Part {{ size: Int @shareable }}
interface Things {{ name: String }}
union Some = Thing | Of
enum Kind {{ BIG, SMALL }}
input Sought {{ name: String, kind: Kind }}
"""
KEY = '@key(fields: "id of { kind number }")'
GONE = {
    "a member of a union": ("Some = Thing | Of", "Some = Thing", "Some = Of"),
    "an interface": ("Thing implements Things", "Thing", "Thing implements Things"),
    "subscriptions, though their type stays": (", subscription: Subscription", "", "schema.subscription"),
    "@provides": (' @provides(fields: "number kind")', "", 'Thing.of @provides(fields: "number kind")'),
    "@shareable of a field": ("Int @shareable", "Int", "Part.size @shareable"),
    "@shareable of a type's field": ("Of @shareable", "Of", "Of.kind @shareable"),
    "a key whose fields lie elsewhere": (KEY, '@key(fields: "id number of { kind }")', f"Thing {KEY}"),
}
CHANGED = {
    "another type of queries": (
        "{ query: Query, subscription: Subscription }",
        "{ query: Of, subscription: Subscription }",
        "schema.query",
    ),
    "an input of one field": ("input Sought", "input Sought @oneOf", "Sought @oneOf"),
    "a field of a shared type": ("number: Int }", "number: Int, total: Int }", "Of.total"),
    "a field that alone is not shared": ("size: Int @shareable", "size: Int @shareable, unit: Int", "Part.unit"),
    "a field of a shared type in an extension": (
        "type Part",
        "extend type Of { total(at: Int): Int @shareable }\ntype Part",
        "Of.total",
    ),
    "an override of another subgraph": (
        '@override(from: "names")',
        '@override(from: "titles")',
        'Thing.name @override(from: "titles")',
    ),
    "an interface object": (f"Things {KEY}", f"Things @interfaceObject {KEY}", "Thing @interfaceObject"),
    "a hidden value": ("SMALL", "SMALL @inaccessible", "Kind.SMALL @inaccessible"),
    "a hidden argument": ("first: Int", "first: Int @inaccessible", "Query.thing(first:) @inaccessible"),
    "a hidden input field": (
        "{ name: String, kind",
        "{ name: String @inaccessible, kind",
        "Sought.name @inaccessible",
    ),
    "a hidden type": ("union Some", "union Some @inaccessible", "Some @inaccessible"),
    **{
        f"@{directive}": ("id: ID!", f"id: ID! @{directive}", f"Thing.id @{directive}")
        for directive in ("authenticated", "external", 'override(from: "names")', "policy", "requiresScopes")
    },
    "@requires": ("id: ID!", 'id: ID! @requires(fields: "name")', 'Thing.id @requires(fields: "name")'),
}
SAME = {
    "a key in another order": (KEY, '@key(fields: "of { number kind } id")'),
    "a key with commas and in lines": (KEY, '@key(fields: """id,\n of{kind,number}""")'),
    "provided fields in another order": ('"number kind"', '"kind number"'),
    "directives with their prefix": (KEY, KEY.replace("@key", "@federation__key")),
    "a hidden field of a shared type": ("number: Int }", "number: Int, total: Int @inaccessible }"),
    "a field of a type with a key": ("id: ID!", "id: ID!, at: Int"),
    "a field of a type of operations": ("thing(first: Int): Thing,", "thing(first: Int): Thing, other: Thing,"),
    "an argument of a shared field": ("size: Int", "size(in: Kind): Int"),
    "a type of one field": ("union Some", "input New @oneOf { a: Int }\nunion Some"),
    "a value": ("SMALL", "SMALL, TINY"),
}
SUPERGRAPH = """
schema @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) { query: Query }
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
enum join__Graph { PRECHECKS @join__graph(name: "prechecks", url: "http://127.0.0.1:8000/graphql") }
type Query { a: Int }
"""
NO_SCHEMAS = {
    "an operation": ("{ a }", "it has operations or fragments, as documents of clients do"),
    "a fragment beside a schema": (
        HELD + "fragment F on Thing { id }",
        "it has operations or fragments, as documents of clients do",
    ),
    "links alone": (f"extend schema {LINK}", "it has no query type"),
    "each type twice": (HELD.partition("}")[2] * 2, "There can be only one type named 'Query'."),
    "two schemas": (HELD + "schema { query: Query }", "Must provide only one schema definition."),
    "a field twice": (HELD + "type Two { a: Int, a: Int }", "Field 'Two.a' can only be defined once."),
    "an argument twice": (
        HELD + "type Two { a(b: Int, b: Int): Int }",
        "Argument 'Two.a(b:)' can only be defined once.",
    ),
    "a directive twice": (
        HELD + "directive @two on FIELD directive @two on FIELD",
        "There can be only one directive named '@two'.",
    ),
    "two types of queries": (
        "schema { query: Query, query: Query } type Query { a: Int }",
        "There can be only one query type in schema.",
    ),
    "a value twice": (HELD + "enum Two { A, A }", "Enum value 'Two.A' can only be defined once."),
    "a supergraph": (SUPERGRAPH, "it is a supergraph, composed of several subgraphs; give ours alone"),
}


def broken(held: str, now: str) -> dict[str, bool]:
    """The name of each breaking change, and whether it says that something is gone."""
    return {change.name: change.removes for change in breaking_changes(contract(held), contract(now))}


def replaced(before: str, after: str) -> str:
    assert HELD.count(before) == 1
    return HELD.replace(before, after)


@pytest.mark.parametrize(("before", "after", "name"), GONE.values(), ids=GONE)
def test_what_is_gone_breaks(before: str, after: str, name: str) -> None:
    assert broken(HELD, replaced(before, after))[name] is True


@pytest.mark.parametrize(("before", "after", "name"), CHANGED.values(), ids=CHANGED)
def test_what_came_in_the_way_breaks(before: str, after: str, name: str) -> None:
    assert broken(HELD, replaced(before, after)) == {name: False}


@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=SAME)
def test_what_means_the_same_or_more_breaks_nothing(before: str, after: str) -> None:
    assert broken(HELD, replaced(before, after)) == {}


def test_a_field_of_a_shared_type_that_is_not_hidden_any_more_breaks() -> None:
    held = replaced("number: Int }", "number: Int, total: Int @inaccessible }")
    assert broken(held, replaced("number: Int }", "number: Int, total: Int }")) == {"Of.total": False}


def test_a_type_shares_its_fields_and_not_their_arguments() -> None:
    lost = broken(HELD, replaced("Query @shareable", "Query"))
    assert lost == {"Query.thing @shareable": True, "Query.things @shareable": True}


def test_a_key_in_many_lines_is_named_in_one() -> None:
    held = replaced(KEY, '@key(fields: """id\n  of { kind }""")')
    assert broken(held, HELD) == {'Thing @key(fields: "id of { kind }")': True}


def test_a_key_that_composers_would_refuse_is_compared_as_it_stands() -> None:
    assert broken(replaced(KEY, '@key(fields: "id {")'), HELD) == {'Thing @key(fields: "id {")': True}


def test_a_standard_scalar_that_nothing_uses_any_more_is_no_loss_of_its_own() -> None:
    assert broken("type Query { a: Int, b: Float }", "type Query { a: Int }") == {"Query.b": True}


def test_a_schema_that_links_nothing_is_one_that_no_gateway_composes() -> None:
    plain = "type Query { a: Int }"
    assert broken(plain, f"extend schema {LINK}\ntype Query {{ a: Int @authenticated }}") == {}


@pytest.mark.parametrize(("text", "why"), NO_SCHEMAS.values(), ids=NO_SCHEMAS)
def test_what_is_no_schema_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnreadableSchema) as refused:
        contract(text)
    assert str(refused.value) == why
