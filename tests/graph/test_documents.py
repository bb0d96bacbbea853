"""A valid document is parsed and validated once, and what is kept is bounded."""

from typing import Any

import pytest
import strawberry

from graph.documents import Document, Documents, Refused
from graph.operation import OperationSchema
from graph.recent import Recent


@strawberry.type
class Query:
    greeting: str = "hello"


Kept = Recent[str, Document]
SCHEMA = OperationSchema(Query)


@pytest.fixture
def kept() -> Kept:
    return Recent(most=3, largest=100, room=150)


@pytest.fixture
def documents(kept: Kept) -> Documents:
    return Documents(SCHEMA._schema, kept)


def refusals(documents: Documents, text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        documents.valid(text)
    return [error.message for error in refused.value.errors]


def test_a_valid_document_is_parsed_once(documents: Documents) -> None:
    first = documents.valid("{ greeting }")
    assert documents.valid("{ greeting }") is first
    assert documents.valid("{ greeting } ") is not first


def test_an_invalid_document_is_refused_each_time_and_not_kept(documents: Documents, kept: Kept) -> None:
    assert refusals(documents, "{ greetings }") == refusals(documents, "{ greetings }") != []
    assert refusals(documents, "{ greeting") == refusals(documents, "{ greeting") != []
    assert len(kept) == 0


def test_long_documents_are_not_kept(documents: Documents, kept: Kept) -> None:
    documents.valid("{ greeting }" + " " * 100)
    assert len(kept) == 0


async def results(document: str, name: str | None) -> list[Any]:
    """What comes of it alone and as a stream."""
    alone = await SCHEMA.execute(document, root_value=Query(), operation_name=name)
    stream = await SCHEMA.stream(document, root_value=Query(), operation_name=name)
    return [alone, *[each async for each in stream]]


async def test_a_known_document_of_several_operations_still_needs_a_name() -> None:
    document = "query A { greeting } query B { again: greeting }"
    for _ in range(2):
        for refused in await results(document, None):
            [error] = refused.errors
            assert error.message.startswith("The document holds several operations (A, B)")
            assert error.extensions == {"code": "BAD_REQUEST"}
        assert [each.data for each in await results(document, "B")] == [{"again": "hello"}] * 2


async def test_a_stream_tells_what_was_no_operation() -> None:
    for query, name, says in (
        ("{ greeting }", "B", 'Unknown operation named "B".'),
        ("", None, "The request has no `query`."),
        ("fragment F on Query { greeting }", None, "Fragment"),
    ):
        [result] = [each async for each in await SCHEMA.stream(query, operation_name=name)]
        [error] = result.errors or []
        assert says in error.message
        assert error.extensions == {"code": "BAD_REQUEST"}


def test_a_schema_that_would_never_run_an_extension_takes_none() -> None:
    with pytest.raises(ValueError, match="no extensions"):
        OperationSchema(Query, extensions=[strawberry.extensions.SchemaExtension])


def test_the_least_recently_used_go_first() -> None:
    recent: Recent[str, int] = Recent(most=3, largest=100, room=150)
    for number, key in enumerate("abc"):
        recent.keep(key, number, 10)
    assert recent.get("a") == 0
    recent.keep("d", 3, 10)
    assert [recent.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_all_kept_documents_together_are_bounded() -> None:
    recent: Recent[int, int] = Recent(most=1000, largest=100, room=150)
    for number in range(20):
        recent.keep(number, number, 60)
        recent.keep(number, number, 60)
        assert len(recent) <= 2
    assert [recent.get(number) for number in (17, 18, 19)] == [None, 18, 19]
    recent.keep(20, 20, 101)
    assert recent.get(20) is None
