"""Two schemas to compare executors on: the product's own types below other roots, and one of everything odd."""

import enum
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any, NewType

import msgspec
import strawberry
from strawberry import Parent
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig
from strawberry.types.info import Info

from graph.federation import EntitySchema
from graph.types.precheck import (
    Precheck,
    PrecheckConnection,
    PrecheckEvent,
    PrecheckItem,
    PrecheckLookup,
    Provider,
)
from graph.types.scalars import DATE_TIME
from graph.types.views import InstancesOf, shown_as, streamed_as
from resolvers import domain


@strawberry.enum
class Colour(enum.Enum):
    """One of its words has another name in the schema."""

    RED = "r"
    GREEN = strawberry.enum_value("g", name="VERT")
    BLUE = "b"


Note = NewType("Note", str)


def _noted(value: object) -> str | None:
    return str(value) or None


NOTE = strawberry.scalar(name="Note", serialize=_noted)


class LeafValue(msgspec.Struct, kw_only=True):
    """Behind Leaf."""

    name: str
    count: int
    share: float
    is_set: bool
    colour: Colour
    at: datetime | None
    note: str
    matrix: list[list[int]]
    words: tuple[str | None, ...]


# Behind Leaf as well; nobody can change one, but for the lists in it.
FixedLeafValue = msgspec.defstruct("FixedLeafValue", [], bases=(LeafValue,), frozen=True, kw_only=True)


class OtherValue(msgspec.Struct, kw_only=True):
    """Behind Other."""

    name: str


class NodeValue(msgspec.Struct, kw_only=True):
    """Behind Node."""

    name: str
    leaf: LeafValue
    maybe: LeafValue | None
    leaves: tuple[LeafValue, ...]
    rows: list[list[LeafValue | None]]
    things: list[LeafValue]
    named: LeafValue | None
    other: OtherValue | None
    secret: str | None


class Refused(BasePermission):
    """Lets nobody see odd lengths."""

    message = "not for you"

    def has_permission(self, source: Any, info: Any, **_: Any) -> bool:  # noqa: ARG002
        """By the name of the source."""
        return len(str(source.name)) % 2 == 0


@strawberry.interface
class Named:
    """Has a name."""

    name: str


@strawberry.type
class Leaf(Named):
    """Plain all over."""

    is_type_of = InstancesOf(LeafValue)
    count: int
    share: float | None
    is_set: bool
    colour: Colour
    at: datetime | None
    note: Note
    matrix: list[list[int]]
    words: list[str | None] | None


def _has_name(value: object, _: object) -> bool:
    return isinstance(value, NodeValue) and bool(value.name)


@strawberry.type
class Other:
    """Takes every value for one of its own."""

    name: str


Thing = Annotated[Leaf | Other, strawberry.union("Thing")]


@strawberry.type
class Node(Named):
    """Resolvers of every sort, beside plain fields; `is_type_of` looks at values."""

    is_type_of = staticmethod(_has_name)
    leaf: Leaf
    maybe: Leaf | None
    leaves: list[Leaf]
    rows: list[list[Leaf | None]] | None
    things: list[Thing] | None
    named: Named | None
    other: Other | None
    secret: str | None = strawberry.field(permission_classes=[Refused])

    @strawberry.field
    @staticmethod
    def first(parent: Parent[NodeValue], at: int | None = None) -> str:
        """A function of its parent, and perhaps of an argument."""
        return parent.name[at or 0]

    @shown_as(list[Leaf], "A function of its parent that makes a list.")
    @staticmethod
    def reversed(parent: Parent[NodeValue]) -> Any:
        """A function of its parent that makes a list."""
        return parent.leaves[::-1]

    @strawberry.field
    @staticmethod
    def loud(parent: Parent[NodeValue], info: Info) -> str:
        """Fails where the parent is odd."""
        return f"{parent.name.upper()} {info.path.key}"

    @strawberry.field
    @staticmethod
    async def later(parent: Parent[NodeValue]) -> str:
        """Fails after a while."""
        return parent.name.upper()

    @shown_as(Leaf | None, "An object after a while.")
    @staticmethod
    async def later_leaf(parent: Parent[NodeValue]) -> Any:
        """An object after a while."""
        return parent.leaf

    @shown_as(list[Leaf], "What can be walked through but once.")
    @staticmethod
    def once(parent: Parent[NodeValue]) -> Any:
        """What can be walked through but once."""
        return iter(parent.leaves)


def _given(info: Info, of: str) -> Any:
    return info.context.values[of]


@strawberry.type
class Query:
    """Roots that give what the context holds."""

    @shown_as(list[Node | None], "A list after a while.")
    async def nodes(self, info: Info) -> Any:
        """A list after a while."""
        return _given(info, "nodes")

    @shown_as(Node | None, "One of it.")
    def node(self, info: Info, number: int = 0) -> Any:
        """One of it."""
        return _given(info, "nodes")[number]

    @shown_as(list[Leaf] | None, "Plain values.")
    def leaves(self, info: Info) -> Any:
        """Plain values."""
        return _given(info, "leaves")


Entity = Annotated[Precheck | PrecheckItem | Provider, strawberry.union("Entity")]


@strawberry.type
class Own:
    """Roots above the product's types."""

    @shown_as(list[Precheck] | None, "Some.")
    async def prechecks(self, info: Info) -> Any:
        """Some."""
        return _given(info, "prechecks")

    @shown_as(list[PrecheckLookup], "Some.")
    def lookups(self, info: Info) -> Any:
        """Some."""
        return _given(info, "lookups")

    @shown_as(PrecheckConnection | None, "One.")
    def connection(self, info: Info) -> Any:
        """One."""
        return _given(info, "connection")

    @shown_as(
        list[Annotated[Precheck | PrecheckItem | Provider, strawberry.union("Entity")] | None], "Of three types."
    )
    def entities(self, info: Info) -> Any:
        """Of three types."""
        return _given(info, "entities")


@strawberry.type
class Events:
    """A stream above the product's types."""

    @streamed_as(PrecheckEvent, "All that the context holds.")
    async def events(self, info: Info) -> AsyncGenerator[Any, None]:
        """All that the context holds."""
        for event in _given(info, "events"):
            yield event


class Behind:
    """A context: what roots give, and what the product's resolvers ask for."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def provider(self, provider_id: str) -> Any:
        """As a resolver of the product finds it. Raises LookupError for some ids."""
        if provider_id in ("", "a"):
            raise LookupError(f"no provider {provider_id!r}")
        return self

    @property
    def card(self) -> Any:
        """The provider."""
        return self.values["provider"]

    def shown_with(self, item: domain.PrecheckItem) -> Any:
        """The precheck of an item."""
        prechecks = self.values["prechecks"]
        return prechecks[0] if prechecks and item.ordinal else None


_CONFIG = StrawberryConfig(scalar_map={datetime: DATE_TIME, Note: NOTE})
odd_schema = strawberry.Schema(Query, types=[Other, Leaf, Node], config=_CONFIG)
own_schema = EntitySchema(query=Own, subscription=Events, config=_CONFIG, federation_version="2.5")
