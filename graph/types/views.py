"""A field whose resolver returns a domain object, shown as the GraphQL type that is its view."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeVar, cast

import strawberry
from graphql import GraphQLField

_Resolver = TypeVar("_Resolver", bound=Callable[..., Any])
_ENTRIES = "entries"


def shown_as(
    graphql_type: Any, description: str, metadata: Mapping[str, int] | None = None
) -> Callable[[_Resolver], _Resolver]:
    """Make a function a described field of this GraphQL type, whatever domain type it is annotated with."""

    def decorate(resolver: _Resolver) -> _Resolver:
        field = strawberry.field(resolver, description=description, graphql_type=graphql_type, metadata=metadata)
        return cast("_Resolver", field)

    return decorate


def streamed_as(graphql_type: Any, description: str) -> Callable[[_Resolver], _Resolver]:
    """Make an async generator a described subscription field of this GraphQL type."""
    stream = AsyncGenerator[graphql_type, None]

    def decorate(resolver: _Resolver) -> _Resolver:
        return cast("_Resolver", strawberry.subscription(resolver, description=description, graphql_type=stream))

    return decorate


class InstancesOf:
    """The `is_type_of` of a type whose values are all the instances of one class, `values`."""

    def __init__(self, values: type) -> None:
        self.values = values

    def __call__(self, value: object, _: object) -> bool:
        """Whether it is one."""
        return isinstance(value, self.values)


def described(description: str) -> Any:
    """A description for an argument, to stand in its `Annotated` type."""
    return strawberry.argument(description=description)


def typically(entries: int) -> dict[str, int]:
    """The metadata of a list of objects that no argument bounds: how many entries its cost is reckoned with."""
    return {_ENTRIES: entries}


def entries_of(field: GraphQLField) -> int | None:
    """How many entries a list typically has, where its field tells."""
    definition = field.extensions.get("strawberry-definition")
    entries = definition.metadata.get(_ENTRIES) if definition is not None else None
    return entries if isinstance(entries, int) else None
