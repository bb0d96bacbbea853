"""Fields and arguments whose values are domain objects, shown as the GraphQL types that are their views."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeVar, cast

import strawberry
from graphql import GraphQLField, GraphQLInputObjectType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import get_object_definition
from strawberry.utils.str_converters import to_camel_case

_Resolver = TypeVar("_Resolver", bound=Callable[..., Any])
_Input = TypeVar("_Input", bound=type)
_BUILD = "__build__"
_AS_IT_IS = strawberry.scalar(name="AsItIs", serialize=lambda value: value, parse_value=lambda value: value)
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
    """Make what gives an async generator a described subscription field of this GraphQL type."""
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


def described(description: str, graphql_type: Any = None) -> Any:
    """A description for an argument, to stand in its `Annotated` type; the type it is shown as, if another."""
    return strawberry.argument(description=description, graphql_type=graphql_type)


def becomes(values: type) -> Callable[[_Input], _Input]:
    """Make an input type whose values are of this class, with attributes of the same names, lists as tuples."""

    def decorate(input_type: _Input) -> _Input:
        fields = get_object_definition(input_type, strict=True).fields
        names = {to_camel_case(field.python_name): field.python_name for field in fields}

        def build(given: Mapping[str, Any]) -> Any:
            return values(**{names[key]: _fixed(value) for key, value in given.items()})

        setattr(input_type, _BUILD, build)
        return input_type

    return decorate


def hand_over(converter: GraphQLCoreConverter) -> None:
    """Have graphql-core build the values of every input type that `becomes` another, once a schema is made.

    Strawberry takes them apart again to build its own; it does so for a list element by element, each with the
    types of its fields worked out anew. What it takes for a scalar it leaves as it is.
    """
    for known in list(converter.type_map.values()):
        origin = getattr(known.definition, "origin", None)
        build = getattr(origin, _BUILD, None)
        if build is not None and isinstance(known.implementation, GraphQLInputObjectType):
            cast("Any", known.implementation).out_type = build
            converter.scalar_registry[origin] = _AS_IT_IS


def _fixed(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


def typically(entries: int) -> dict[str, int]:
    """The metadata of a list of objects that no argument bounds: how many entries its cost is reckoned with."""
    return {_ENTRIES: entries}


def entries_of(field: GraphQLField) -> int | None:
    """How many entries a list typically has, where its field tells."""
    definition = field.extensions.get("strawberry-definition")
    entries = definition.metadata.get(_ENTRIES) if definition is not None else None
    return entries if isinstance(entries, int) else None
