"""Entities of another federated schema: whatever keys its types have."""

import enum
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import strawberry
from strawberry import ID
from strawberry.types.info import Info

from graph.federation import EntitySchema
from tests.graph.served import Served, served


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"


@strawberry.type
class Organization:
    id: ID


@strawberry.type
class Shelf:
    row: int
    place: int | None


@strawberry.federation.type(keys=["number", "organization { id } day", "colours", "shelf { row place }"])
class Ticket:
    number: int | None = None
    organization: Organization | None = None
    day: date | None = None
    colours: list[Colour] | None = None
    shelf: Shelf | None = None
    named_by: str = ""

    @classmethod
    async def resolve_reference(cls, info: Info, **key: Any) -> "Ticket | None":
        assert info.field_name == "_entities"
        return None if key.get("number") == 404 else Ticket(number=key.get("number"), named_by=repr(key))


@strawberry.type
class Line:
    price: int


@strawberry.federation.type(keys=["id"])
class Basket:
    id: ID
    lines: list[Line] = strawberry.federation.field(external=True)
    total: int = strawberry.federation.field(requires=["lines { price }"])

    @classmethod
    def resolve_reference(cls, id: ID, lines: list[dict[str, int]] | None = None) -> "Basket":
        return Basket(id=id, lines=[], total=sum(line["price"] for line in lines or ()))


@strawberry.federation.interface_object(keys=["id"])
class Media:
    id: ID
    views: int

    @classmethod
    def resolve_reference(cls, id: ID) -> "Media":
        return Media(id=id, views=len(id))


@strawberry.federation.interface(keys=["id"])
class Animal:
    id: ID

    @classmethod
    def resolve_reference(cls, id: ID) -> "Animal":
        return Cat(id=id)


@strawberry.federation.type(keys=["id"])
class Cat(Animal): ...


@strawberry.federation.type(keys=["id"])
class Stub:
    id: ID


@strawberry.type
class Query:
    ticket: Ticket | None = None


SCHEMA = EntitySchema(query=Query, types=[Basket, Media, Cat, Stub])
ENTITIES = """
query Entities($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Ticket { number namedBy }
    ... on Basket { total }
    ... on Media { views }
    ... on Animal { id }
    ... on Stub { stub: id }
  }
}"""


@pytest.fixture(scope="module")
def other() -> Iterator[Served]:
    with served([], schema=SCHEMA) as other:
        yield other


@pytest.mark.parametrize(
    "key",
    [
        {"number": 5},
        {"organization": {"id": "o1"}, "day": "2026-01-02"},
        {"organization": {"__typename": "Organization", "id": "o1"}, "day": None},
        {"organization": None, "day": "2026-01-02"},
        {"colours": ["RED", "RED"]},
        {"shelf": {"row": 1, "place": None}},
    ],
    ids=["number", "nested", "nested-typename", "null", "list-of-enum", "nested-null"],
)
async def test_a_key_of_any_shape_comes_as_it_was_sent(other: Served, key: dict[str, Any]) -> None:
    [entity] = (await other.data(ENTITIES, representations=[{"__typename": "Ticket", **key}]))["_entities"]
    assert entity == {"__typename": "Ticket", "number": key.get("number"), "namedBy": repr(key)}


@pytest.mark.parametrize(
    "key",
    [
        {"number": "5"},
        {"number": 5.5},
        {"number": True},
        {"number": {"number": 5}},
        {"organization": "o1", "day": "2026-01-02"},
        {"organization": {}, "day": "2026-01-02"},
        {"organization": {"id": 1}, "day": "2026-01-02"},
        {"organization": {"id": None}, "day": "2026-01-02"},
        {"organization": {"id": "o1"}, "day": "tomorrow"},
        {"shelf": {"row": 1}},
        {"colours": "RED"},
        {"colours": ["BLUE"]},
        {"colours": [None]},
    ],
    ids=str,
)
async def test_a_key_of_another_type_is_refused(other: Served, key: dict[str, Any]) -> None:
    whole = {"__typename": "Ticket", "number": 1}
    answer = await other.ask(ENTITIES, representations=[{"__typename": "Ticket", **key}, whole])
    assert [entity and entity["number"] for entity in answer["data"]["_entities"]] == [None, 1]
    [error] = answer["errors"]
    assert error["message"] == "A representation holds the fields of a key, each with a value of its type."
    assert (error["path"], error["extensions"]) == (["_entities", 0], {"code": "BAD_REQUEST"})


@pytest.mark.parametrize("key", [{}, {"lines": []}, {"id": None}], ids=str)
async def test_a_representation_without_what_its_type_asks_for_is_no_fault_of_the_server(
    other: Served, key: dict[str, Any]
) -> None:
    [error] = (await other.ask(ENTITIES, representations=[{"__typename": "Basket", **key}]))["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}


async def test_what_a_type_has_not_is_left_out(other: Served) -> None:
    representation = {"__typename": "Basket", "id": "1", "cls": 1, "self": 2, "info": 3}
    [basket] = (await other.data(ENTITIES, representations=[representation]))["_entities"]
    assert basket == {"__typename": "Basket", "total": 0}


async def test_required_fields_an_interface_object_an_interface_and_a_stub(other: Served) -> None:
    representations = [
        {"__typename": "Basket", "id": "1", "lines": [{"price": 2}, {"__typename": "Line", "price": 3}]},
        {"__typename": "Media", "id": "four"},
        {"__typename": "Animal", "id": "tom"},
        {"__typename": "Stub", "id": "s"},
        {"__typename": "Ticket", "number": 404},
    ]
    assert (await other.data(ENTITIES, representations=representations))["_entities"] == [
        {"__typename": "Basket", "total": 5},
        {"__typename": "Media", "views": 4},
        {"__typename": "Cat", "id": "tom"},
        {"__typename": "Stub", "stub": "s"},
        None,
    ]
