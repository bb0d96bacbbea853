"""A valid document is parsed and validated once, and what is kept is bounded."""

from collections.abc import Iterator
from typing import Any

import pytest
import strawberry
from graphql import ASTValidationRule, GraphQLError
from strawberry.extensions import AddValidationRules, SchemaExtension

from graph.documents import Documents, KnownDocuments
from graph.operation import NamedOperation
from graph.recent import Recent


@strawberry.type
class Query:
    greeting: str = "hello"


class Refusing(ASTValidationRule):
    """Refuses every field."""

    def enter_field(self, node: Any, *_: Any) -> None:
        self.report_error(GraphQLError("refused", node))


class Seen(SchemaExtension):
    """The documents of all executions, as they were validated."""

    documents: list[Any]

    def on_validate(self) -> Iterator[None]:
        yield
        Seen.documents.append(self.execution_context.graphql_document)


@pytest.fixture
def documents() -> Documents:
    Seen.documents = []
    return Recent(most=3, largest=100, room=150)


def schema_of(documents: Documents, *extensions: Any) -> strawberry.Schema:
    return strawberry.Schema(
        Query, extensions=[Seen, NamedOperation, *extensions, lambda: KnownDocuments(documents)]
    )


async def messages(schema: strawberry.Schema, document: str) -> list[str]:
    result = await schema.execute(document, root_value=Query())
    assert result.errors or result.data == {"greeting": "hello"}
    return [error.message for error in result.errors or []]


async def test_a_valid_document_is_parsed_once(documents: Documents) -> None:
    schema = schema_of(documents)
    assert [await messages(schema, "{ greeting }") for _ in range(3)] == [[], [], []]
    assert Seen.documents[0] is Seen.documents[1] is Seen.documents[2]
    await messages(schema, "{ greeting } ")
    assert Seen.documents[3] is not Seen.documents[0]


async def test_an_invalid_document_is_refused_each_time_and_not_kept(documents: Documents) -> None:
    schema = schema_of(documents)
    first = await messages(schema, "{ greetings }")
    assert first == await messages(schema, "{ greetings }") == [first[0]] != [""]
    assert await messages(schema, "{ greeting") == await messages(schema, "{ greeting")
    assert len(documents) == 0


async def test_a_document_is_known_under_the_rules_it_passed(documents: Documents) -> None:
    assert await messages(schema_of(documents), "{ greeting }") == []
    stricter = schema_of(documents, lambda: AddValidationRules([Refusing]))
    assert await messages(stricter, "{ greeting }") == ["refused"]
    assert await messages(schema_of(documents), "{ greeting }") == []


async def test_a_known_document_of_several_operations_still_needs_a_name(documents: Documents) -> None:
    schema = schema_of(documents)
    document = "query A { greeting } query B { greeting }"
    [refusal] = await messages(schema, document)
    assert len(documents) == 0
    named = [await schema.execute(document, root_value=Query(), operation_name=name) for name in ("A", "B")]
    assert [each.errors for each in named] == [None, None]
    assert len(documents) == 1
    assert await messages(schema, document) == [refusal]


async def test_long_documents_are_not_kept(documents: Documents) -> None:
    assert await messages(schema_of(documents), "{ greeting }" + " " * 100) == []
    assert len(documents) == 0


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
