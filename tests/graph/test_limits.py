"""What a document may be: just inside each limit it is answered, just outside it is refused with the numbers."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_introspection_query
from graphql.execution import Executor
from msgspec.structs import replace

from graph.admission import Policy
from graph.app import limits_of
from graph.documents import Documents, Refused
from graph.errors import presented
from graph.guard.limits import Limits, check_variables
from graph.http.explorer_operations import PreparedOperation, prepared_operations
from graph.schema import schema
from graph.settings import Settings
from resolvers.errors import LimitExceeded
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import LOOKUP, SEEDS, calls, ref
from tests.graph.served import Served, served

CORE = schema._schema
DEFAULT = limits_of(Settings())
FEWER = "Ask for less, or in several operations."


def refusals(text: str, limits: Limits = DEFAULT) -> list[tuple[str, str]]:
    """Message and code of each error; none for a document that is valid."""
    try:
        Documents(CORE, limits=limits).valid(text)
    except Refused as refused:
        shown = [presented(error) for error in refused.errors]
        return [(each.message, (each.extensions or {})["code"]) for each in shown]
    return []


TWO = 'fragment F on Query { a: precheck(id: "a") { id } b: precheck(id: "a") { id } }'
FILTER = '{{ prechecks(filter: {{providerIds: ["a", {}]}}) {{ totalCount }} }}'


@pytest.mark.parametrize(
    ("limit", "most", "inside", "outside", "says"),
    [
        ("max_document_characters", 13, "{ __typename}", "{ __typename }", "The document has 14 characters"),
        ("max_tokens", 3, "{ __typename }", '{ __typename @skip(if: true) } # "', "The document has 10 tokens"),
        ("max_tokens", 5, "\n{\n__typename\n\n}", "\n{\n__typename\r\n\n}\r\n\r", "The document has 6 lines"),
        ("max_comments", 2, "#\n# '{'\n{ __typename }", "#\n#\n{ __typename } #", "The document has 3 comments"),
        (
            "max_depth",
            3,
            "{ precheckProviders { health { state } } }",
            "{ precheckProviders { ... on Provider { health { problem { code } } } } }",
            "The operation nests fields 4 deep",
        ),
        (
            "max_depth",
            2,
            "query A { precheckProviders { ...F } } fragment F on Provider { id }",
            "query A { precheckProviders { ...F } } fragment F on Provider { health { state } }",
            "The operation `A` nests fields 3 deep",
        ),
        (
            "max_introspection_depth",
            3,
            "{ __schema { types { name } } }",
            "{ __schema { types { fields { name } } } }",
            "The operation nests fields of introspection 4 deep",
        ),
        (
            "max_aliases",
            4,
            f"{{ ...F ... on Query {{ ...F }} }} {TWO}",
            f"{{ ...F c: __typename ... on Query {{ ...F }} }} {TWO}",
            "The operation has 5 aliases, fragments expanded",
        ),
        (
            "max_root_fields",
            2,
            f"{{ ...F }} {TWO}",
            f"{{ ...F __typename }} {TWO}",
            "The operation has 3 fields at its root, fragments expanded",
        ),
        (
            "max_fields",
            4,
            f"{{ ...F }} {TWO}",
            f"{{ ...F ... {{ ...F }} }} {TWO}",
            "The operation has 8 fields, fragments expanded",
        ),
        (
            "max_directives",
            2,
            f"{{ ...F @skip(if: false) ... @include(if: true) {{ __typename }} }} {TWO}",
            f"{{ ...F @skip(if: false) ... @include(if: true) {{ __typename @skip(if: false) }} }} {TWO}",
            "The operation has 3 directives, fragments expanded",
        ),
        (
            "max_list_entries",
            2,
            FILTER.format('"b"'),
            FILTER.format('"b", "c"'),
            "A list in the document has 3 entries",
        ),
        (
            "max_list_entries",
            1,
            'query ($i: [ID!] = ["a"]) { prechecks(filter: {providerIds: $i}) { totalCount } }',
            'query ($i: [ID!] = ["a", "b"]) { prechecks(filter: {providerIds: $i}) { totalCount } }',
            "A list in the document has 2 entries",
        ),
    ],
)
def test_just_inside_a_limit_is_valid_and_just_outside_is_not(
    limit: str, most: int, inside: str, outside: str, says: str
) -> None:
    limits = replace(DEFAULT, **{limit: most})
    assert refusals(inside, limits) == []
    assert refusals(outside) == []
    [(message, code)] = refusals(outside, limits)
    assert code == "LIMIT_EXCEEDED"
    assert message.startswith(f"{says}; at most {most} are allowed. ")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (f"{{ {'... { ' * 100}__typename{' }' * 100} }}", "The operation nests selections and fragments 101 deep"),
        (
            f"{{ precheck(id: {{{' '.join(f'a{n}: 1' for n in range(101))}}}) {{ id }} }}",
            "An object in the document",
        ),
        (
            " ".join(f"query A{n} {{ __typename }}" for n in range(51)),
            "The document has 51 operations; at most 50",
        ),
        (
            "{ __typename } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(101)),
            "The document has 101 fragments; at most 100",
        ),
        (f"{{ {'...F ' * 201} }} {TWO}", "The operation has 402 aliases"),
        (
            f"{{ {'...F ' * 201} }} fragment F on Query {{ }}",
            "The document has 201 spreads of fragments",
        ),
        (f"{{ prechecks {{ {'nodes { id } ' * 80} }} }}", "The document has so many fields of one name"),
        (f"{{ precheck({'id: 1 ' * 101}) {{ id }} }}", "A field in the document has 101 arguments; at most 100"),
        (f"{{ {'{ a ' * 300}{'}' * 300} }}", "Syntax Error"),
        (f"{{ precheck(id: {'[' * 300}{']' * 300}) {{ id }} }}", "Syntax Error"),
    ],
)
def test_what_no_setting_allows_is_refused_in_a_few_words(document: str, says: str) -> None:
    [(message, _)] = refusals(document)
    assert message.startswith(says)
    assert len(message) < 200


def test_a_field_may_be_written_again_some_times() -> None:
    assert refusals(f"{{ prechecks {{ {'nodes { id } ' * 50} }} }}") == []


def test_a_number_without_end_is_told_as_many() -> None:
    doubling = " ".join(f"fragment F{n} on Provider {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
    document = f"{{ precheckProviders {{ ...F0 }} }} {doubling} fragment F30 on Provider {{ id }}"
    assert refusals(document) == [
        (
            f"The operation has more than 1000000 fields, fragments expanded; at most 1000 are allowed. {FEWER}",
            "LIMIT_EXCEEDED",
        )
    ]


@pytest.mark.parametrize(
    "document",
    [
        "query __schema { precheckProviders { ...__schema } } "
        "fragment __schema on Provider { health { problem { code } } }",
        "{ __type: precheckProviders { __schema: health { problem { code } } } }",
    ],
)
def test_nothing_is_measured_as_introspection_by_its_name(document: str) -> None:
    [(message, _)] = refusals(document, replace(DEFAULT, max_depth=3))
    assert "nests fields 4 deep; at most 3 are allowed" in message


@pytest.mark.parametrize("operation", prepared_operations(), ids=lambda each: each.name)
def test_what_the_explorer_prepares_is_within_the_limits(operation: PreparedOperation) -> None:
    assert refusals(operation.document) == []


def test_what_tools_ask_of_a_schema_is_within_the_limits() -> None:
    every = {"specified_by_url": True, "directive_is_repeatable": True, "schema_description": True}
    assert refusals(get_introspection_query(input_value_deprecation=True, **every)) == []


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"a": [1] * 1000, "b": {"c": [[]] * 1000}, "d": "text", "e": None}, None),
        ({"a": [1] * 1001}, "A list in `$a` has 1001 entries; at most 1000 are allowed."),
        ({"a{}": {"b": [0, {"c": [1] * 1001}]}}, "A list in `$a{}` has 1001 entries; at most 1000"),
        ({"a": [dict.fromkeys(map(str, range(101)))]}, "An object in `$a` has 101 entries; at most 100"),
    ],
)
def test_lists_and_objects_in_variables_are_bounded_however_deep(
    variables: dict[str, Any], says: str | None
) -> None:
    if says is None:
        check_variables(variables, DEFAULT)
    else:
        with pytest.raises(LimitExceeded) as refused:
            check_variables(variables, DEFAULT)
        assert str(refused.value).startswith(says)


async def test_a_refusal_repeats_no_more_than_a_little_of_what_was_sent(server: Served) -> None:
    answer = await server.ask(f'{{ prechecks(first: "{"x" * 20_000}") {{ totalCount }} }}')
    [error] = answer["errors"]
    assert len(error["message"]) == 1_000
    assert error["message"].endswith("…")


async def test_no_more_than_some_errors_are_told(server: Served) -> None:
    unknown = " ".join(f"a{number}" for number in range(20))
    assert len((await server.ask(f"{{ {unknown} }}"))["errors"]) == 11
    bad = "query ($r: [PrecheckRefInput!]!) { lookupPrechecks(refs: $r) { problem { code } } }"
    assert len((await server.ask(bad, r=[7] * 50))["errors"]) == 11


@pytest.fixture
def narrow(providers: list[ProviderSettings]) -> Iterator[Served]:
    with served(
        providers, Settings(max_aliases=1, max_list_entries=4, max_references=3, max_vendor_calls=2)
    ) as server:
        yield server


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ('{ a: precheck(id: "a") { id } b: precheck(id: "a") { id } }', "The operation has 2 aliases"),
        (LOOKUP, "`refs` has 6 entries; at most 3 may be asked for at once."),
        (
            LOOKUP.replace("refs: $refs", "refs: []").replace("$refs: [PrecheckRefInput!]!, ", ""),
            "A list in `$refs`",
        ),
    ],
)
async def test_what_is_refused_asks_no_vendor(
    narrow: Served, emulator: Emulator, document: str, says: str
) -> None:
    for _ in range(2):
        [error] = (await narrow.ask(document, refs=[ref(*seed) for seed in SEEDS]))["errors"]
        assert error["message"].startswith(says)
        assert error["extensions"] == {"code": "LIMIT_EXCEEDED"}
    assert calls(emulator) == {}


async def test_a_document_that_is_known_is_held_to_the_limits_of_its_variables(
    narrow: Served, emulator: Emulator
) -> None:
    three = [ref(*seed) for seed in SEEDS[:3]]
    assert len((await narrow.data(LOOKUP, refs=three[:2]))["lookupPrechecks"]) == 2
    before = calls(emulator)
    [error] = (await narrow.ask(LOOKUP, refs=three))["errors"]
    assert error["message"].startswith("This operation names 3 prechecks that vendors may be asked for; at most 2")
    assert calls(emulator) == before


async def test_two_servers_in_one_process_have_limits_of_their_own() -> None:
    document = "{ a: __typename b: __typename }"
    loose, strict = (schema.executed_by(Executor, Policy(replace(DEFAULT, max_aliases=most))) for most in (2, 1))
    assert (await loose.execute(document)).errors is None
    assert "at most 1 are allowed" in str((await strict.execute(document)).errors)
