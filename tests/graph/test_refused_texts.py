"""Documents that are refused for what they are: definitions of a schema, numbers without end."""

import pytest
from msgspec.structs import replace

from tests.graph.test_limits import DEFAULT, refusals


@pytest.mark.parametrize(
    "document",
    [
        " ".join(f"type A{number} {{ a: Int }}" for number in range(200)),
        "{ __typename } extend type Query { a: Int }",
        "directive @a on FIELD { __typename }",
        "schema { query: Query } " + "{ __schema { types { name } } } " * 3,
    ],
)
def test_a_document_with_definitions_of_a_schema_is_refused_as_that(document: str) -> None:
    said = "A document to be executed holds operations and fragments only. Leave out what defines a schema."
    assert refusals(document, replace(DEFAULT, max_tokens=10_000)) == [(said, "BAD_REQUEST")]


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "9." + "9" * 5000, "9e" + "9" * 5000])
@pytest.mark.parametrize(
    "document",
    [
        "{{ prechecks(first: {}) {{ totalCount }} }}",
        "query ($first: Int = {}) {{ prechecks(first: $first) {{ totalCount }} }}",
        "{{ ...F }} fragment F on Query {{ prechecks(first: {}) {{ totalCount }} }} fragment F on Query {{ a }}",
        "{{ prechecks(filter: {{ providerIds: [{}] }}) {{ totalCount }} }}",
    ],
)
def test_a_number_of_thousands_of_digits_is_refused_in_words_of_our_own(document: str, number: str) -> None:
    [(message, code)] = refusals(document.format(number))
    said = f"A number in the document has {len(number)} characters; at most 1000 are allowed. Write it shorter."
    assert (message, code) == (said, "LIMIT_EXCEEDED")


def test_a_text_of_digits_is_no_number() -> None:
    assert refusals(f'{{ precheckProvider(id: "{"9" * 5000}") {{ id }} }} # {"9" * 5000}') == []
